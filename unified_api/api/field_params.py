"""`integration_params` and `linked_account_params`: a provider's own fields by its own names of them.

Those that every account of the integration has, and those that somebody made at this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from unified_api.api import field_kinds
from unified_api.api.field_kinds import Refused
from unified_api.api.openapi.schema import Schema
from unified_api.sync.models_fields import RemoteFieldClass
from unified_api.sync.problems import problem

OF_ACCOUNT: Final = "linked_account_params"
KEYS: Final = ("integration_params", OF_ACCOUNT)


def key_of(one: RemoteFieldClass) -> str:
    """The key of a body under which a field stands."""
    return OF_ACCOUNT if one.is_custom else KEYS[0]


def said(
    key: str, told: Any, classes: Iterable[RemoteFieldClass]
) -> tuple[list[tuple[str, RemoteFieldClass, Any]], list[dict[str, Any]]]:
    """Place, class and value of each field that is named, and warnings about names of none; raises Refused."""
    if told is not None and not isinstance(told, dict):
        why = f"{key}: an object of values by the provider's names of its fields is expected"
        raise Refused("INCORRECT_FIELD_TYPE", "Wrong type", why)
    known = {one.remote_key_name: one for one in _of(key, classes)} if told else {}
    named = {name: value for name, value in (told or {}).items() if name in known}
    found = [(f"{key}/{name}", known[name], value) for name, value in named.items()]
    return found, [_stranger(key, name) for name in told or {} if name not in known]


def schema(classes: Iterable[RemoteFieldClass]) -> dict[str, Schema]:
    """What `meta` says of them: by key of the body, where that takes any."""
    known = list(classes)
    return {key: _object(mine) for key in KEYS if (mine := _of(key, known))}


def is_required(classes: Iterable[RemoteFieldClass]) -> bool:
    """Whether the account has a field of its own without which a create is refused."""
    return any(one.is_required for one in _of(OF_ACCOUNT, classes))


def _of(key: str, classes: Iterable[RemoteFieldClass]) -> list[RemoteFieldClass]:
    """A field of custom objects is none: of these, several may have one name."""
    return [one for one in classes if key_of(one) == key and one.object_class is None]


def _object(classes: Iterable[RemoteFieldClass]) -> Schema:
    """No key is required: `remote_fields` may say it in its place."""
    return {
        "type": "object",
        "properties": {
            one.remote_key_name: {
                "title": one.display_name or one.remote_key_name,
                **field_kinds.schema(one),
            }
            for one in classes
        },
    }


def _stranger(key: str, name: str) -> dict[str, Any]:
    shown = name[:80]
    told = f"{shown} is no name of a field that {key} takes at this linked account; it was ignored."
    return problem("UNSUPPORTED_FIELD", "Unsupported field", told, f"{key}/{shown}")
