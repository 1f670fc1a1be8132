"""Recommended leads as members of an audience at Mailchimp, as `recommended-leads-mailchimp.yaml` says, over faults."""

from __future__ import annotations

from typing import Any, Final

import psycopg
import pytest
from pytest_django.fixtures import Settings

from tenants.scope import scope
from tests.emulators.engine import Emulator, emulating
from tests.emulators.faults import PAGE
from tests.emulators.vendors import mailchimp
from tests.emulators.vendors.mailchimp import audience, members
from tests.emulators.world import Clock
from tests.integrations.bridged.house import hasten
from tests.integrations.bridged.product import Beside
from tests.people import Person
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request
from unified_api.sync import clock

__all__ = ["call", "no_broker"]  # fixtures

#: Faults have the product wait and ask again, on a machine that may do much else.
pytestmark = pytest.mark.timeout(2700)
FILE: Final = "recommended-leads-mailchimp.yaml"


class Marketing(Beside):
    """An audience, and the product that recommends leads for it."""

    def recommend(self, name: str, **mapped: Any) -> None:
        """Have the product push a contact, with what has become of the lead."""
        targets = {target: {"value": value} for target, value in mapped.items()}
        told = {"first_name": name.title(), "last_name": "Stone"}
        mail = [{"email_address": f"{name}@acme.example"}]
        own = {"organization_defined_targets": targets, "linked_account_defined_targets": {}}
        self.push("crm.Contact", name, email_addresses=mail, field_mappings=own, **told)

    def member(self, name: str) -> dict[str, Any]:
        """Somebody as marketing knows them: one member of the audience."""
        address = f"{name}@acme.example"
        (found,) = [one for one in self.a.world.rows("member") if one["email_address"] == address]
        return found

    def merged(self, name: str) -> tuple[Any, ...]:
        """Name, outcome and amount of a member."""
        told = self.member(name)["merge_fields"]
        return tuple(told[tag] for tag in ("FNAME", "OUTCOME", "AMOUNT"))

    def subscription(self, name: str) -> Any:
        """What the product reads of whether somebody wants to be written to."""
        (found,) = [one for one in self.product.all("crm/v1/contacts") if one["remote_id"] == name]
        told = found["field_mappings"]["organization_defined_targets"]
        return told.get("subscription", {}).get("value")


def test_whatever_goes_wrong_marketing_knows_what_became_of_each_lead(
    alice: Person,
    call: Call,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is one member; outcome and amount go there, a corrected name stays, who unsubscribes is known here."""
    shared = Clock(clock.now())
    with emulating(mailchimp.vendor, shared) as system, scope(alice.tenant_id):
        house = Marketing(alice.tenant_id, (system,), shared, call, database)
        hasten(house, settings, monkeypatch)
        audience.add_field(system.world, "OUTCOME", "text", "Outcome")
        audience.add_field(system.world, "AMOUNT", "number", "Amount")
        members.add(system.world, "ben@acme.example", FNAME="Benjamin", LNAME="Stone")
        values = {"base_url": system.url, "list_id": mailchimp.LIST, "api_key": mailchimp.KEY}
        house.begin(alice, "crm", Request("mailchimp", "customer-1", values))
        house.map(FILE)
        _trouble(system)
        house.apply(FILE)
        for name in ("ada", "ben", "cleo"):
            house.recommend(name)
        house.round()
        house.approve_all("Contact")
        house.rounds(still=2)
        assert [house.subscription(name) for name in ("ada", "ben")] == [None, "subscribed"]

        house.recommend("ada", outcome="WON", amount=1250)
        house.recommend("ben", outcome="LOST")
        members.change(system.world, house.member("ada"), merge_fields={"FNAME": "Augusta"})
        members.change(system.world, house.member("ben"), "unsubscribe", status="unsubscribed")
        house.rounds(still=2)
        assert house.merged("ada") == ("Augusta", "WON", 1250)
        assert house.merged("ben") == ("Benjamin", "LOST", "")
        assert house.merged("cleo") == ("Cleo", "", "")
        assert house.subscription("ben") == "unsubscribed"
        assert house.problems("Contact") == set()
        assert house.stays_quiet()

    assert [f"{one.on}: {one.times}" for one in system.faults.all if one.times] == []
    assert (len(system.world.rows("member")), system.violations) == (3, [])


def _trouble(system: Emulator) -> None:
    """What may go wrong, some times each."""
    system.faults.lose("POST */members", every=2)
    system.faults.lose("PATCH *", every=2)
    system.faults.refuse(429, "*", every=7, times=2)
    system.faults.refuse(503, "GET *", every=5, times=3, body=PAGE)
    system.faults.cut("GET *", every=6, times=3)
