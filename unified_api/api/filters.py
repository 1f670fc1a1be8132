"""Filters of lists, derived from the fields that declare them. What a parameter means is its field class's business.

Text and choices match exactly (or a part, where the field says so), instants and days take `<name>_after` and
`<name>_before`, both bounds inclusive, relations take one id or several with commas, lists match when they overlap.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.db import connection
from django.http import QueryDict

from tenants.models import LinkedAccount
from unified_api.api import parameters
from unified_api.api.openapi.schema import TEXT, Schema, open_word
from unified_api.api.parameters import Parameter
from unified_api.api.params import Params
from unified_api.models.base import CommonModel, common_model, model_id, wire_fields
from unified_api.models.fields import Choice, Day, Flag, Instant, Ref, Refs, Text, Texts, WireField
from unified_api.models.shapes import Shapes


@dataclass(frozen=True)
class Condition:
    """A piece of SQL that holds for the wanted rows, and its values."""

    sql: str
    values: tuple[Any, ...] = ()


#: What holds for no row.
NOTHING: Final = Condition("FALSE")


@dataclass(frozen=True)
class Filter:
    """A parameter, and what its value asks of a row; None where it asks nothing. field: that it looks at.

    through: the model and the field that it looks at behind the relation `field`.
    """

    parameter: Parameter[Any]
    condition: Callable[[Any], Condition | None]
    field: str = ""
    through: tuple[str, str] | None = None

    def of(self, params: Params) -> Condition | None:
        """What a request asks for; raises DRF's ValidationError for a malformed value."""
        return self._of(params) if self.parameter.name in params else self._unasked

    @functools.cached_property
    def _unasked(self) -> Condition | None:
        """What a request asks for that does not name the parameter: most requests name few of many."""
        return self._of(Params(QueryDict()))

    def _of(self, params: Params) -> Condition | None:
        value = self.parameter.of(params)
        return None if value is None or value == [] else self.condition(value)


def conditions(
    model: type[CommonModel], params: Params, account: LinkedAccount | None = None
) -> list[Condition]:
    """What the parameters ask of a model's records; raises DRF's ValidationError for a malformed one.

    account: whose records they are. By what may not be read there, be it of a record that these name, nothing is found:
    nobody learns by asking what may not be shown.
    """
    asked = [(one, found) for one in declared(model) if (found := one.of(params)) is not None]
    return [NOTHING if account and _is_concealed(one, model, account) else found for one, found in asked]


def _is_concealed(one: Filter, model: type[CommonModel], account: LinkedAccount) -> bool:
    """Whether a filter looks at something that may not be read at an account."""
    behind = one.through is not None and not shows(account, *one.through)
    return behind or one.field in account.hidden(model_id(model))


def shows(account: LinkedAccount, model: str, field: str) -> bool:
    """Whether a field of a model may be read at an account."""
    return account.may("read", model) and field not in account.hidden(model)


@functools.cache
def declared(model: type[CommonModel]) -> tuple[Filter, ...]:
    """Those of every list, those that the model's fields declare, and those through its relations."""
    fields = wire_fields(model).items()
    own = (
        replace(_marked(one, is_ours=field.is_ours(one.parameter.name)), field=name)
        for name, field in fields
        for parameter in field.filters
        for one in _BY_CLASS[_kind(field)](name, parameter, field)
    )
    through = (
        replace(_through(name, parameter, field), field=name)
        for name, field in fields
        if isinstance(field, Refs)
        for parameter in field.through
    )
    return (*_everywhere(model), *own, *through)


def _marked(one: Filter, *, is_ours: bool) -> Filter:
    return replace(one, parameter=replace(one.parameter, is_ours=is_ours)) if is_ours else one


def below(field: Ref | Refs, record: uuid.UUID) -> Condition:
    """What holds for the records that name this one in a field."""
    column = _quoted(field.name)
    return Condition(
        f"{column} @> ARRAY[%s::uuid]" if isinstance(field, Refs) else f"{column} = %s::uuid", (record,)
    )


def _everywhere(model: type[CommonModel]) -> Iterator[Filter]:
    """What every list can be filtered by."""
    yield from _range("created_at", "created")
    yield from _range("modified_at", "modified")
    yield Filter(
        parameters.text("remote_id", "With this id at the provider."),
        lambda value: Condition("remote_id = %s", (value,)),
    )
    several = Filter(
        parameters.texts("remote_ids", "With one of these ids at the provider."),
        lambda values: Condition("remote_id = ANY(%s)", (values,)),
    )
    yield _marked(several, is_ours=not model.wire.by_remote_ids)
    yield Filter(
        parameters.flag("include_deleted_data", "Also those that were deleted at the provider."),
        lambda asked: None if asked else Condition("NOT remote_was_deleted"),
    )
    yield Filter(
        parameters.flag("include_shell_data", "Also those that are known by reference only."),
        lambda asked: None if asked else Condition("NOT is_shell"),
    )


def _range(column: str, parameter: str, _field: WireField | None = None) -> Iterator[Filter]:
    return _bounds(column, parameter, lambda bound, _up: bound)


def _days(column: str, parameter: str, _field: WireField) -> Iterator[Filter]:
    return _bounds(column, parameter, _day_of)


def _bounds(column: str, parameter: str, stored: Callable[[dt.datetime, bool], Any]) -> Iterator[Filter]:
    def condition(comparison: str, *, up: bool) -> Callable[[Any], Condition]:
        return lambda bound: Condition(f"{_quoted(column)} {comparison} %s", (stored(bound, up),))

    after = parameters.instant(f"{parameter}_after", f"With `{column}` at this time or later.")
    before = parameters.instant(f"{parameter}_before", f"With `{column}` at this time or earlier.")
    yield Filter(after, condition(">=", up=True))
    yield Filter(before, condition("<=", up=False))


def _day_of(bound: dt.datetime, up: bool) -> dt.date:  # noqa: FBT001 - see _bounds
    """A day is midnight UTC on the wire: the first one that is not before the bound, or the last not after it."""
    late = up and bound.time() != dt.time()
    return bound.date() + dt.timedelta(days=1) if late and bound.date() < dt.date.max else bound.date()


def _text(column: str, parameter: str, field: WireField) -> Iterator[Filter]:
    if isinstance(field, Text) and field.any_of:
        several = parameters.texts(parameter, f"With one of these as `{column}`.", _spelled(field))
        yield Filter(several, lambda values: Condition(f"{_quoted(column)} = ANY(%s::text[])", (values,)))
    elif isinstance(field, Text) and field.contains:
        part = parameters.text(parameter, f"With this in `{column}`.")
        yield Filter(part, lambda value: Condition(f"strpos({_quoted(column)}, %s) > 0", (value,)))
    else:
        whole = parameters.text(parameter, f"With this `{column}`, exactly.", _spelled(field))
        yield Filter(whole, lambda value: Condition(f"{_quoted(column)} = %s", (value,)))


def _spelled(field: WireField) -> Schema:
    return open_word(field.words) if isinstance(field, Choice) else TEXT


def _ref(column: str, parameter: str, field: WireField) -> Iterator[Filter]:
    several = parameters.ids(parameter, f"With one of these as `{column}`: ids of {_to(field)}.")
    yield Filter(several, lambda ids: Condition(f"{_quoted(column)} = ANY(%s::uuid[])", (ids,)))


def _refs(column: str, parameter: str, field: WireField) -> Iterator[Filter]:
    several = parameters.ids(parameter, f"With one of these among `{column}`: ids of {_to(field)}.")
    yield Filter(several, lambda ids: Condition(f"{_quoted(column)} && %s::uuid[]", (ids,)))


def _through(column: str, parameter: str, field: WireField) -> Filter:
    """Some record that the list names has this text."""
    table = _quoted(common_model(_to(field))._meta.db_table)
    named = f"t.tenant_id = r.tenant_id AND t.id = ANY(r.{_quoted(column)}) AND NOT t.remote_was_deleted"
    sql = f"EXISTS (SELECT FROM {table} t WHERE {named} AND t.{_quoted(parameter)} = %s)"
    about = f"With this `{parameter}`, exactly, in one of `{column}`."
    asked = parameters.text(parameter, about)
    return Filter(asked, lambda value: Condition(sql, (value,)), through=(_to(field), parameter))


def _shapes(column: str, parameter: str, field: WireField) -> Iterator[Filter]:
    """Some object of the list has this text under the key that the field declares."""
    key = field.key  # type: ignore[attr-defined] # of shapes

    def condition(value: str) -> Condition:
        return Condition(f"{_quoted(column)} @> %s::jsonb", (orjson.dumps([{key: value}]).decode(),))

    yield Filter(parameters.text(parameter, f"With this `{key}`, exactly, in one of `{column}`."), condition)


def _texts(column: str, parameter: str, _field: WireField) -> Iterator[Filter]:
    several = parameters.texts(parameter, f"With one of these among `{column}`.")
    yield Filter(several, lambda words: Condition(f"{_quoted(column)} && %s::text[]", (words,)))


def _flag(column: str, parameter: str, _field: WireField) -> Iterator[Filter]:
    asked = parameters.maybe_flag(parameter, f"With this `{column}`.")
    yield Filter(asked, lambda wanted: Condition(f"{_quoted(column)} = %s", (wanted,)))


_BY_CLASS: dict[type[WireField], Callable[[str, str, WireField], Iterator[Filter]]] = {
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


def _to(field: WireField) -> str:
    return str(field.to)  # type: ignore[attr-defined] # a relation


def _quoted(column: str) -> str:
    return connection.ops.quote_name(column)
