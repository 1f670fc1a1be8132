"""Values of a provider's own fields in what a caller wants written, checked by the fields' classes.

A body names a field by its class, in `remote_fields`, or by the provider's own name of it (`field_params`): one way in
for both, so that what one of them refuses the other does not take.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.api import field_kinds, field_params
from unified_api.api.field_kinds import Refused
from unified_api.api.field_values import shown
from unified_api.api.openapi.schema import ANY, Schema, many, record
from unified_api.models.base import OWN
from unified_api.models.fields import Malformed, parse_id
from unified_api.sync import field_classes
from unified_api.sync.models_fields import RemoteFieldClass
from unified_api.sync.problems import converted, problem

NAME: Final = OWN.removesuffix(".")
#: Keys of a model's body that are for one provider or one account.
KEYS: Final = (NAME, *field_params.KEYS)
_SHAPE: Final = "a list of objects with `remote_field_class`, an id, and `value` is expected"
_REQUIRED: Final = "the linked account's system requires {}"
#: The place in the body at which a class is named, the class, and its value.
_Said = tuple[str, RemoteFieldClass, Any]


def keys_of(resource: Resource) -> tuple[str, ...]:
    """The keys that may name such a field of a model; what is none of these is a key like any other."""
    if resource.field_classes is None:
        return ()
    return KEYS if resource.model.wire.remote_fields else field_params.KEYS


def writable(account: LinkedAccount, resource: Resource) -> list[RemoteFieldClass]:
    """The classes of the fields that can be written so: those that no common field shows."""
    if not keys_of(resource):
        return []
    return _writable(field_classes.of(account, resource.model), resource)


def _writable(known: Iterable[RemoteFieldClass], resource: Resource) -> list[RemoteFieldClass]:
    return [
        one for one in known if not one.is_common_model_field and resource.writes_own(one.remote_key_name)
    ]


def schema(classes: Iterable[RemoteFieldClass], resource: Resource) -> dict[str, Schema]:
    """What `meta` says of them: by key of the body."""
    known = list(classes)
    ids = {"type": "string", "enum": [str(one.id) for one in known]}
    listed = {NAME: many(record({"remote_field_class": ids, "value": ANY}))}
    return (listed if known and NAME in keys_of(resource) else {}) | field_params.schema(known)


def by_id(classes: Iterable[RemoteFieldClass]) -> dict[str, Any]:
    """The classes as `meta` shows them."""
    return {str(one.id): shown(one) for one in classes}


@dataclass
class Taken:
    """values: by whole name, as the journal has them. With errors, nothing may be sent."""

    values: dict[str, Any] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, error: Refused, pointer: str) -> None:
        """Keep why a value cannot be written."""
        self.errors.append(problem(error.problem_type, error.title, f"{error}.", pointer))


def take(sent: Mapping[str, Any], operation: str, resource: Resource, account: LinkedAccount) -> Taken:
    """What a body says in its `keys_of`; an error points at the value, or at the key that lacks one."""
    taken, keys = Taken(), keys_of(resource)
    if operation == "update" and all(sent.get(key) is None for key in keys):
        return taken
    classes = {one.id: one for one in field_classes.of(account, resource.model)}
    named: set[uuid.UUID] = set()
    for pointer, one, value in _said({key: sent.get(key) for key in keys}, classes, taken):
        try:
            _check_writable(one, resource, is_named=one.id in named)
            named.add(one.id)
            _take(pointer, one, value, operation, taken)
        except Refused as error:
            taken.refuse(error, pointer)
    if operation == "create":
        unnamed = (one for one in _writable(classes.values(), resource) if one.id not in named)
        taken.errors += [_missing(one, keys) for one in unnamed if one.is_required]
    return taken


def _said(
    sent: Mapping[str, Any], classes: Mapping[uuid.UUID, RemoteFieldClass], taken: Taken
) -> Iterator[_Said]:
    """Every value, whichever way it is named; what names no field is kept as a mistake."""
    listed = sent.get(NAME)
    if listed is not None and not isinstance(listed, list):
        taken.refuse(Refused("INCORRECT_FIELD_TYPE", "Wrong type", _SHAPE), NAME)
    elif (
        listed and len(listed) > len(classes) + field_kinds.NAMED
    ):  # each is named once, and each mistake is told
        why = f"there are {len(classes)} field classes at this linked account, and each can be named once"
        taken.refuse(Refused("INCORRECT_FIELD_TYPE", "Too many", why), NAME)
    else:
        for at, item in enumerate(listed or ()):
            try:
                yield f"{NAME}/{at}", _class_of(item, classes), item.get("value")
            except Refused as error:
                taken.refuse(error, f"{NAME}/{at}")
    for key in field_params.KEYS:
        try:
            found, strangers = field_params.said(key, sent.get(key), classes.values())
        except Refused as error:
            taken.refuse(error, key)
        else:
            taken.warnings += strangers
            yield from found


def _missing(one: RemoteFieldClass, keys: tuple[str, ...]) -> dict[str, Any]:
    told = f"{_REQUIRED.format(one.remote_key_name)}; its class is {one.id}."
    pointer = NAME if NAME in keys else field_params.key_of(one)
    return problem("MISSING_REQUIRED_FIELD", "Missing required field", told, pointer)


def _class_of(item: Any, classes: Mapping[uuid.UUID, RemoteFieldClass]) -> RemoteFieldClass:
    told = item.get("remote_field_class") if isinstance(item, dict) else None
    try:
        wanted = parse_id(told.get("id") if isinstance(told, dict) else told)
    except Malformed:
        raise Refused("INCORRECT_FIELD_TYPE", "Wrong type", _SHAPE) from None
    if wanted not in classes:
        why = f"this linked account has no field class with the id {wanted}; remote-field-classes lists them"
        raise Refused("INVALID_FIELD_CHOICE", "Unknown field class", why)
    return classes[wanted]


def _check_writable(one: RemoteFieldClass, resource: Resource, *, is_named: bool) -> None:
    key = one.remote_key_name
    if one.is_common_model_field:
        told = f"{key} is what a common field shows; write that one"
        raise Refused("UNSUPPORTED_FIELD", "Unsupported field", told)
    if not resource.writes_own(key):
        told = f"{key} cannot be written in the linked account's system; leave it out"
        raise Refused("UNSUPPORTED_FIELD", "Unsupported field", told)
    if is_named:
        raise Refused("INVALID_FIELD_CHOICE", "Named twice", f"{key} has a value already")


def _take(pointer: str, one: RemoteFieldClass, value: Any, operation: str, taken: Taken) -> None:
    key, expected = one.remote_key_name, ""
    if value in (None, "") and one.is_required:
        raise Refused("MISSING_REQUIRED_FIELD", "Missing required field", _REQUIRED.format(key))
    if value is not None:
        value, expected = field_kinds.checked(value, one)
    if expected:
        taken.warnings.append(converted(key, expected, pointer))
    if value is not None or operation == "update":
        taken.values[OWN + key] = value
