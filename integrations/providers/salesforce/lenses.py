"""What fields of records need beside the kit's lenses: values that are spread over fields, and whose a record is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unmappable, Unwritable
from integrations.kit.lens import Lens, Words
from integrations.kit.lenses import caseless, compute, instant
from integrations.kit.paths import MISSING, dig

#: With what the ids of users begin; those of queues, calendars and others begin otherwise.
_USER = "005"
_PARTS = {"city": "City", "state": "State", "postal_code": "PostalCode"}


@dataclass(frozen=True, kw_only=True)
class OwnerLens(Lens):
    """Whose a record is. One of a queue, or of another group, is nobody's; none can be made so."""

    def decode(self, found: Any) -> Any:
        """The id of a user."""
        return found if isinstance(found, str) and found.startswith(_USER) else None

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """The id of a user."""
        if value is None:
            raise Unwritable("cannot be empty there: every record is somebody's")
        return super().write(value, current, words)


@dataclass(frozen=True, kw_only=True)
class WholeLens(Lens):
    """A whole number; what stands there may have a fraction, which is rounded."""

    def decode(self, found: Any) -> Any:
        """The nearest whole number."""
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Unmappable(f"a number is due at {self.path!r}, a {type(found).__name__} came")
        return round(found)


def owner() -> Lens:
    """See OwnerLens."""
    return OwnerLens(path="OwnerId")


def when(path: str, **options: Any) -> Lens:
    """A moment there, to the second: milliseconds are shown, but nobody says that they are kept."""
    return instant(path, timespec="seconds", **options)


def email() -> Lens:
    """The only address of a person."""

    def read(record: Any) -> Any:
        found = dig(record, "Email")
        return found if found is MISSING else [{"email_address": found}] * bool(found)

    def write(value: Any, _current: Any) -> dict[str, Any]:
        if value and len(value) > 1:
            raise Unwritable("can only be one there")
        return {"Email": value[0].get("email_address") if value else None}

    return compute(read, write, keep=caseless("email_address"))


def phones(**by_type: str) -> Lens:
    """Numbers, of which each type has a field of its own; `main` has no type."""
    names = {None if kind == "main" else kind: name for kind, name in by_type.items()}

    def read(record: Any) -> Any:
        found = {kind: dig(record, name) for kind, name in names.items()}
        if all(value is MISSING for value in found.values()):
            return MISSING
        return [
            {"phone_number": value, **({"phone_number_type": kind} if kind else {})}
            for kind, value in found.items()
            if value not in (None, MISSING, "")
        ]

    def write(value: Any, current: Any) -> dict[str, Any]:
        told: dict[str, str] = {}
        for one in value or ():
            kind = one.get("phone_number_type")
            if kind not in names or names[kind] in told:
                known = ", ".join(kind for kind in names if kind)
                raise Unwritable(f"can be one without a type there, and one of each of {known}")
            told[names[kind]] = one.get("phone_number")
        return changes({name: told.get(name) for name in names.values()}, current)

    return compute(read, write)


def changes(wanted: Mapping[str, Any], current: Any) -> dict[str, Any]:
    """Of some fields those that say something else: what the account may not see is not written to either."""
    if current is None:
        return dict(wanted)
    return {name: value for name, value in wanted.items() if (dig(current, name) or None) != value}


@dataclass(frozen=True, kw_only=True)
class PlaceLens(Lens):
    """An address, each part of which is a field that begins with a prefix; two lines of a street are one text there.

    kind: of the records. Where an account knows countries by their codes, there is a field for these, and the field
    of names follows from it.
    """

    kind: str
    prefix: str = ""

    @property
    def tables(self) -> frozenset[str]:
        """The fields that there are."""
        return frozenset({self.kind})

    def read(self, record: Any) -> Any:
        """A list of it, if there is anything in it."""
        told = {part: dig(record, self.prefix + name) for part, name in _PARTS.items()}
        street = dig(record, f"{self.prefix}Street")
        lines = street.replace("\r\n", "\n").split("\n", 1) if isinstance(street, str) else []
        told |= {part: line for part, line in zip(("street_1", "street_2"), lines, strict=False) if line}
        code, name = dig(record, f"{self.prefix}CountryCode"), dig(record, f"{self.prefix}Country")
        told["country"] = code or name
        if street is MISSING and all(value is MISSING for value in told.values()):
            return MISSING
        there = {part: value for part, value in told.items() if value not in (None, MISSING, "")}
        return [there] if there else []

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """Those of its fields that change."""
        if value and len(value) > 1:
            raise Unwritable("can only be one there")
        told = dict(value[0]) if value else {}
        lines = [told.get("street_1") or "", told.get("street_2") or ""]
        country = "CountryCode" if f"{self.prefix}CountryCode" in words.known(self.kind) else "Country"
        wanted = {
            "Street": "\n".join(lines).rstrip("\n") or None,
            country: told.get("country"),
            **{name: told.get(part) for part, name in _PARTS.items()},
        }
        return changes({self.prefix + name: one for name, one in wanted.items()}, current)
