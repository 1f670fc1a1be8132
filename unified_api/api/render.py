"""From columns to the wire: what is selected, and how a row becomes a record. No serializer is in between.

Postgres spells ids and times as text (`tenants.postgres.ask`), which is several times faster than making Python
objects of them first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from tenants.postgres.ask import spelled_days, spelled_ids, spelled_instants
from unified_api.models.base import CommonModel, nested, wire_fields
from unified_api.models.fields import Day, Instant, Refs, Shape, WireField
from unified_api.models.shapes import Keyed

Record = dict[str, Any]
#: From a column as it was selected to what is shown of it.
Fix = Callable[[Iterable[Any]], list[Any]]
_STAMPS = ("created_at", "modified_at")
NO_MAPPINGS: dict[str, Any] = {"organization_defined_targets": {}, "linked_account_defined_targets": {}}


@dataclass(frozen=True)
class Form:
    """How the records of one model are selected and shown.

    Rows are in the order of `names`, of which the last stand for `tail`: what is the same in every record. `fixes`
    says at which places a column has to change. Custom fields, should a record have any, are shown by target; which of
    them are the account's own `targets` knows. Nested objects are completed from their record.
    """

    select: str
    names: tuple[str, ...]
    fixes: tuple[tuple[int, Fix], ...]
    tail: tuple[Any, ...]
    nested: tuple[Keyed, ...] = ()

    @functools.cached_property
    def _blank(self) -> Record:
        """A record before its row: to fill copies of it is faster than to make dictionaries, as these need not grow."""
        nothing = (None,) * (len(self.names) - len(self.tail))
        return dict(zip(self.names, (*nothing, *self.tail), strict=True))

    def show(self, rows: Sequence[tuple[Any, ...]]) -> list[Record]:
        """Selected rows as the wire has them. Column by column: that is faster than row by row."""
        if not rows:
            return []
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for place, fix in self.fixes:
            columns[place] = fix(columns[place])
        records = [self._blank.copy() for _ in rows]
        for record, values in zip(records, zip(*columns, strict=True), strict=True):
            record.update(zip(self.names, values, strict=False))
        for field in self.nested:
            for record in records:
                if (told := record[field.name]) is not None:
                    record[field.name] = field.show_all(told, record)
        return records


@functools.cache
def form(model: type[CommonModel]) -> Form:
    """The form of a model's records, in the wire contract's order of keys."""
    fields = wire_fields(model)
    columns = {
        **{name: name for name in ("id", "remote_id", *_STAMPS)},
        **{name: _column(name, field) for name, field in fields.items()},
        "remote_was_deleted": "remote_was_deleted",
        "field_mappings": "field_mappings",
    }
    stamped = dict.fromkeys(_STAMPS, spelled_instants)
    fixes = {**stamped, **{n: _fix(field) for n, field in fields.items()}, "field_mappings": _mappings}
    tail: Record = {"remote_data": None}
    if model.wire.remote_fields:
        tail["remote_fields"] = None
    return Form(
        select=", ".join(columns.values()),
        names=(*columns, *tail),
        fixes=tuple((list(columns).index(name), fix) for name, fix in fixes.items() if fix),
        tail=tuple(tail.values()),
        nested=tuple(nested(model).values()),
    )


def as_sent(model: type[CommonModel], known: Record) -> Record:
    """A record that shows what somebody wants it to be, while it is not known whether it is."""
    shown = form(model)
    nothing = (None,) * (len(shown.names) - len(shown.tail))
    days = {name: told for name, told in known.items() if isinstance(wire_fields(model).get(name), Day)}
    spelled = {name: told and f"{told[:10]}T00:00:00Z" for name, told in days.items()}
    [empty] = shown.show([nothing])
    return {**empty, "remote_was_deleted": False, **known, **spelled}


def _column(name: str, field: WireField) -> str:
    if field.sensitive:
        return "NULL"
    return connection.ops.quote_name(name)


def _fix(field: WireField) -> Fix | None:
    if isinstance(field, Keyed):
        return _loaded
    if isinstance(field, Shape):
        return _as_they_are
    if isinstance(field, Refs):
        return spelled_ids
    if isinstance(field, Instant):
        return spelled_instants
    return spelled_days if isinstance(field, Day) else None


def _loaded(column: Iterable[Any]) -> list[Any]:
    return [text and orjson.loads(text) for text in column]


def _mappings(column: Iterable[Any]) -> list[Any]:
    return [(text and orjson.loads(text)) or NO_MAPPINGS for text in column]


def _as_they_are(column: Iterable[Any]) -> list[Any]:
    """JSON columns arrive as text, and leave as they are."""
    return [orjson.Fragment(value) if isinstance(value, str) else value for value in column]
