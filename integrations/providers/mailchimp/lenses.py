"""Members' values: texts in merge fields by their tags, the address by which a member is known, and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from integrations.kit.errors import Unwritable
from integrations.kit.lens import Lens
from integrations.kit.lenses import compute, instant
from integrations.kit.paths import MISSING, bury, dig

WITHIN: Final = "merge_fields"
#: Tags that every new audience has.
FIRST, LAST, PHONE, ADDRESS = "FNAME", "LNAME", "PHONE", "ADDRESS"
_PARTS: Final = {
    "street_1": "addr1",
    "street_2": "addr2",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
changed: Final = instant("last_changed")
_SIGNED_UP: Final = instant("timestamp_signup")
_CONFIRMED: Final = instant("timestamp_opt")


def version(member: Any) -> Any:
    """When it changed, in a form that grows as text."""
    told = changed.read(member)
    return told.isoformat(timespec="microseconds") if isinstance(told, datetime) else told


def since_when(member: Any) -> Any:
    """When somebody signed up, or where that is not known agreed; what is not known is an empty text."""
    told = [dig(member, "timestamp_signup"), dig(member, "timestamp_opt")]
    if told == [MISSING, MISSING]:
        return MISSING
    return _SIGNED_UP.read(member) if told[0] else _CONFIRMED.read(member) if told[1] else None


def _merged(tag: str) -> tuple[str, str]:
    return (WITHIN, tag)


def by_text(tag: str) -> Lens:
    """A text, which is empty where there is none."""

    def read(member: Any) -> Any:
        found = dig(member, _merged(tag))
        return found if found is MISSING else found or None

    return compute(read, lambda value, _member: bury(_merged(tag), value or ""), path=_merged(tag))


def phone(tag: str) -> Lens:
    """The only number."""

    def read(member: Any) -> Any:
        found = dig(member, _merged(tag))
        return found if found is MISSING else [{"phone_number": str(found)}] if found else []

    def write(value: Any, _member: Any) -> dict[str, Any]:
        return bury(_merged(tag), _only(value).get("phone_number") or "")

    return compute(read, write, path=_merged(tag))


def email() -> Lens:
    """The address, which a member has to have."""

    def read(member: Any) -> Any:
        found = dig(member, "email_address")
        return found if found is MISSING else [{"email_address": found}] if found else []

    def write(value: Any, _member: Any) -> dict[str, Any]:
        told = _only(value).get("email_address")
        if not told:
            raise Unwritable("cannot be empty there: a member is known by it")
        return {"email_address": told}

    return compute(read, write, path="email_address")


def address(tag: str) -> Lens:
    """The only postal address: one value, with all its parts."""

    def read(member: Any) -> Any:
        found = dig(member, _merged(tag))
        if found is MISSING:
            return MISSING
        told = {part: found[name] for part, name in _PARTS.items() if found.get(name)} if found else {}
        return [told] if told else []

    def write(value: Any, _member: Any) -> dict[str, Any]:
        told = {part: one for part, one in _only(value).items() if one is not None}
        if unknown := set(told) - set(_PARTS):
            raise Unwritable(f"cannot have {', '.join(sorted(unknown))} there; known are {', '.join(_PARTS)}")
        return bury(_merged(tag), {name: told.get(part, "") for part, name in _PARTS.items()} if told else "")

    return compute(read, write, path=_merged(tag))


def _only(value: Any) -> Mapping[str, Any]:
    if value and len(value) > 1:
        raise Unwritable("can only be one there")
    return value[0] if value else {}
