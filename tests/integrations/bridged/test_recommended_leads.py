"""Recommended leads, as `recommended-leads-hubspot.yaml` and those of Pipedrive and Salesforce say, over faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.emulators.engine import Emulator, emulating
from tests.emulators.faults import PAGE
from tests.emulators.vendors import hubspot as hub
from tests.emulators.vendors import pipedrive as pipe
from tests.emulators.vendors import salesforce as org
from tests.emulators.vendors.hubspot import links, objects
from tests.emulators.vendors.hubspot.common import API as OBJECTS
from tests.emulators.vendors.pipedrive import first, records
from tests.emulators.vendors.salesforce import acts
from tests.emulators.vendors.salesforce.common import API, refusal
from tests.emulators.world import Clock, Record, World
from tests.integrations.bridged.house import Party, hasten
from tests.integrations.bridged.recommended import Recommended, Sales, play
from tests.people import Person
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request
from unified_api.sync import clock, steer

__all__ = ["call", "no_broker"]  # fixtures

#: Faults have the product wait and ask again, on a machine that may do much else.
pytestmark = pytest.mark.timeout(2700)
LOCKED: Final = refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record").told


@dataclass
class Portal:
    """Sales at HubSpot: a lead is a contact's, and a deal is associated with the lead of which it came."""

    world: World

    def known(self, address: str) -> dict[str, Any]:
        """See Sales."""
        self._lead(address)
        told = self._contact(address)["properties"]
        return {
            "first_name": told["firstname"],
            "last_name": told["lastname"],
            "company": told["company"],
        }

    def correct(self, address: str, company: str) -> None:
        """See Sales."""
        objects.edit(self.world, "contacts", self._contact(address), company=company)

    def accept(self, address: str, sale: str) -> None:
        """See Sales."""
        lead = self._lead(address)
        objects.edit(self.world, "leads", lead, hs_pipeline_stage="qualified-stage-id")
        deal = objects.new(self.world, "deals", dealname=sale, dealstage="appointmentscheduled")
        links.associate(self.world, "leads", lead["id"], "deals", deal["id"], [])

    def decline(self, address: str) -> str:
        """See Sales."""
        objects.edit(self.world, "leads", self._lead(address), hs_pipeline_stage="unqualified-stage-id")
        return "UNQUALIFIED"

    def win(self, address: str, amount: str) -> None:
        """See Sales."""
        objects.edit(self.world, "deals", self._deal(address), dealstage="closedwon", amount=amount)

    def lose(self, address: str, reason: str) -> None:
        """See Sales."""
        told = {"dealstage": "closedlost", "closed_lost_reason": reason}
        objects.edit(self.world, "deals", self._deal(address), **told)

    def _contact(self, address: str) -> Record:
        (found,) = [one for one in self.world.rows("contacts") if one["properties"].get("email") == address]
        return found

    def _lead(self, address: str) -> Record:
        (there,) = links.of(self.world, "contacts", self._contact(address)["id"], "leads")
        return self.world.table("leads")[there["to_id"]]

    def _deal(self, address: str) -> Record:
        (there,) = links.of(self.world, "leads", self._lead(address)["id"], "deals")
        return self.world.table("deals")[there["to_id"]]


@dataclass
class Organization:
    """Sales at Salesforce: who is accepted is converted."""

    world: World

    def known(self, address: str) -> dict[str, Any]:
        """See Sales."""
        told = self._lead(address)["values"]
        names = {
            "FirstName": "first_name",
            "LastName": "last_name",
            "Company": "company",
            "Title": "title",
            "LeadSource": "lead_source",
        }
        return {common: told[name] for name, common in names.items()}

    def correct(self, address: str, company: str) -> None:
        """See Sales."""
        acts.edit(self.world, "Lead", self._lead(address), Company=company)

    def accept(self, address: str, sale: str) -> None:
        """See Sales."""
        acts.convert(self.world, self._lead(address), sale)

    def decline(self, address: str) -> str:
        """See Sales."""
        acts.edit(self.world, "Lead", self._lead(address), Status="Closed - Not Converted")
        return "UNQUALIFIED"

    def win(self, address: str, amount: str) -> None:
        """See Sales."""
        told = {"StageName": "Closed Won", "Amount": float(amount)}
        acts.edit(self.world, "Opportunity", self._sale(address), **told)

    def lose(self, address: str, reason: str) -> None:
        """See Sales."""
        told = {"StageName": "Closed Lost", "Loss_Reason__c": reason}
        acts.edit(self.world, "Opportunity", self._sale(address), **told)

    def _lead(self, address: str) -> Record:
        (found,) = [one for one in self.world.rows("Lead") if one["values"]["Email"] == address]
        return found

    def _sale(self, address: str) -> Record:
        return self.world.table("Opportunity")[self._lead(address)["values"]["ConvertedOpportunityId"]]


@dataclass
class Company:
    """Sales at Pipedrive: who is accepted becomes a deal, and is no lead any more; who is declined is archived."""

    world: World

    def known(self, address: str) -> dict[str, Any]:
        """See Sales."""
        lead, person = self._lead(address), self._person(address)
        company = self.world.get("organizations", lead["organization_id"])["name"]
        names = {"first_name": person["first_name"], "last_name": person["last_name"]}
        return {**names, "company": company, "title": lead["title"]}

    def correct(self, address: str, company: str) -> None:
        """See Sales."""
        there = self.world.get("organizations", self._lead(address)["organization_id"])
        records.edit(self.world, "organizations", there, name=company)

    def accept(self, address: str, sale: str) -> None:
        """See Sales."""
        first.convert(self.world, self._lead(address), sale)

    def decline(self, address: str) -> str:
        """See Sales; the complete reading that shows it comes at once."""
        first.archive(self.world, self._lead(address))
        with transaction.atomic():
            steer.read_account_again(LinkedAccount.objects.get(integration="pipedrive").id)
        return "CLOSED"

    def win(self, address: str, amount: str) -> None:
        """See Sales."""
        records.edit(self.world, "deals", self._deal(address), status="won", value=float(amount))

    def lose(self, address: str, reason: str) -> None:
        """See Sales."""
        records.edit(self.world, "deals", self._deal(address), status="lost", lost_reason=reason)

    def _person(self, address: str) -> Record:
        (found,) = [
            one for one in self.world.rows("persons") if address in [mail["value"] for mail in one["emails"]]
        ]
        return found

    def _lead(self, address: str) -> Record:
        return self._of("leads", address)

    def _deal(self, address: str) -> Record:
        return self._of("deals", address)

    def _of(self, kind: str, address: str) -> Record:
        person = self._person(address)["id"]
        there = [one for one in self.world.rows(kind) if one["person_id"] == person]
        (found,) = [one for one in there if one["title"] != "Faxes"]
        return found


@dataclass(frozen=True)
class Place:
    """A system: who sells there, and what goes wrong, some times each."""

    party: Party
    sales: Callable[[World], Sales]
    trouble: Callable[[Emulator], None]


def _sold_to_before(world: World, address: str) -> None:
    """Somebody who will be recommended was a lead once: it became a deal, which was lost."""
    emails = [{"value": address, "primary": True}]
    person = records.new(world, "persons", name="Ada de la Cruz", emails=emails)["id"]
    deal = first.convert(world, first.new_lead(world, "Faxes", person_id=person), "Faxes")
    records.edit(world, "deals", deal, status="lost", lost_reason="Too early")


def _at_portal(portal: Emulator) -> None:
    portal.faults.lose(f"POST {OBJECTS}/leads", every=2, times=2)
    portal.faults.refuse(429, "*", every=11, times=4, headers={"Retry-After": "3"})
    portal.faults.refuse(503, "POST *", every=8, times=4, body=PAGE)
    portal.faults.cut("POST */batch/read", every=13, times=3)


def _at_organization(organization: Emulator) -> None:
    organization.faults.lose(f"POST {API}/sobjects/Lead", every=2, times=2)
    organization.faults.refuse(400, f"POST {API}/sobjects/*", every=3, body=LOCKED)
    organization.faults.refuse(503, "GET *", every=9, times=4, body=PAGE)
    organization.faults.cut("GET *", every=12, times=4)


def _at_company(company: Emulator) -> None:
    _sold_to_before(company.world, "ada@acme.example")
    company.faults.lose("POST /leads", every=2, times=2)
    company.faults.lose("POST /persons", every=3)
    company.faults.refuse(503, "GET *", every=9, times=4, body=PAGE)
    company.faults.cut("GET /leads*", every=5, times=4)


PLACES: Final[Mapping[str, Place]] = {
    "recommended-leads-hubspot.yaml": Place(
        Party(hub.vendor, "hubspot", {"private_app_token": hub.TOKEN}, ("*/search", "*/batch/read")),
        Portal,
        _at_portal,
    ),
    "recommended-leads-pipedrive.yaml": Place(
        Party(pipe.vendor, "pipedrive", {"api_token": pipe.TOKEN}), Company, _at_company
    ),
    "recommended-leads-salesforce.yaml": Place(
        Party(org.vendor, "salesforce", {"access_token": org.TOKEN}, (f"{API}/composite/sobjects/*",)),
        Organization,
        _at_organization,
    ),
}


@pytest.mark.parametrize("file", PLACES)
def test_whatever_goes_wrong_recommended_leads_come_back_as_what_they_were_worth(
    file: str,
    alice: Person,
    call: Call,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests are refused, cut, and done with their answer lost; each lead and each sale is there once."""
    place, shared = PLACES[file], Clock(clock.now())
    party = place.party
    with emulating(party.vendor, shared) as system, scope(alice.tenant_id):
        house = Recommended(alice.tenant_id, (system,), shared, call, database, party.asks)
        hasten(house, settings, monkeypatch)
        house.sales = place.sales(system.world)
        house.begin(alice, "crm", Request(party.slug, "customer-1", {**party.values, "base_url": system.url}))
        house.map(file)
        place.trouble(system)
        house.apply(file)
        play(house, still=2)

    assert [f"{one.on}: {one.times}" for one in system.faults.all if one.times] == []
    assert system.violations == []
