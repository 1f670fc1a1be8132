"""Leads: a title for a person, or an organization, whose names and addresses they are shown with.

Those that became deals stay leads, and say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Since
from integrations.kit.errors import Gone, ProviderError, Rejected, Uncertain
from integrations.kit.lenses import at, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.kit.session import beside
from integrations.providers.pipedrive.archived import with_archived
from integrations.providers.pipedrive.converted import CALLS, converted, found
from integrations.providers.pipedrive.lenses import place, reached
from integrations.providers.pipedrive.paging import ByStart
from integrations.providers.pipedrive.people import (
    ORGANIZATIONS,
    PERSONS,
    WHOLE_NAME,
    accounts,
    contacts,
    organization_named,
    person_of,
    person_with,
)
from integrations.providers.pipedrive.records import since
from integrations.providers.pipedrive.sales import opportunities
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
    """A lead of the person that has the address, and the organization of the name; or of new ones.

    These are deleted again where the lead is refused. One of an organization alone is about no person.
    """
    person, company = fields.pop("person", {}), fields.pop("organization", {}).get("name")
    about = person_of(person, None) if any(person.values()) or not company else {}
    emails = about.get("emails")
    made: list[str] = []

    def named(path: str, there: int | None, told: Any) -> int:
        if there is not None:
            return there
        new = int(api.send("POST", path, told)["data"]["id"])
        made.append(f"{path}/{new}")
        return new

    try:
        told = {**fields}
        if about:
            there = person_with(api, emails[0]["value"]) if emails else None
            told["person_id"] = named(PERSONS, there, about)
        if company:
            there = organization_named(api, company)
            told["organization_id"] = named(ORGANIZATIONS, there, {"name": company})
        return str(api.send("POST", _PATH, told)["data"]["id"])
    except Uncertain:
        raise
    except ProviderError:
        for path in made:
            api.send("DELETE", path, repeatable=True)
        raise


def _find(api: Api, remote_id: str) -> Any:
    try:
        lead = api.get(f"{_PATH}/{quote(remote_id, safe='')}")["data"]
    except Gone:
        lead = None
    with beside("deals, or whom the lead is about"):
        there = found(api, remote_id, lead)
        return None if there is None else _with_whom(api, [there])[0]


def _change(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
    _refuse_converted(current)
    api.send("PATCH", f"{_PATH}/{quote(remote_id, safe='')}", fields, repeatable=True)


def _remove(api: Api, remote_id: str, _fields: dict[str, Any], current: Any) -> None:
    _refuse_converted(current)
    api.send("DELETE", f"{_PATH}/{quote(remote_id, safe='')}", repeatable=True)


def _refuse_converted(current: Any) -> None:
    if dig(current, "deal") is not MISSING:
        raise Rejected("the lead became a deal, and is changed there by that alone")


def _status(lead: Any) -> Any:
    if dig(lead, "deal") is not MISSING:
        return "QUALIFIED"
    archived = dig(lead, "is_archived")
    return archived if archived in (MISSING, None) else "CLOSED" if archived else "OPEN"


_live = Resource(
    mapping=Mapping(
        Lead,
        version="update_time",
        title="title",
        owner=ref("owner_id", whole=True),
        lead_source=at("source_name", read_only=True),
        status=compute(_status),
        first_name=at("person.first_name", create_only=True),
        last_name=at("person.last_name", create_only=True),
        email_addresses=reached("person.emails", "email_address", create_only=True),
        phone_numbers=reached("person.phones", "phone_number", create_only=True),
        addresses=compute(place("person.postal_address")),
        company=at("organization.name", create_only=True),
        converted_contact=ref("deal.person_id", read_only=True),
        converted_account=ref("deal.org_id", read_only=True),
        converted_opportunity=ref("deal.id", read_only=True),
        remote_created_at=instant("add_time", read_only=True),
        remote_updated_at=instant("update_time", read_only=True),
    ),
    list=GET(
        _PATH,
        items="data",
        params={"sort": "add_time"},
        paging=ByStart(_MOST),
        since=Since("updated_since", spell=since, stamp=instant("update_time")),
        behind=lambda api, moment, _place: (_with_whom(api, converted(api, moment)), None),
        then=_with_whom,
        calls=3,
    ),
    get=GET(f"{_PATH}/{{remote_id}}", find=_find, calls=3 + CALLS),
    create=_create,
    create_calls=7,
    update=PATCH(f"{_PATH}/{{remote_id}}", send=_change),
    delete=DELETE(f"{_PATH}/{{remote_id}}", send=_remove),
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
    quotes={
        "": Mapping(
            Lead,
            title=at("deal.title", read_only=True),
            owner=at("deal.owner_id", read_only=True),
            first_name=at("person.name", read_only=True),
            last_name=at("person.name", read_only=True),
        ),
        "person": contacts.mapping,
        "person.name": WHOLE_NAME,
        "organization": accounts.mapping,
        "deal": opportunities.mapping,
    },
)
leads = with_archived(_live, converted, calls=2)
