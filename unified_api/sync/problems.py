"""What is wrong with a write, in the wire contract's form: pointer, title, detail and problem type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from integrations.kit import errors

#: Of a file that a bridge may not carry.
TOO_LARGE: Final = "TOO_LARGE"
GONE: Final = "RECORD_GONE"
_TYPES: tuple[tuple[type[errors.ProviderError], str, str], ...] = (
    (errors.NeedsReauthorisation, "RELINK_NEEDED", "The linked account must be linked again"),
    (errors.Forbidden, "MISSING_PERMISSION", "The linked account may not do this"),
    (errors.Moved, "RECORD_MOVED", "The record changed at the provider"),
    (errors.TooLarge, TOO_LARGE, "The file is larger than it may be"),
    (errors.Exists, "DUPLICATE_MODEL_EXISTS", "There is such a record already"),
    (errors.Rejected, "PROVIDER_ERROR", "The provider refuses the values"),
    (errors.Gone, GONE, "The record is gone at the provider"),
    (errors.Misconfigured, "MISCONFIGURED", "The linked account is not set up right"),
    (errors.RetryLater, "RETRY_LATER", "The write cannot be carried out now; nothing was changed"),
)


def problem(problem_type: str, title: str, detail: str, field: str | None = None) -> dict[str, Any]:
    """One problem; `field` names the common field it is about."""
    pointed: dict[str, Any] = {"source": {"pointer": f"model/{field}"}} if field else {}
    return {**pointed, "title": title, "detail": detail, "problem_type": problem_type}


def converted(name: str, expected: str, field: str) -> dict[str, Any]:
    """The warning that a value was of another type, and written as one of its own; it does not repeat the value."""
    told = f"{name}: {expected}; what was sent was converted."
    return problem("INCORRECT_FIELD_TYPE", "Converted", told, field)


def of(error: errors.ProviderError, fields: Collection[str]) -> list[dict[str, Any]]:
    """The problems of a refused write: one per refused field, or one about the whole."""
    kind, title = next(
        ((k, t) for of_type, k, t in _TYPES if isinstance(error, of_type)), ("ERROR", "Failed")
    )
    named = error.fields if isinstance(error, errors.Rejected) else {}
    if not named:
        return [problem(kind, title, str(error))]
    return [
        problem(
            kind, title, reason if name in fields else f"{name}: {reason}", name if name in fields else None
        )
        for name, reason in named.items()
    ]
