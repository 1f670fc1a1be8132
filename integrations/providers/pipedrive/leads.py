"""Leads: a title for a person, or an organization, whose names and addresses they are shown with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Since
from integrations.kit.errors import ProviderError, Uncertain
from integrations.kit.lenses import at, choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.archived import with_archived
from integrations.providers.pipedrive.lenses import place, reached
from integrations.providers.pipedrive.paging import ByStart
from integrations.providers.pipedrive.people import PERSONS, accounts, contacts, person_of, person_with
from integrations.providers.pipedrive.records import since
from unified_api.models.crm import Lead

_PATH = "/api/v1/leads"
#: Ids that can be asked for at once.
_MOST = 100


def _with_whom(api: Api, leads: list[Any]) -> list[Any]:
    """Leads with their persons and organizations; of one that is gone, nothing."""
    people = _known(api, "persons", (lead.get("person_id") for lead in leads))
    companies = _known(api, "organizations", (lead.get("organization_id") for lead in leads))
    return [
        {
            **lead,
            "person": people.get(lead.get("person_id")),
            "organization": companies.get(lead.get("organization_id")),
        }
        for lead in leads
    ]


def _found(api: Api, items: list[Any]) -> list[Any]:
    """The leads that a search names, of which it shows little."""
    return _with_whom(api, [api.get(f"{_PATH}/{one['item']['id']}")["data"] for one in items])


def _known(api: Api, kind: str, ids: Iterable[Any]) -> dict[Any, Any]:
    wanted = [str(one) for one in dict.fromkeys(ids) if one is not None]
    found: dict[Any, Any] = {}
    for start in range(0, len(wanted), _MOST):
        asked = {"ids": ",".join(wanted[start : start + _MOST]), "limit": str(_MOST)}
        found |= {one["id"]: one for one in api.get(f"/api/v2/{kind}", asked)["data"]}
    return found


def _create(api: Api, fields: dict[str, Any]) -> str:
    """A lead of the person that has the address, or of a new one, who is deleted again where the lead is refused."""
    about = person_of(fields.pop("person", {}), None)
    emails = about.get("emails")
    there = person_with(api, emails[0]["value"]) if emails else None
    person = api.send("POST", PERSONS, about)["data"]["id"] if there is None else there
    try:
        return str(api.send("POST", _PATH, {**fields, "person_id": person})["data"]["id"])
    except Uncertain:
        raise
    except ProviderError:
        if there is None:
            api.send("DELETE", f"{PERSONS}/{int(person)}", repeatable=True)
        raise


_live = Resource(
    mapping=Mapping(
        Lead,
        version="update_time",
        title="title",
        owner=ref("owner_id", whole=True),
        lead_source=at("source_name", read_only=True),
        status=choice("is_archived", {"OPEN": False, "CLOSED": True}, read_only=True),
        first_name=at("person.first_name", create_only=True),
        last_name=at("person.last_name", create_only=True),
        email_addresses=reached("person.emails", "email_address", create_only=True),
        phone_numbers=reached("person.phones", "phone_number", create_only=True),
        addresses=compute(place("person.postal_address")),
        company=at("organization.name", read_only=True),
        remote_created_at=instant("add_time", read_only=True),
        remote_updated_at=instant("update_time", read_only=True),
    ),
    list=GET(
        _PATH,
        items="data",
        params={"sort": "add_time"},
        paging=ByStart(_MOST),
        since=Since("updated_since", spell=since, stamp=instant("update_time")),
        then=_with_whom,
        calls=3,
    ),
    get=GET(f"{_PATH}/{{remote_id}}", item="data", then=_with_whom, calls=3),
    create=_create,
    create_calls=5,
    update=PATCH(f"{_PATH}/{{remote_id}}"),
    delete=DELETE(f"{_PATH}/{{remote_id}}"),
    # No order shows the newest first.
    recent=GET(
        "/api/v2/leads/search",
        items="data.items",
        params={"term": "{title}", "fields": "title", "exact_match": "true", "limit": "20"},
        then=_found,
        calls=23,
    ),
    read_lag=60.0,
    recognise=("title",),
    tells_apart=("email_addresses",),
    quotes={"person": contacts.mapping, "organization": accounts.mapping},
)
leads = with_archived(_live)
