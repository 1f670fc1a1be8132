"""Filters of lists, derived from the fields that declare them. What a parameter means is its field class's business.

Text and choices match exactly (or a part, where the field says so), instants and days take `<name>_after` and
`<name>_before`, both bounds inclusive, relations take one id or several with commas, lists match when they overlap.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from unified_api.api.params import Params
from unified_api.models.base import CommonModel, common_model, wire_fields
from unified_api.models.fields import Day, Flag, Instant, Ref, Refs, Text, Texts, WireField
from unified_api.models.shapes import Shapes


@dataclass(frozen=True)
class Condition:
    """A piece of SQL that holds for the wanted rows, and its values."""

    sql: str
    values: tuple[Any, ...] = ()


def conditions(model: type[CommonModel], params: Params) -> list[Condition]:
    """What the parameters ask of a model's records; raises DRF's ValidationError for a malformed one."""
    found = [*_everywhere(params)]
    for mean, name, parameter, field in _declared(model):
        found += mean(name, parameter, params, field)
    return found


@functools.cache
def _declared(model: type[CommonModel]) -> tuple[tuple[_Filter, str, str, WireField], ...]:
    """What each parameter that a model declares means, for which column, by its name, as declared by which field."""
    own = tuple(
        (_BY_CLASS[_kind(field)], name, parameter, field)
        for name, field in wire_fields(model).items()
        for parameter in field.filters
    )
    through = tuple(
        (_through, name, parameter, field)
        for name, field in wire_fields(model).items()
        if isinstance(field, Refs)
        for parameter in field.through
    )
    return own + through


def _everywhere(params: Params) -> Iterator[Condition]:
    """What every list can be filtered by."""
    yield from _range("created_at", "created", params)
    yield from _range("modified_at", "modified", params)
    if (remote_id := params.text("remote_id")) is not None:
        yield Condition("remote_id = %s", (remote_id,))
    if remote_ids := params.csv("remote_ids"):
        yield Condition("remote_id = ANY(%s)", (remote_ids,))
    if not params.flag("include_deleted_data"):
        yield Condition("NOT remote_was_deleted")
    if not params.flag("include_shell_data"):
        yield Condition("NOT is_shell")


def _range(
    column: str, parameter: str, params: Params, _field: WireField | None = None
) -> Iterator[Condition]:
    for suffix, comparison in (("after", ">="), ("before", "<=")):
        if (bound := params.instant(f"{parameter}_{suffix}")) is not None:
            yield Condition(f"{_quoted(column)} {comparison} %s", (bound,))


def _days(column: str, parameter: str, params: Params, _field: WireField) -> Iterator[Condition]:
    for condition in _range(column, parameter, params):
        (bound,) = condition.values
        yield Condition(condition.sql, (_day_of(bound, up=">=" in condition.sql),))


def _day_of(bound: dt.datetime, *, up: bool) -> dt.date:
    """A day is midnight UTC on the wire: the first one that is not before the bound, or the last not after it."""
    late = up and bound.time() != dt.time()
    return bound.date() + dt.timedelta(days=1) if late and bound.date() < dt.date.max else bound.date()


def _text(column: str, parameter: str, params: Params, field: WireField) -> Iterator[Condition]:
    if isinstance(field, Text) and field.any_of:
        if values := params.csv(parameter):
            yield Condition(f"{_quoted(column)} = ANY(%s::text[])", (values,))
    elif (value := params.text(parameter)) is not None:
        part = isinstance(field, Text) and field.contains
        yield Condition(f"strpos({_quoted(column)}, %s) > 0" if part else f"{_quoted(column)} = %s", (value,))


def _ref(column: str, parameter: str, params: Params, _field: WireField) -> Iterator[Condition]:
    if ids := params.ids(parameter):
        yield Condition(f"{_quoted(column)} = ANY(%s::uuid[])", (ids,))


def _refs(column: str, parameter: str, params: Params, _field: WireField) -> Iterator[Condition]:
    if ids := params.ids(parameter):
        yield Condition(f"{_quoted(column)} && %s::uuid[]", (ids,))


def _through(column: str, parameter: str, params: Params, field: WireField) -> Iterator[Condition]:
    """Some record that the list names has this text."""
    if (value := params.text(parameter)) is not None:
        table = _quoted(common_model(field.to)._meta.db_table)  # type: ignore[attr-defined] # a relation
        named = f"t.tenant_id = r.tenant_id AND t.id = ANY(r.{_quoted(column)}) AND NOT t.remote_was_deleted"
        yield Condition(
            f"EXISTS (SELECT FROM {table} t WHERE {named} AND t.{_quoted(parameter)} = %s)",
            (value,),
        )


def _shapes(column: str, parameter: str, params: Params, field: WireField) -> Iterator[Condition]:
    """Some object of the list has this text under the key that the field declares."""
    if (value := params.text(parameter)) is not None:
        key = field.key  # type: ignore[attr-defined] # of shapes
        yield Condition(f"{_quoted(column)} @> %s::jsonb", (orjson.dumps([{key: value}]).decode(),))


def _texts(column: str, parameter: str, params: Params, _field: WireField) -> Iterator[Condition]:
    if words := params.csv(parameter):
        yield Condition(f"{_quoted(column)} && %s::text[]", (words,))


def _flag(column: str, parameter: str, params: Params, _field: WireField) -> Iterator[Condition]:
    if (wanted := params.maybe(parameter)) is not None:
        yield Condition(f"{_quoted(column)} = %s", (wanted,))


_Filter = Callable[[str, str, Params, WireField], Iterable[Condition]]
_BY_CLASS: dict[type[WireField], _Filter] = {
    Text: _text,
    Instant: _range,
    Day: _days,
    Flag: _flag,
    Ref: _ref,
    Refs: _refs,
    Texts: _texts,
    Shapes: _shapes,
}


def _kind(field: WireField) -> type[WireField]:
    """The class whose filter a field has; raises TypeError for a class that has none."""
    for kind in _BY_CLASS:
        if isinstance(field, kind):
            return kind
    raise TypeError(f"{field} declares filter=, but a {type(field).__name__} has no meaning as a filter")


def _quoted(column: str) -> str:
    return connection.ops.quote_name(column)
