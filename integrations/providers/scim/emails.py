"""Addresses and numbers of a user: lists whose elements may say what they are for, and which one is the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.kit.paths import MISSING, dig


def the_first_of(name: str, kind: str) -> Callable[[Any], Any]:
    """Reads the value of the first element that is for this."""

    def read(user: Any) -> Any:
        found = dig(user, name)
        if not found:
            return found if found is MISSING else None
        return next((one["value"] for one in found if _kind(one) == kind), None)

    return read


def read_work_email(user: Any) -> Any:
    """The address for work; where none says so, the primary one or the first that is not private."""
    found = dig(user, "emails")
    if not found:
        return found if found is MISSING else None
    place = _place_of_work(found)
    return None if place is None else found[place]["value"]


def write_work_email(value: Any, user: Any) -> dict[str, Any]:
    """The list with another address for work, and all else in it as it is. A new one says no kind: not all take one."""
    there = list((user or {}).get("emails") or ())
    place = _place_of_work(there)
    if place is None:
        return {"emails": [*there, {"value": value}]} if value is not None else {}
    changed = [{**there[place], "value": value}] if value is not None else []
    return {"emails": [*there[:place], *changed, *there[place + 1 :]]}


def _place_of_work(emails: list[Any]) -> int | None:
    """Of all that are not private the one that says it is for work, else the primary one, else the first."""
    own = [place for place, one in enumerate(emails) if _kind(one) != "home"]
    return min(
        own,
        key=lambda place: (_kind(emails[place]) != "work", emails[place].get("primary") is not True),
        default=None,
    )


def _kind(one: Any) -> str:
    return str(one.get("type") or "").lower()
