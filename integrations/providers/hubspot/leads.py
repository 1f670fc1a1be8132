"""Leads: each says that a contact may buy, and shows who that is; made together with the contact, if there is none.

A contact that has the address already is taken as it is. All its properties are shown below `contact.properties`, among
them those that marketing keeps there, such as downloads and answers to campaigns. A contact that changes does not move
its lead: behind the leads that changed come those of the contacts that did.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.lens import ComputeLens
from integrations.kit.lenses import at, choice, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.providers.hubspot.archived import archived
from integrations.providers.hubspot.associations import Link, associated
from integrations.providers.hubspot.lenses import emails, of, one_address, phones, when
from integrations.providers.hubspot.people import SHARED, contact, contacts, version
from integrations.providers.hubspot.properties import WITHIN, forms, spelled, told_apart
from integrations.providers.hubspot.records import LINKS, OBJECTS, Kind, resource
from integrations.providers.hubspot.searching import MOST, changed_among
from unified_api.models.crm import Lead

_CONTACT, _CONTACTS = "contact", "contacts"
#: Under which an item of the search says of which kind it is.
_KIND = "kind"
_NAME, _STAGE = "hs_lead_name", "hs_pipeline_stage"
#: Of the pipeline that every account has; stages of the customer's own pass through.
_STATUS = {
    "OPEN": ("new-stage-id", "attempting-stage-id", "connected-stage-id"),
    "QUALIFIED": "qualified-stage-id",
    "UNQUALIFIED": "unqualified-stage-id",
}


class _Leads(Kind):
    @property
    def tables(self) -> tuple[str, ...]:
        """Those of contacts, too."""
        return (*super().tables, contact.name)

    @property
    def calls_to_read(self) -> int:
        """One more, for contacts."""
        return super().calls_to_read + 1

    @property
    def calls_to_make(self) -> int:
        """Two more: the contact is looked for, and made."""
        return super().calls_to_make + 2

    def whole(self, api: Api, items: list[Any]) -> list[Any]:
        """With their contacts; nothing is said of these where they may not be seen."""
        leads = super().whole(api, items)
        known = {id_ for lead in leads for id_ in lead[LINKS].get(_CONTACTS, [])[:1]}
        found = {one["id"]: one for one in _contacts(api, sorted(known))}
        return [
            {**lead, _CONTACT: found.get(next(iter(lead[LINKS][_CONTACTS]), ""))}
            if _CONTACTS in lead[LINKS]
            else lead
            for lead in leads
        ]

    def news(self, api: Api, items: list[Any]) -> list[Any]:
        """Leads that changed, or those that show a contact that did; all that is on a page is of one kind."""
        if not items or items[0][_KIND] != _CONTACTS:
            return self.whole(api, items)
        there = associated(api, (contact.name, self.name), Link(607), items) or {}
        ids = sorted({lead for leads in there.values() for lead in leads})
        batches = [[{"id": one} for one in ids[at : at + MOST]] for at in range(0, len(ids), MOST)]
        changed = {item["id"] for item in items}
        found = [lead for batch in batches for lead in self.whole(api, batch)]
        return [lead for lead in found if changed & set(lead[LINKS].get(_CONTACTS, [])[:1])]

    def make(self, api: Api, body: dict[str, Any]) -> str:
        """A lead of the contact that has the address, or of a new one."""
        who = {name: value for name, value in dig(body, (_CONTACT, WITHIN)).items() if value is not None}
        name = " ".join(who[part] for part in ("firstname", "lastname") if part in who) or who["email"]
        told = {
            _NAME: name,
            **{key: value for key, value in body.get(WITHIN, {}).items() if value is not None},
        }
        return super().make(api, {WITHIN: told, LINKS: {_CONTACTS: [_contact_of(api, who)]}})


def _contacts(api: Api, ids: list[str]) -> list[Any]:
    if not ids:
        return []
    known = forms(api, contact.name)
    asked = {
        "inputs": [{"id": one} for one in ids],
        "properties": sorted(known),
        "propertiesWithHistory": [],
    }
    found = api.ask(f"{contact.path}/batch/read", asked)["results"]
    return [{**one, WITHIN: told_apart(known, one[WITHIN])} for one in found]


def _contact_of(api: Api, who: dict[str, Any]) -> str:
    """The contact with an address, which is made if there is none."""
    with suppress(Gone):
        path = f"{OBJECTS}/{contact.name}/{quote(who['email'], safe='')}"
        return str(api.get(path, {"idProperty": "email"})["id"])
    return str(api.send("POST", contact.path, {WITHIN: spelled(who), LINKS: []})["id"])


def _of_contact(lens: ComputeLens) -> ComputeLens:
    """What a lens finds in the contact of a lead; said when it is made."""
    reader, writer = lens.reader, lens.writer
    assert writer is not None  # noqa: S101 - those of contacts write

    def read(lead: Any) -> Any:
        found = dig(lead, _CONTACT)
        return found if found in (MISSING, None) else reader(found)

    def write(value: Any, _current: Any) -> dict[str, Any]:
        return {_CONTACT: writer(value, None)}

    return ComputeLens(reader=read, writer=write, create_only=True)


def _if_qualified(kind: str) -> Any:
    """The first record of a kind with which a lead is associated, once it is qualified."""

    def read(lead: Any) -> Any:
        stage, there = dig(lead, of(_STAGE)), dig(lead, (LINKS, kind))
        if MISSING in (stage, there):
            return MISSING
        return next(iter(there), None) if stage == _STATUS["QUALIFIED"] else None

    return compute(read)


_lead = _Leads(
    name="leads",
    created="hs_createdate",
    links={_CONTACTS: Link(578, primary=True), "companies": Link(610), "deals": Link()},
)
_alone = resource(
    _lead,
    Mapping(
        Lead,
        version=compute(version),
        gone="archived",
        title=of(_NAME),
        owner=ref(of("hubspot_owner_id")),
        status=choice(of(_STAGE), _STATUS, read_only=True),
        first_name=at(f"{_CONTACT}.{of('firstname')}", create_only=True),
        last_name=at(f"{_CONTACT}.{of('lastname')}", create_only=True),
        company=at(f"{_CONTACT}.{of('company')}", create_only=True),
        addresses=_of_contact(one_address()),
        email_addresses=_of_contact(emails()),
        phone_numbers=_of_contact(phones()),
        converted_contact=_if_qualified(_CONTACTS),
        converted_account=_if_qualified("companies"),
        converted_opportunity=_if_qualified("deals"),
        remote_created_at=when("createdAt", read_only=True),
        remote_updated_at=when("updatedAt", read_only=True),
    ),
    (*SHARED, "hs_createdate", _NAME),
    recognise=("email_addresses",),
    quotes={_CONTACT: contacts.mapping},
)
_stamps = {kind.name: kind.changed for kind in (_lead, contact)}
leads = replace(
    _alone,
    changes=changed_among(
        f"{OBJECTS}/{{{_KIND}}}",
        _KIND,
        _stamps,
        _lead.news,
        partial(archived, _lead.path),
        if_allowed=(_CONTACTS,),
    ),
)
