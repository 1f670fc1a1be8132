"""Persons as contacts, organizations as accounts, and users."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, PATCH, POST, Api
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.lenses import place, reached
from integrations.providers.pipedrive.records import NEWEST, resource
from unified_api.models.crm import Account, Contact, User

PERSONS, ORGANIZATIONS = "/api/v2/persons", "/api/v2/organizations"
_NAMES = ("first_name", "last_name")


def person_of(fields: dict[str, Any], current: Any) -> dict[str, Any]:
    """A person goes by one name; one without any by the first of the addresses."""
    told = {name: value for name, value in fields.items() if name not in _NAMES}
    if current is not None and not set(_NAMES) & set(fields):
        return told
    parts = [fields[name] if name in fields else (current or {}).get(name) for name in _NAMES]
    whole = " ".join(part for part in parts if part)
    return {**told, "name": whole or _address(fields, current)}


def _address(fields: dict[str, Any], current: Any) -> str:
    """The first address that a person will have; raises Rejected where there is none."""
    there = fields["emails"] if "emails" in fields else dig(current, "emails")
    if not there:
        why = "a person has a name there, or an e-mail address in its place"
        raise Rejected("the contact cannot be without a name", fields=dict.fromkeys(_NAMES, why))
    return str(there[0]["value"])


def person_with(api: Api, address: str) -> int | None:
    """The person who has an address, if there is one. The search comes behind, so the newest are looked at as well."""
    asked = {"term": address, "fields": "email", "exact_match": "true", "limit": "10"}
    for one in api.get(f"{PERSONS}/search", asked)["data"]["items"]:
        if address.casefold() in map(str.casefold, one["item"]["emails"]):
            return int(one["item"]["id"])
    for one in api.get(PERSONS, NEWEST)["data"]:
        if address.casefold() in (told["value"].casefold() for told in one["emails"] or ()):
            return int(one["id"])
    return None


def organization_named(api: Api, name: str) -> int | None:
    """The organization of a name, likewise."""
    asked = {"term": name, "fields": "name", "exact_match": "true", "limit": "10"}
    found = [one["item"] for one in api.get(f"{ORGANIZATIONS}/search", asked)["data"]["items"]]
    for one in (*found, *api.get(ORGANIZATIONS, NEWEST)["data"]):
        if name.casefold() == one["name"].casefold():
            return int(one["id"])
    return None


#: The one name of a person tells both of its parts.
WHOLE_NAME = Mapping(Contact, **dict.fromkeys(_NAMES, at((), read_only=True)))
contacts = resource(
    "persons",
    "personFields",
    Mapping(
        Contact,
        version="update_time",
        gone="is_deleted",
        first_name="first_name",
        last_name="last_name",
        account=ref("org_id", whole=True),
        owner=ref("owner_id", whole=True),
        email_addresses=reached("emails", "email_address"),
        phone_numbers=reached("phones", "phone_number"),
        addresses=compute(place("postal_address")),
        remote_created_at=instant("add_time", read_only=True),
    ),
    create=POST(PERSONS, answer="data", body=person_of),
    update=PATCH(f"{PERSONS}/{{remote_id}}", answer="data", body=person_of),
    recognise=("email_addresses",),
    quotes={"name": WHOLE_NAME},
)
accounts = resource(
    "organizations",
    "organizationFields",
    Mapping(
        Account,
        version="update_time",
        gone="is_deleted",
        name="name",
        owner=ref("owner_id", whole=True),
        addresses=compute(place("address")),
        remote_created_at=instant("add_time", read_only=True),
        remote_updated_at=instant("update_time", read_only=True),
    ),
    create=POST(ORGANIZATIONS, answer="data"),
    update=PATCH(f"{ORGANIZATIONS}/{{remote_id}}", answer="data"),
    recognise=("name",),
)


def _is_active(user: Any) -> Any:
    active = dig(user, "active_flag")
    return active if active in (MISSING, None) else active and dig(user, "is_deleted") is not True


users = Resource(
    mapping=Mapping(
        User,
        name=at("name", read_only=True),
        email=at("email", read_only=True),
        is_active=compute(_is_active),
    ),
    # All of them in one answer.
    list=GET("/api/v1/users", items="data", paging=ByCursor("cursor", path="additional_data.next_cursor")),
    get=GET("/api/v1/users/{remote_id}", item="data"),
    frequency=900.0,
)
