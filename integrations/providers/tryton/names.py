"""Names of people. Tryton has one text for a name: `Ada Lovelace`, or `de la Cruz, Maria` where the last has blanks."""

from __future__ import annotations

from typing import Any

from integrations.kit.errors import Rejected


def split(name: Any) -> dict[str, str | None]:
    """First and last name: what stands before and behind the last blank, or behind and before a comma."""
    text = name if isinstance(name, str) else ""
    if "," in text:
        last, _, first = text.partition(",")
    else:
        first, _, last = text.strip().rpartition(" ")
    return {"first": first.strip() or None, "last": last.strip() or None}


def joined(person: Any) -> str:
    """The name that reads so; raises Rejected where none does."""
    first, last = ((person.get(part) or "").strip() for part in ("first", "last"))
    plain = f"{first} {last}".strip()
    name = plain if split(plain) == _told(first, last) else f"{last}, {first}".strip()
    if split(name) != _told(first, last):
        raise Rejected(
            "the name cannot be kept like this", fields={"last_name": "cannot have a comma in it there"}
        )
    return name


def _told(first: str, last: str) -> dict[str, str | None]:
    return {"first": first or None, "last": last or None}
