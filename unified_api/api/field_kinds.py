"""Values of a provider's own fields, checked by their classes: of what kind they are, and which of the choices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from unified_api.api.openapi.schema import ANY, FLAG, INSTANT, NUMBER, TEXT, Schema, many
from unified_api.models import conversions
from unified_api.sync.models_fields import RemoteFieldClass

#: Choices that an answer names.
NAMED: Final = 12


class Refused(Exception):
    """A value that cannot be written; the text says why, without a full stop."""

    def __init__(self, problem_type: str, title: str, told: str) -> None:
        super().__init__(told)
        self.problem_type, self.title = problem_type, title


def checked(value: Any, one: RemoteFieldClass) -> tuple[Any, str]:
    """The value as the provider is sent it, and what was expected if it had to be converted; raises Refused."""
    key, expected = one.remote_key_name, ""
    fit, expected = _fit(value, one.field_type, key)
    if isinstance(fit, list):
        found = [_fit(inner, (one.item_schema or {}).get("item_type"), key) for inner in fit]
        fit = [inner for inner, _ in found]
        expected = next((told for _, told in found if told), expected)
    _check_choices(fit, one)
    return fit, expected


def schema(one: RemoteFieldClass) -> Schema:
    """What `meta` says of such a value."""
    kind = one.field_type or ""
    if kind == "list":
        return many(_SCHEMAS.get(str((one.item_schema or {}).get("item_type")), ANY))
    return _SCHEMAS.get(kind, ANY)


def _fit(value: Any, kind: str | None, key: str) -> tuple[Any, str]:
    expected, holds, convert = _KINDS.get(kind or "", ("", lambda _: True, lambda _: None))
    if holds(value):
        return value, ""
    if (other := convert(value)) is None or not holds(other):
        raise Refused("INCORRECT_FIELD_TYPE", "Wrong type", f"{key}: {expected} is expected")
    return other, f"{expected} is expected"


def _check_choices(value: Any, one: RemoteFieldClass) -> None:
    choices = [choice["value"] for choice in one.field_choices or ()]
    strangers = [inner for inner in (value if isinstance(value, list) else [value]) if inner not in choices]
    if choices and strangers:
        possible = ", ".join(map(str, choices[:NAMED])) + (" and others" if len(choices) > NAMED else "")
        told = f"{one.remote_key_name} cannot be {str(strangers[0])[:80]!r}; possible are {possible}"
        raise Refused("INVALID_FIELD_CHOICE", "Unknown choice", told)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\x00" not in value


def _is_day(value: Any) -> bool:
    return _is_text(value) and _parses(dt.date.fromisoformat, value)


def _is_moment(value: Any) -> bool:
    return _is_text(value) and _parses(dt.datetime.fromisoformat, value) and not conversions.moment(value)


def _parses(parse: Callable[[str], Any], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


class _Kind(NamedTuple):
    """What is expected, whether a value is that, and what another one may be converted into."""

    expected: str
    holds: Callable[[Any], bool]
    convert: Callable[[Any], Any]


_KINDS: Final[dict[str, _Kind]] = {
    "string": _Kind("a string", _is_text, conversions.text),
    "number": _Kind(
        "a number",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        conversions.number,
    ),
    "bool": _Kind("true or false", lambda value: isinstance(value, bool), conversions.flag),
    "list": _Kind("a list", lambda value: isinstance(value, list), conversions.alone),
    "date": _Kind("a day in ISO 8601", _is_day, conversions.day),
    "datetime": _Kind("a moment in ISO 8601", _is_moment, conversions.moment),
}
_SCHEMAS: Final[dict[str, Schema]] = {
    "string": TEXT,
    "number": NUMBER,
    "bool": FLAG,
    "date": {"type": "string", "format": "date"},
    "datetime": INSTANT,
}
