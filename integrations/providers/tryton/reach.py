"""How parties are reached: contact mechanisms and addresses, as common fields show them and as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from integrations.kit.endpoints import Api
from integrations.kit.errors import Rejected
from integrations.providers.tryton.asking import found

#: Where they stand in a party, and what is asked of them.
MECHANISMS, ADDRESSES = "contact_mechanisms", "addresses"
PLACES: Final = (f"{MECHANISMS}.", f"{ADDRESSES}.")
FIELDS: Final = (
    *(f"{MECHANISMS}.{name}" for name in ("type", "value", "name", "active")),
    *(f"{ADDRESSES}.{name}" for name in ("street", "postal_code", "city", "active")),
    *(f"{ADDRESSES}.{name}" for name in ("country.code", "subdivision.name")),
)
EMAIL, WEBSITE, MOBILE = "email", "website", "mobile"
#: What common fields call the kinds of numbers; all that they do not know is a phone.
_PHONES: Final[Mapping[str, str | None]] = {"phone": None, MOBILE: "MOBILE", "fax": "FAX"}
_KINDS: Final = {word: kind for kind, word in _PHONES.items() if word}


def active(records: Iterable[Any]) -> list[Any]:
    """Those that nobody has deactivated."""
    return [one for one in records if one["active"]]


def shown(mechanisms: Iterable[Any]) -> dict[str, Any]:
    """Contact mechanisms as common fields have them."""
    there = active(mechanisms)
    websites = [one["value"] for one in there if one["type"] == WEBSITE]
    return {
        "emails": [{"email_address": one["value"]} for one in there if one["type"] == EMAIL],
        "phones": [_phone(one) for one in there if one["type"] in _PHONES],
        "website": websites[0] if websites else None,
    }


def _phone(one: Any) -> dict[str, Any]:
    word = _PHONES[one["type"]]
    return {"phone_number": one["value"], **({"phone_number_type": word} if word else {})}


def places(addresses: Iterable[Any]) -> list[dict[str, Any]]:
    """Addresses as common fields have them; one in which nothing stands is none."""
    return [one for one in map(_place, active(addresses)) if one]


def _place(one: Any) -> dict[str, Any]:
    first, _, second = (one["street"] or "").partition("\n")
    told = {
        "street_1": first,
        "street_2": second,
        "city": one["city"],
        "state": one["subdivision"] and one["subdivision"]["name"],
        "postal_code": one["postal_code"],
        "country": one["country"] and one["country"]["code"],
    }
    return {name: value for name, value in told.items() if value}


def mechanisms(said: Mapping[str, Any], there: Iterable[Any]) -> list[Any]:
    """What makes the contact mechanisms of a party say this, as commands; those of kinds of which it is silent stay."""
    told: list[Any] = []
    for name, kinds, spelled in _SPELLED:
        if name in said:
            mine = [one for one in active(there) if one["type"] in kinds]
            told += commands(mine, spelled(said[name]), lambda one: {k: one[k] for k in ("type", "value")})
    return told


def _emails(wanted: Any) -> list[Any]:
    return [
        {"type": EMAIL, "value": one["email_address"]} for one in wanted or () if one.get("email_address")
    ]


def _phones(wanted: Any) -> list[Any]:
    return [
        {"type": _KINDS.get(one.get("phone_number_type") or "", "phone"), "value": one["phone_number"]}
        for one in wanted or ()
        if one.get("phone_number")
    ]


def _website(wanted: Any) -> list[Any]:
    return [{"type": WEBSITE, "value": wanted}] if wanted else []


_SPELLED: Final[tuple[tuple[str, tuple[str, ...], Callable[[Any], list[Any]]], ...]] = (
    ("emails", (EMAIL,), _emails),
    ("phones", tuple(_PHONES), _phones),
    ("website", (WEBSITE,), _website),
)


def addresses(api: Api, wanted: Any, there: Iterable[Any]) -> list[Any]:
    """What makes the addresses of a party say this, as commands; raises Rejected for a country that Tryton lacks."""
    known = active(there)
    same = {one["id"]: _place(one) for one in known}
    told = [{name: value for name, value in one.items() if value} for one in wanted or ()]
    kept = [one for one in known if same[one["id"]] or told]
    return commands(kept, told, lambda one: same[one["id"]], lambda one: _spelled(api, one))


def _spelled(api: Api, place: Mapping[str, Any]) -> dict[str, Any]:
    if place.get("address_type"):
        raise Rejected("an address has no type there", fields={"addresses": "cannot have an address_type"})
    street = "\n".join(place[part] for part in ("street_1", "street_2") if place.get(part))
    country = _id(api, "country.country", [["code", "=", place.get("country")]], place.get("country"))
    within = ["OR", ["name", "=", place.get("state")], ["code", "=", place.get("state")]]
    state = _id(api, "country.subdivision", [["country", "=", country], within], place.get("state"))
    said = {"street": street or None, "country": country, "subdivision": state}
    return {**said, **{name: place.get(name) for name in ("city", "postal_code")}}


def _id(api: Api, model: str, domain: list[Any], word: str | None) -> int | None:
    if word is None:
        return None
    there = found(api, model, domain)
    if not there:
        kind = model.rpartition(".")[2]
        raise Rejected(
            f"there is no such {kind}", fields={"addresses": f"{kind} {word!r} is not known there"}
        )
    return int(there[0]["id"])


def commands(
    there: list[Any],
    wanted: list[Any],
    same: Callable[[Any], Any],
    spelled: Callable[[Any], dict[str, Any]] = dict,
) -> list[Any]:
    """What makes records that hang on another say this: those that say it already stay, others are changed or removed.

    They come in the order of their sequence, and behind that of their age.
    """
    left = list(there)
    places: list[tuple[Any, Any]] = []
    for one in wanted:
        fits = next((known for known in left if same(known) == one), None)
        if fits is not None:
            left.remove(fits)
        places.append((fits, one))
    places = [(left.pop(0) if known is None and left else known, one) for known, one in places]
    told: list[Any] = [["delete", [one["id"] for one in left]]] if left else []
    rows = [there.index(known) if known is not None else len(there) for known, _ in places]
    for number, (known, one) in enumerate(places, start=1):
        row = {} if rows == sorted(rows) else {"sequence": number}
        changed = {**({} if known is not None and same(known) == one else spelled(one)), **row}
        if changed:
            told.append(["create", [changed]] if known is None else ["write", [known["id"]], changed])
    return told
