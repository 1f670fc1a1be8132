"""What fields of records need beside the kit's lenses: values that are spread over properties, and associations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unmappable, Unwritable
from integrations.kit.lens import ComputeLens, Lens, Words
from integrations.kit.lenses import caseless, instant
from integrations.kit.paths import MISSING, bury, dig
from integrations.providers.hubspot.properties import WITHIN
from integrations.providers.hubspot.searching import moment

_MOBILE = "MOBILE"
_MORE = "hs_additional_emails"
_STREET = {"street_1": "address"}
_REST = {"city": "city", "state": "state", "postal_code": "zip", "country": "country"}


def of(name: str) -> str:
    """Where a property stands."""
    return f"{WITHIN}.{name}"


def when(path: str, **options: Any) -> Lens:
    """A moment, as records show them: with milliseconds."""
    return instant(path, parse=moment, timespec="milliseconds", **options)


@dataclass(frozen=True, kw_only=True)
class WholeLens(Lens):
    """A whole number; what stands there may have a fraction, which is rounded."""

    def decode(self, found: Any) -> Any:
        """The nearest whole number."""
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            raise Unmappable(f"a number is due at {self.path!r}, a {type(found).__name__} came")
        return found if isinstance(found, int) else round(float(found))


@dataclass(frozen=True, kw_only=True)
class FirstLens(Lens):
    """The one record of another kind with which a record is associated, or the first of them.

    primary: one is marked as the first, and another takes its place while others stay. Where none is, and there are
    several, nobody can say which of them is meant: then it cannot be changed.
    """

    primary: bool = False

    def read(self, record: Any) -> Any:
        """Its id."""
        found = dig(record, self.path)
        if found is MISSING or found is None:
            return found
        if not isinstance(found, list):
            raise Unmappable(f"a list is due at {self.path!r}, a {type(found).__name__} came")
        return found[0] if found else None

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:  # noqa: ARG002 - see Lens
        """It alone."""
        there = dig(current, self.path) or []
        if len(there) > 1 and not (self.primary and value):
            raise Unwritable("cannot be changed there: the record is associated with several")
        return bury(self.path, [value] if value else [])


def first(kind: str, *, primary: bool = False) -> Lens:
    """See FirstLens."""
    return FirstLens(path=("associations", kind), primary=primary)


def one_address(*, second_line: bool = False) -> ComputeLens:
    """The only address that there is, of which each part is a property."""
    names = {**_STREET, **({"street_2": "address2"} if second_line else {}), **_REST}

    def read(record: Any) -> Any:
        found = {part: dig(record, of(name)) for part, name in names.items()}
        if all(value is MISSING for value in found.values()):
            return MISSING
        there = {part: value for part, value in found.items() if value not in (None, MISSING)}
        return [there] if there else []

    def write(value: Any, _current: Any) -> dict[str, Any]:
        told = {part: one for part, one in _only(value).items() if one is not None}
        if unknown := set(told) - set(names):
            raise Unwritable(f"cannot have {', '.join(sorted(unknown))} there; known are {', '.join(names)}")
        return {WITHIN: {name: told.get(part) for part, name in names.items()}}

    return ComputeLens(reader=read, writer=write)


def _only(value: Any) -> Mapping[str, Any]:
    if value and len(value) > 1:
        raise Unwritable("can only be one there")
    return value[0] if value else {}


def _addresses_of(contact: Any) -> Any:
    """Its e-mail address, by which it is known, and further ones."""
    main = dig(contact, of("email"))
    return main if main is MISSING else [{"email_address": one} for one in (main, *_others(contact)) if one]


def _others(contact: Any) -> list[str]:
    told = dig(contact, of(_MORE))
    return told.split(";") if isinstance(told, str) else list(told or ())


def _write_emails(value: Any, current: Any) -> dict[str, Any]:
    told = [one.get("email_address") for one in value or ()]
    others = {_MORE: told[1:] or None} if told[1:] != _others(current) else {}
    return {WITHIN: {"email": told[0] if told else None, **others}}


def _numbers_of(contact: Any) -> Any:
    found = dig(contact, of("phone")), dig(contact, of("mobilephone"))
    if found == (MISSING, MISSING):
        return MISSING
    main = [{"phone_number": found[0]}] if found[0] else []
    return main + ([{"phone_number": found[1], "phone_number_type": _MOBILE}] if found[1] else [])


def _write_numbers(value: Any, _current: Any) -> dict[str, Any]:
    mobile = [one["phone_number"] for one in value or () if one.get("phone_number_type") == _MOBILE]
    others = [one["phone_number"] for one in value or () if one.get("phone_number_type") != _MOBILE]
    if len(mobile) > 1 or len(others) > 1:
        raise Unwritable(f"can be one of the type {_MOBILE} there, and another one")
    pairs = {"phone": others, "mobilephone": mobile}
    return {WITHIN: {name: found[0] if found else None for name, found in pairs.items()}}


def emails() -> ComputeLens:
    """The addresses of a contact: the first one is the one by which it is known."""
    return ComputeLens(reader=_addresses_of, writer=_write_emails, keep=caseless("email_address"))


def phones() -> ComputeLens:
    """Its numbers: one that is mobile, and another one."""
    return ComputeLens(reader=_numbers_of, writer=_write_numbers)
