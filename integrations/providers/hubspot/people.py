"""Contacts, companies as accounts, and owners as users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Gone
from integrations.kit.lenses import at, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State, Turn
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.hubspot.associations import Link
from integrations.providers.hubspot.lenses import WholeLens, emails, first, of, one_address, phones, when
from integrations.providers.hubspot.records import PAGES, Kind, resource
from unified_api.models.crm import Account, Contact, User

_OWNERS = "/crm/v3/owners"
_ADDRESS = ("address", "city", "state", "zip", "country")
#: What all kinds share, which common fields show.
SHARED = ("hubspot_owner_id", "notes_last_updated", "createdate", "hs_lastmodifieddate")


def version(record: Any) -> Any:
    """When it changed, in a form that grows as text: fractions of a second may be left out there."""
    told = when("updatedAt").read(record)
    return told if told in (None, MISSING) else told.isoformat(timespec="microseconds")


contact = Kind(name="contacts", changed="lastmodifieddate", links={"companies": Link(1, primary=True)})
company = Kind(name="companies")

contacts = resource(
    contact,
    Mapping(
        Contact,
        version=compute(version),
        gone="archived",
        first_name=of("firstname"),
        last_name=of("lastname"),
        account=first("companies", primary=True),
        owner=ref(of("hubspot_owner_id")),
        addresses=one_address(),
        email_addresses=emails(),
        phone_numbers=phones(),
        last_activity_at=when(of("notes_last_updated"), read_only=True),
        remote_created_at=when("createdAt", read_only=True),
    ),
    (
        *SHARED,
        *_ADDRESS,
        *("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone"),
    ),
    recognise=("email_addresses",),
)
accounts = resource(
    company,
    Mapping(
        Account,
        version=compute(version),
        gone="archived",
        name=of("name"),
        description=of("description"),
        industry=of("industry"),
        website=of("website"),
        number_of_employees=WholeLens(path=of("numberofemployees")),
        owner=ref(of("hubspot_owner_id")),
        addresses=one_address(second_line=True),
        phone_numbers=compute(
            lambda one: (
                found
                if (found := dig(one, of("phone"))) is MISSING
                else [{"phone_number": found}] * bool(found)
            )
        ),
        last_activity_at=when(of("notes_last_updated"), read_only=True),
        remote_created_at=when("createdAt", read_only=True),
        remote_updated_at=when("updatedAt", read_only=True),
    ),
    (
        *SHARED,
        *_ADDRESS,
        *("address2", "name", "description", "industry", "website", "numberofemployees", "phone"),
    ),
    recognise=("name",),
)


@dataclass(frozen=True)
class ByArchive:
    """Pages of those that are there, and then of those that are archived."""

    def params(self, state: State | None) -> dict[str, str]:
        """Which of the two, and the cursor."""
        archived = {"archived": "true" if state and state.get("archived") else "false"}
        return {**archived, **PAGES.params(state if state and "cursor" in state else None)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The cursor; behind the last one the archived ones, once."""
        archived = bool(state and state.get("archived"))
        following = PAGES.next(state if state and "cursor" in state else None, turn)
        if following is not None:
            return {**following, "archived": archived}
        return None if archived else {"archived": True}


def _owner(api: Api, remote_id: str) -> Any:
    """An owner, also one that is archived."""
    if not remote_id.isdigit():
        return None
    for archived in ("false", "true"):
        try:
            return api.get(f"{_OWNERS}/{int(remote_id)}", {"archived": archived})
        except Gone:
            continue
    return None


def _name(owner: Any) -> Any:
    """First and last name, or the address where there is neither."""
    parts = [dig(owner, "firstName"), dig(owner, "lastName")]
    if parts == [MISSING, MISSING]:
        return dig(owner, "email")
    return " ".join(part for part in parts if part) or dig(owner, "email") or None


def _is_active(owner: Any) -> Any:
    archived = dig(owner, "archived")
    return archived if archived in (MISSING, None) else archived is False


users = Resource(
    mapping=Mapping(
        User,
        version=compute(version),
        name=compute(_name),
        email=at("email", read_only=True),
        is_active=compute(_is_active),
    ),
    list=GET(f"{_OWNERS}/", items="results", paging=ByArchive()),
    get=GET(f"{_OWNERS}/{{remote_id}}", find=_owner),
    frequency=900.0,
)
