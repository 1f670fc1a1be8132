"""`remote_fields` of what a caller wants written: values of a provider's own fields, checked by their classes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.api.field_values import shown
from unified_api.api.openapi.schema import ANY, Schema, many, record
from unified_api.models.base import OWN
from unified_api.models.fields import Malformed, parse_id
from unified_api.sync import field_classes
from unified_api.sync.models_fields import RemoteFieldClass
from unified_api.sync.problems import problem

NAME: Final = OWN.removesuffix(".")
#: Choices that an answer names.
_NAMED: Final = 12
_SHAPE: Final = "a list of objects with `remote_field_class`, an id, and `value` is expected"
_REQUIRED: Final = "the linked account's system requires {}"


class _Refused(Exception):
    def __init__(self, problem_type: str, title: str, told: str) -> None:
        super().__init__(told)
        self.problem_type, self.title = problem_type, title


def are_writable(resource: Resource) -> bool:
    """Whether there may be any such field that can be written; where not, `remote_fields` is a key like any other."""
    return resource.model.wire.remote_fields and resource.field_classes is not None


def writable(account: LinkedAccount, resource: Resource) -> list[RemoteFieldClass]:
    """The classes of the fields that can be written so: those that no common field shows."""
    if not are_writable(resource):
        return []
    return _writable(field_classes.of(account, resource.model), resource)


def _writable(known: Iterable[RemoteFieldClass], resource: Resource) -> list[RemoteFieldClass]:
    return [
        one for one in known if not one.is_common_model_field and resource.writes_own(one.remote_key_name)
    ]


def schema(classes: Iterable[RemoteFieldClass]) -> Schema:
    """What `meta` says of `remote_fields`."""
    ids = {"type": "string", "enum": [str(one.id) for one in classes]}
    return many(record({"remote_field_class": ids, "value": ANY}))


def by_id(classes: Iterable[RemoteFieldClass]) -> dict[str, Any]:
    """The classes as `meta` shows them."""
    return {str(one.id): shown(one) for one in classes}


@dataclass
class Taken:
    """values: by whole name, as the journal has them. With errors, nothing may be sent."""

    values: dict[str, Any]
    errors: list[dict[str, Any]]


def take(told: Any, operation: str, resource: Resource, account: LinkedAccount) -> Taken:
    """What a body says in `remote_fields`; an error points at its place in that list, or at the list that lacks one."""
    taken = Taken({}, [])
    if told is not None and not isinstance(told, list):
        taken.errors.append(problem("INCORRECT_FIELD_TYPE", "Wrong type", f"{_SHAPE}.", NAME))
        return taken
    if told is None and operation == "update":
        return taken
    classes = {one.id: one for one in field_classes.of(account, resource.model)}
    if told and len(told) > len(classes) + _NAMED:  # each is named once, and each mistake is told
        why = f"there are {len(classes)} field classes at this linked account, and each can be named once."
        taken.errors.append(problem("INCORRECT_FIELD_TYPE", "Too many", why, NAME))
        return taken
    named: set[uuid.UUID] = set()
    for at, item in enumerate(told or ()):
        try:
            one = _class_of(item, classes, resource)
            named.add(one.id)
            value = _value_of(item, one, taken)
        except _Refused as error:
            taken.errors.append(problem(error.problem_type, error.title, f"{error}.", f"{NAME}/{at}"))
        else:
            if value is not None or operation == "update":
                taken.values[OWN + one.remote_key_name] = value
    if operation == "create":
        unnamed = (one for one in _writable(classes.values(), resource) if one.id not in named)
        taken.errors += [_missing(one) for one in unnamed if one.is_required]
    return taken


def _missing(one: RemoteFieldClass) -> dict[str, Any]:
    told = f"{_REQUIRED.format(one.remote_key_name)}; its class is {one.id}."
    return problem("MISSING_REQUIRED_FIELD", "Missing required field", told, NAME)


def _class_of(
    item: Any, classes: Mapping[uuid.UUID, RemoteFieldClass], resource: Resource
) -> RemoteFieldClass:
    named = item.get("remote_field_class") if isinstance(item, dict) else None
    try:
        wanted = parse_id(named.get("id") if isinstance(named, dict) else named)
    except Malformed:
        raise _Refused("INCORRECT_FIELD_TYPE", "Wrong type", _SHAPE) from None
    one = classes.get(wanted)
    if one is None:
        told = f"this linked account has no field class with the id {wanted}; remote-field-classes lists them"
        raise _Refused("INVALID_FIELD_CHOICE", "Unknown field class", told)
    if one.is_common_model_field:
        told = f"{one.remote_key_name} is what a common field shows; write that one"
        raise _Refused("UNSUPPORTED_FIELD", "Unsupported field", told)
    if not resource.writes_own(one.remote_key_name):
        told = f"{one.remote_key_name} cannot be written in the linked account's system; leave it out"
        raise _Refused("UNSUPPORTED_FIELD", "Unsupported field", told)
    return one


def _value_of(item: Mapping[str, Any], one: RemoteFieldClass, taken: Taken) -> Any:
    value = item.get("value")
    if OWN + one.remote_key_name in taken.values:
        raise _Refused("INVALID_FIELD_CHOICE", "Named twice", f"{one.remote_key_name} has a value already")
    if value in (None, "") and one.is_required:
        told = _REQUIRED.format(one.remote_key_name)
        raise _Refused("MISSING_REQUIRED_FIELD", "Missing required field", told)
    if value is None:
        return None
    _check_kind(value, one.field_type, one.remote_key_name)
    for inner in value if isinstance(value, list) else ():
        _check_kind(inner, (one.item_schema or {}).get("item_type"), one.remote_key_name)
    _check_choices(value, one)
    return value


def _check_kind(value: Any, kind: str | None, key: str) -> None:
    expected, holds = _KINDS.get(kind or "", ("", lambda _: True))
    if not holds(value):
        raise _Refused("INCORRECT_FIELD_TYPE", "Wrong type", f"{key}: {expected} is expected")


def _check_choices(value: Any, one: RemoteFieldClass) -> None:
    choices = [choice["value"] for choice in one.field_choices or ()]
    strangers = [inner for inner in (value if isinstance(value, list) else [value]) if inner not in choices]
    if choices and strangers:
        possible = ", ".join(map(str, choices[:_NAMED])) + (" and others" if len(choices) > _NAMED else "")
        told = f"{one.remote_key_name} cannot be {str(strangers[0])[:80]!r}; possible are {possible}"
        raise _Refused("INVALID_FIELD_CHOICE", "Unknown choice", told)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\x00" not in value


def _is_day(value: Any) -> bool:
    return _is_text(value) and _parses(dt.date.fromisoformat, value)


def _is_moment(value: Any) -> bool:
    return _is_text(value) and _parses(dt.datetime.fromisoformat, value)


def _parses(parse: Callable[[str], Any], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


_KINDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "string": ("a string", _is_text),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "list": ("a list", lambda value: isinstance(value, list)),
    "date": ("a day in ISO 8601", _is_day),
    "datetime": ("a moment in ISO 8601", _is_moment),
}
