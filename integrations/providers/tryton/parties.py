"""Parties: those in the category of people are contacts, all others accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations.kit.endpoints import DELETE, PUT, Api
from integrations.kit.errors import Rejected
from integrations.kit.lens import Lens
from integrations.kit.lenses import at, compute
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.tryton import reach
from integrations.providers.tryton.asking import found, of_itself, of_model
from integrations.providers.tryton.names import joined, split
from integrations.providers.tryton.tagged import when
from unified_api.models.base import CommonModel
from unified_api.models.crm import Account, Contact

PARTY: Final = "party.party"
CATEGORIES: Final = "categories.name"
_FIELDS: Final = ("name", "active", "replaced_by", CATEGORIES, *reach.FIELDS)
#: What a party is made with, or changed, at the most: a category, a country and a subdivision, and the party itself.
_CALLS: Final = 4


def is_person(api: Api, party: Any) -> bool:
    """Whether a party is in the category of people."""
    return api.settings["person_category"] in [one["name"] for one in party["categories"]]


def person_category(api: Api) -> int | None:
    """The number of that category, None where there is none."""
    there = found(api, "party.category", [["name", "=", api.settings["person_category"]]])
    return int(there[0]["id"]) if there else None


def _shown(api: Api, parties: list[Any]) -> list[Any]:
    return [
        {
            **party,
            **reach.shown(party[reach.MECHANISMS]),
            "person": split(party["name"]),
            "is_person": is_person(api, party),
            "places": reach.places(party[reach.ADDRESSES]),
        }
        for party in parties
    ]


def spelled(api: Api, said: Mapping[str, Any], party: Any) -> dict[str, Any]:
    """What makes a party say this. party: as it is, None where it is new."""
    there = party or {reach.MECHANISMS: [], reach.ADDRESSES: []}
    told: dict[str, Any] = {}
    if "name" in said:
        told["name"] = said["name"]
    if "person" in said:
        told["name"] = joined({**(party or {}).get("person", {}), **said["person"]})
    if mechanisms := reach.mechanisms(said, there[reach.MECHANISMS]):
        told[reach.MECHANISMS] = mechanisms
    places = reach.addresses(api, said["places"], there[reach.ADDRESSES]) if "places" in said else []
    return {**told, reach.ADDRESSES: places} if places else told


def _change(api: Api, remote_id: str, said: dict[str, Any], current: Any) -> None:
    if told := spelled(api, said, current):
        api.send("PUT", f"/{PARTY}/{int(remote_id)}", told)


def _make_account(api: Api, said: dict[str, Any]) -> str:
    return str(api.send("POST", f"/{PARTY}", spelled(api, said, None))["id"])


def _make_contact(api: Api, said: dict[str, Any]) -> str:
    category = person_category(api)
    if category is None:
        name = api.settings["person_category"]
        raise Rejected(
            f"there is no party category {name!r}, in which people are: make it there, or link the account with"
            " the name of another one"
        )
    told = {**spelled(api, said, None), "categories": [["add", [category]]]}
    return str(api.send("POST", f"/{PARTY}", told)["id"])


def told_again(model: type[CommonModel], **places: str) -> FieldMapping:
    """Where Tryton's own words tell fields once more, for `quotes`; an empty place is all of it."""
    return FieldMapping(model, **{name: at(place, read_only=True) for name, place in places.items()})


def _gone(of_people: bool) -> Lens:  # noqa: FBT001 - one of the two kinds
    """Whether a party is of the other kind, or deactivated; one that was merged names the one that took its place."""

    def gone(party: Any) -> bool:
        if dig(party, "is_person") is (not of_people):
            return True
        return dig(party, "active") in (False, 0) and not dig(party, "replaced_by")

    return compute(gone)


def _resource(mapping: FieldMapping, make: Callable[[Api, dict[str, Any]], str], **more: Any) -> Resource:
    return of_model(
        mapping,
        PARTY,
        _FIELDS,
        reach.PLACES,
        _shown,
        create=make,
        create_calls=_CALLS,
        update=PUT(f"/{PARTY}/{{remote_id}}", send=_change, calls=_CALLS - 1),
        delete=DELETE(f"/{PARTY}/{{remote_id}}"),
        **more,
    )


def account_again(name: str) -> FieldMapping:
    """The same of the company that a party is; name: where its name stands."""
    reached = dict.fromkeys(("website", "phone_numbers"), reach.MECHANISMS)
    return told_again(Account, name=name, addresses=reach.ADDRESSES, **reached)


#: What a contact mechanism tells of a person, of whom a company or a sale may have it.
REACHED: Final = told_again(
    Contact, email_addresses="value", phone_numbers="value", first_name="name", last_name="name"
)
contacts = _resource(
    FieldMapping(
        Contact,
        gone=_gone(of_people=True),
        merged_into="replaced_by",
        first_name="person.first",
        last_name="person.last",
        email_addresses="emails",
        phone_numbers="phones",
        addresses="places",
        remote_created_at=when("create_date", read_only=True),
    ),
    _make_contact,
    recognise=("last_name",),
    quotes={
        "": told_again(
            Contact,
            first_name="name",
            last_name="name",
            email_addresses=reach.MECHANISMS,
            phone_numbers=reach.MECHANISMS,
            addresses=reach.ADDRESSES,
        )
    },
)
accounts = _resource(
    FieldMapping(
        Account,
        gone=_gone(of_people=False),
        merged_into="replaced_by",
        name="name",
        website=at("website"),
        phone_numbers="phones",
        addresses="places",
        remote_created_at=when("create_date", read_only=True),
        remote_updated_at=compute(of_itself),
    ),
    _make_account,
    recognise=("name",),
    quotes={
        "": account_again(name="person"),
        reach.MECHANISMS: REACHED,
        "emails": told_again(Contact, email_addresses=""),
    },
)
