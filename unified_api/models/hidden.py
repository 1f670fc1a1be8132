"""What is not shown of sensitive fields where values are quoted by the names of fields: in plans, pairs, conflicts.

Such documents hold values of any model, so a name counts as sensitive if it is so in one of them.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from unified_api.models.base import common_models, wire_fields


class _Everything(Container[str]):
    def __contains__(self, _name: object) -> bool:
        return True


#: Of a document about records of which nothing may be read, every field is secret.
EVERYTHING: Final[Container[str]] = _Everything()
#: In place of a value, where a text can stand.
HIDDEN: Final = "(hidden)"
#: Under which words a document about one field quotes its values.
_QUOTED: Final = frozenset({"was", "value", "by", "a", "b", "value_a", "value_b", "base_a", "base_b"})


@functools.cache
def sensitive() -> frozenset[str]:
    """Names of the sensitive fields of all common models."""
    return frozenset(n for model in common_models() for n, f in wire_fields(model).items() if f.sensitive)


def hides(name: object, secret: Container[str] = ()) -> bool:
    """Whether nothing is shown of what this names: it is a sensitive field, or a secret one.

    secret: the fields that are withheld, see `unified_api.sync.withheld`.
    """
    return isinstance(name, str) and (name in sensitive() or name in secret)


def about(field: str, told: Mapping[str, Any], secret: Container[str] = ()) -> dict[str, Any]:
    """What is told about a field. `is_hidden`: it is sensitive or secret, and none of its values shows."""
    is_hidden = hides(field, secret)
    quoted = _QUOTED & told.keys() if is_hidden else ()
    return {**told, **dict.fromkeys(quoted), "is_hidden": is_hidden}


def values(told: Mapping[str, Any], secret: Container[str] = ()) -> dict[str, Any]:
    """Values by field; those of sensitive and secret ones are null, as in lists of records."""
    return {n: None if hides(n, secret) else value for n, value in told.items()}


def key(fields: Iterable[str], told: str | None, secret: Container[str] = ()) -> str | None:
    """A key that these fields make, or that it is hidden."""
    return told if told is None or not any(hides(n, secret) for n in fields) else HIDDEN


def masked(value: Any, secret: Container[str] = ()) -> Any:
    """A JSON value in which what stands under names of hidden fields, or is said to be about one, is hidden."""
    if isinstance(value, dict):
        quoted = _QUOTED if hides(value.get("field"), secret) else ()
        return {k: HIDDEN if k in quoted or hides(k, secret) else masked(v, secret) for k, v in value.items()}
    return [masked(item, secret) for item in value] if isinstance(value, list) else value
