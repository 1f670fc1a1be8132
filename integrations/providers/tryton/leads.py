"""Leads: what is sold begins as one, at a party, with the contact mechanism of whoever may buy.

Whoever has the address already is taken as they are there; else a party is made, named after the company, and the
person's name stands at the contact mechanism. Without a company the party is the person.
"""

from __future__ import annotations

from typing import Any, Final

from integrations.kit.endpoints import DELETE, PUT, Api
from integrations.kit.lenses import at, choice, compute, ref
from integrations.kit.mapping import Mapping
from integrations.providers.tryton import reach
from integrations.providers.tryton.asking import of_itself, of_model
from integrations.providers.tryton.names import joined, split
from integrations.providers.tryton.parties import (
    PARTY,
    REACHED,
    account_again,
    is_person,
    person_category,
    spelled,
    told_again,
)
from integrations.providers.tryton.people import party_of
from integrations.providers.tryton.sales import (
    ACCEPTED,
    CANCELLED,
    LEAD,
    LOST,
    OF_PARTY,
    ONE,
    SALE,
    customer,
    make,
    remove,
)
from integrations.providers.tryton.tagged import when
from unified_api.models.crm import Account, Contact, Lead

_CONTACT: Final = tuple(f"contact.{name}" for name in ("type", "value", "name", "active"))
_FIELDS: Final = ("state", "employee", *OF_PARTY, *(f"party.{name}" for name in reach.FIELDS), *_CONTACT)
_JOINED: Final = ("party.", *(f"party.{place}" for place in reach.PLACES), "contact.")
_STATUS: Final = {
    "OPEN": LEAD,
    "QUALIFIED": (ACCEPTED, "converted", "won", LOST),
    "UNQUALIFIED": CANCELLED,
}


def _shown(api: Api, sales: list[Any]) -> list[Any]:
    return [{**one, **_of_party(api, one), **_became(api, one)} for one in sales]


def _became(api: Api, sale: Any) -> dict[str, Any]:
    """What became of a lead: of one that was accepted, whose party it is at, and itself."""
    accepted = sale["state"] in _STATUS["QUALIFIED"]
    of = customer(api, sale["party"]) if accepted else {"account": None, "person_party": None}
    return {**of, "opportunity": str(sale["id"]) if accepted else None}


def _of_party(api: Api, sale: Any) -> dict[str, Any]:
    """Company, person and how to reach them; where one contact is named, what is called like that one."""
    party, contact = sale["party"], sale["contact"]
    if not party:
        return {"organization": None, "person": split(None), **reach.shown([]), "places": []}
    there = reach.active(party[reach.MECHANISMS])
    if contact:
        named = [one for one in there if one["name"] == contact["name"] and one["id"] != contact["id"]]
        there = [*reach.active([contact]), *named]
    own = contact["name"] if contact else None
    person = is_person(api, party) or own == party["name"]
    return {
        "organization": None if person else party["name"],
        "person": split(own or (party["name"] if person else None)),
        **reach.shown(there),
        "places": reach.places(party[reach.ADDRESSES]),
    }


def _make(api: Api, said: dict[str, Any]) -> str:
    emails = [one["email_address"] for one in said["emails"] if one.get("email_address")]
    owner = {"employee": said["employee"]} if "employee" in said else {}
    known = party_of(api, emails[0]) if emails else None
    if known:
        return make(api, {**owner, "party": known["party"], "contact": known["id"]})
    party = api.send("POST", f"/{PARTY}", _party(api, said, emails))["id"]
    contact = party_of(api, emails[0]) if emails else None
    return make(api, {**owner, "party": party, "contact": contact and contact["id"]})


def _party(api: Api, said: dict[str, Any], emails: list[str]) -> dict[str, Any]:
    company, person = said.get("organization"), joined(said["person"]) if "person" in said else ""
    name = company or person or emails[0]
    told = spelled(
        api, {"name": name, **{k: said[k] for k in ("emails", "phones", "places") if k in said}}, None
    )
    for _create, mechanisms in told.get(reach.MECHANISMS, ()):
        for one in mechanisms:
            one["name"] = person or None
    category = None if company else person_category(api)
    return {**told, **({"categories": [["add", [category]]]} if category else {})}


#: Party and contact tell once more what the lead says, and what the account or the contact does that the party is.
_QUOTES: Final = {
    "": told_again(
        Lead,
        company="party.name",
        first_name="party.name",
        last_name="party.name",
        email_addresses=f"party.{reach.MECHANISMS}",
        phone_numbers=f"party.{reach.MECHANISMS}",
        addresses=f"party.{reach.ADDRESSES}",
    ),
    "contact": REACHED,
    "contact.name": told_again(Lead, first_name="", last_name=""),
    "contact.value": told_again(Lead, email_addresses="", phone_numbers=""),
    "party": account_again(name="name"),
    "party.name": told_again(Contact, first_name="", last_name=""),
    f"party.{reach.MECHANISMS}": REACHED,
    f"party.{reach.MECHANISMS}.name": told_again(Lead, first_name="", last_name=""),
    f"party.{reach.ADDRESSES}": told_again(Contact, addresses=""),
    "website": told_again(Account, website=""),
}
leads = of_model(
    Mapping(
        Lead,
        owner=ref("employee", whole=True),
        company=at("organization", create_only=True),
        first_name=at("person.first", create_only=True),
        last_name=at("person.last", create_only=True),
        email_addresses=at("emails", create_only=True),
        phone_numbers=at("phones", create_only=True),
        addresses=at("places", create_only=True),
        status=choice("state", _STATUS, read_only=True),
        converted_contact=ref("person_party", read_only=True),
        converted_account=ref("account", read_only=True),
        converted_opportunity=ref("opportunity", read_only=True),
        remote_created_at=when("create_date", read_only=True),
        remote_updated_at=compute(of_itself),
    ),
    SALE,
    _FIELDS,
    _JOINED,
    _shown,
    create=_make,
    create_calls=8,
    update=PUT(ONE),
    delete=DELETE(ONE, send=remove, calls=2),
    recognise=("email_addresses",),
    quotes=_QUOTES,
)
