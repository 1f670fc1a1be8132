"""HubSpot and Salesforce, kept equal as `hubspot-salesforce.yaml` says: leads, and what sales makes of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import pytest
from pytest_django.fixtures import Settings

from tests.emulators.engine import Emulator
from tests.emulators.faults import PAGE
from tests.emulators.vendors import hubspot as hub
from tests.emulators.vendors import salesforce as sales
from tests.emulators.vendors.hubspot import links, objects, properties
from tests.emulators.vendors.hubspot.common import API as OBJECTS
from tests.emulators.vendors.salesforce import acts
from tests.emulators.vendors.salesforce.common import API, refusal
from tests.emulators.world import Record
from tests.integrations.bridged.house import House, Party, hasten, housed, link
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker, tenant

#: Faults have the product wait and ask again, on a machine that may do much else.
pytestmark = pytest.mark.timeout(1200)

__all__ = ["call", "no_broker", "tenant"]  # fixtures

FILE: Final = "hubspot-salesforce.yaml"
PARTIES: Final = (
    Party(hub.vendor, "hubspot", {"private_app_token": hub.TOKEN}, ("*/search", "*/batch/read")),
    Party(sales.vendor, "salesforce", {"access_token": sales.TOKEN}, (f"{API}/composite/sobjects/*",)),
)
LOCKED: Final = refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record").told
#: The status that Salesforce gives a new lead: nobody has edited it, so that it need not come back.
FIRST: Final = "Open - Not Contacted"
STAGES: Final = ("Prospecting", "Negotiation/Review", "Closed won", "Closed lost")


class Both(House):
    """A portal and an organization, and what people do there."""

    def prepare(self) -> None:
        """Have administrators make the properties that the file names, and a pipeline with the stages of sales."""
        for kind, name in (
            ("contacts", "download"),
            ("contacts", "campaign_answer"),
            ("leads", "sales_status"),
        ):
            properties.add_property(self.a.world, kind, name, custom=True)
        (pipeline, renewals) = self.a.world.rows("pipeline")
        first, won, lost = pipeline["stages"]
        named = [first, {**first, "id": "negotiation"}, won, lost]
        pipeline["stages"] = [
            {**one, "label": label, "displayOrder": place}
            for place, (one, label) in enumerate(zip(named, STAGES, strict=True))
        ]
        del self.a.world.table("pipeline")[str(renewals["id"])]

    def interest(self, name: str, **told: str) -> Record:
        """Have marketing win a lead; it keeps in the contact what that one has downloaded and answered."""
        person = {
            "firstname": name,
            "lastname": "Stone",
            "company": "Acme",
            "email": f"{name.lower()}@acme.example",
        }
        who = objects.new(self.a.world, "contacts", **{**person, **told})
        lead = objects.new(self.a.world, "leads", hs_lead_name=name)
        links.associate(self.a.world, "leads", lead["id"], "contacts", who["id"], [])
        return lead

    def say(self, lead: Record, **told: str) -> None:
        """Have marketing learn something of the contact of a lead, which does not move itself."""
        objects.edit(self.a.world, "contacts", self.contact(lead), **told)

    def contact(self, lead: Record) -> Record:
        """Whom a lead is about."""
        email = f"{lead['properties']['hs_lead_name'].lower()}@acme.example"
        (found,) = [one for one in self.a.world.rows("contacts") if one["properties"].get("email") == email]
        return found

    def known(self, lead: Record) -> Record:
        """What sales has of it, of which there has to be one."""
        email = f"{lead['properties']['hs_lead_name'].lower()}@acme.example"
        (found,) = [one for one in self.b.world.rows("Lead") if one["values"]["Email"] == email]
        return found

    def edit(self, kind: str, record: Record, **told: Any) -> None:
        """Have sales change something."""
        acts.edit(self.b.world, kind, record, **told)

    def deal(self, sale: Record) -> Record:
        """What marketing has of a sale."""
        (found,) = [
            one
            for one in self.a.world.rows("deals")
            if one["properties"]["dealname"] == sale["values"]["Name"]
        ]
        return found

    def differences(self) -> list[str]:
        """What both sides do not agree on, of what the bridge carries."""
        found = []
        for lead in self.a.world.rows("leads"):
            told, there = self.contact(lead)["properties"], self.known(lead)["values"]
            pairs = {
                "download": (told.get("download") or None, there["Download__c"]),
                "answer": (told.get("campaign_answer") or None, there["Campaign_Answer__c"]),
                "status": (lead["properties"].get("sales_status") or FIRST, there["Status"]),
            }
            found += [f"{there['Name']}: {name} {a} {b}" for name, (a, b) in pairs.items() if a != b]
        for sale in self.b.world.rows("Opportunity"):
            told, there = self.deal(sale)["properties"], sale["values"]
            pairs = {
                "amount": (float(told.get("amount") or 0), float(round(there["Amount"] or 0))),
                "reason": (told.get("closed_lost_reason") or None, there["Loss_Reason__c"]),
                "won": (told["hs_is_closed_won"], str(there["IsWon"]).lower()),
                "closed": (told["hs_is_closed"], str(there["IsClosed"]).lower()),
            }
            found += [f"{there['Name']}: {name} {a} {b}" for name, (a, b) in pairs.items() if a != b]
        return found


@pytest.fixture
def both(
    tenant: uuid.UUID,
    call: Call,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Both]:
    """Both systems, running, and neither linked yet."""
    with housed(PARTIES, tenant, call, database) as house:
        hasten(house, settings, monkeypatch)
        made = Both(**vars(house))
        made.prepare()
        yield made


def test_leads_go_to_sales_and_what_became_of_them_comes_back(both: Both) -> None:
    """With the download and the answer; status, conversion, loss and its reason return; nobody's own is overwritten."""
    ada = both.interest("Ada", download="Whitepaper")
    both.interest("Ben", campaign_answer="Webinar")
    nameless = objects.new(both.a.world, "contacts", email="info@acme.example")
    waits = objects.new(both.a.world, "leads", hs_lead_name="Info")
    links.associate(both.a.world, "leads", waits["id"], "contacts", nameless["id"], [])
    acts.new(both.b.world, "Lead", LastName="Own", Company="Elsewhere", Email="own@elsewhere.example")
    link(both, PARTIES)
    both.map(FILE)
    both.apply(FILE)
    plan = both.plan("Lead")
    assert plan["counts"]["create"] == 2
    for model in ("Stage", "Opportunity", "Lead"):
        both.approve(both.plan(model))
        both.rounds()

    there = both.known(ada)
    assert {name: there["values"][name] for name in ("Name", "Company", "LeadSource", "Download__c")} == {
        "Name": "Ada Stone",
        "Company": "Acme",
        "LeadSource": "Marketing",
        "Download__c": "Whitepaper",
    }
    assert len(both.b.world.rows("Lead")) == 3
    assert len(both.a.world.rows("leads")) == 3

    both.edit("Lead", there, Company="Acme & Sons", Status="Working - Contacted")
    lists = _complete_lists(both)
    both.say(ada, campaign_answer="Yes, call me")
    both.round()
    assert there["values"]["Campaign_Answer__c"] == "Yes, call me"
    assert _complete_lists(both) == lists
    both.rounds()
    assert ada["properties"]["sales_status"] == "Working - Contacted"
    assert (there["values"]["Campaign_Answer__c"], there["values"]["Company"]) == (
        "Yes, call me",
        "Acme & Sons",
    )

    sale = acts.convert(both.b.world, there, "Ten printers")["Opportunity"]
    both.edit("Opportunity", sale, Amount=1500)
    both.rounds()
    assert ada["properties"]["sales_status"] == "Closed - Converted"
    assert both.deal(sale)["properties"]["amount"] == "1500"
    both.edit("Opportunity", sale, StageName="Closed Lost", Loss_Reason__c="Price")
    both.rounds()
    lost = both.deal(sale)["properties"]
    assert (lost["hs_is_closed"], lost["hs_is_closed_won"], lost["closed_lost_reason"]) == (
        "true",
        "false",
        "Price",
    )
    assert [both.problems(model) for model in ("Stage", "Opportunity", "Lead")] == [set(), set(), set()]


def test_what_marketing_learns_of_a_converted_lead_is_a_problem_and_is_not_sent_again(both: Both) -> None:
    """It is read-only at sales; the head of the file says so. What sales makes of it comes back all the same."""
    ada = both.interest("Ada", download="Whitepaper")
    link(both, PARTIES)
    both.map(FILE)
    both.apply(FILE, "--live")
    both.rounds()
    sale = acts.convert(both.b.world, both.known(ada), "Ten printers")["Opportunity"]
    both.say(ada, download="Another paper")
    both.rounds()
    before = both.writes()
    both.edit("Opportunity", sale, Amount=1500)
    both.round()

    assert both.known(ada)["values"]["Download__c"] == "Whitepaper"
    assert {field for _side, _kind, field in both.problems("Lead")} == {"field_mappings.download"}
    assert both.deal(sale)["properties"]["amount"] == "1500"
    assert both.writes() == before + 1


def test_of_several_addresses_sales_gets_the_first(both: Both) -> None:
    """Salesforce has one; by whichever of them sales knows a lead, that one is found."""
    ada = both.interest("Ada", hs_additional_emails="ada@home.example;countess@home.example")
    both.interest("Ben", hs_additional_emails="ben@home.example")
    acts.new(both.b.world, "Lead", LastName="Stone", Company="Acme", Email="ben@home.example")
    link(both, PARTIES)
    both.map(FILE)
    both.apply(FILE, "--live")
    both.rounds()

    assert both.known(ada)["values"]["Email"] == "ada@acme.example"
    assert sorted(one["values"]["Email"] for one in both.b.world.rows("Lead")) == [
        "ada@acme.example",
        "ben@home.example",
    ]
    assert both.problems("Lead") == set()


def test_whatever_goes_wrong_both_sides_end_equal_and_at_rest(both: Both) -> None:
    """Limits, locks, failures, lost and halved answers, an index that comes behind; then not a write any more."""
    there = [both.interest(name, download=f"Paper {name}") for name in ("Ada", "Ben", "Cleo", "Dan")]
    link(both, PARTIES)
    both.map(FILE)
    _trouble(both.a, both.b)
    both.apply(FILE, "--live")
    both.round()
    later = both.interest("Eve")
    both.rounds(still=2)
    assert both.differences() == []

    ada, ben, cleo, dan = (both.known(one) for one in there)
    both.edit("Lead", ada, Status="Working - Contacted")
    both.say(there[0], campaign_answer="Yes")
    both.say(there[1], campaign_answer="No", download="Another paper")
    both.edit("Lead", ben, Status="Closed - Not Converted", Company="Umbrella")
    sale = acts.convert(both.b.world, cleo, "Ten printers")["Opportunity"]
    both.round()
    day = datetime(2027, 3, 1, tzinfo=UTC).date()
    both.edit(
        "Opportunity", sale, StageName="Closed Lost", Loss_Reason__c="Price", Amount=99.5, CloseDate=day
    )
    won = acts.convert(both.b.world, dan, "Twenty printers")["Opportunity"]
    both.say(later, download="The last paper")
    both.round()
    both.edit("Opportunity", won, StageName="Closed Won", Amount=3000)
    both.rounds(still=2)
    before = both.writes()
    for _ in range(10):
        both.round()

    assert [
        f"{one.on}: {one.times}" for side in (both.a, both.b) for one in side.faults.all if one.times
    ] == []
    assert (both.differences(), both.writes()) == ([], before)
    assert [len(both.a.world.rows(kind)) for kind in ("leads", "deals")] == [5, 2]
    assert [len(both.b.world.rows(kind)) for kind in ("Lead", "Opportunity")] == [5, 2]
    assert [both.problems(model) for model in ("Stage", "Opportunity", "Lead")] == [set(), set(), set()]


def _complete_lists(both: Both) -> int:
    """How often HubSpot was asked for all leads; what was archived is asked for with every reading of changes."""
    asked = both.a.asked("GET", f"{OBJECTS}/leads")
    return sum(one.asked("archived") == "false" for one in asked)


def _trouble(portal: Emulator, org: Emulator) -> None:
    """What may go wrong, some times each."""
    portal.faults.refuse(429, "*", every=11, times=4, headers={"Retry-After": "3"})
    portal.faults.refuse(503, "GET *", every=8, times=4, body=PAGE)
    portal.faults.lose("PATCH */leads/*", every=2, times=2)
    portal.faults.cut("GET *", every=13, times=3)
    org.faults.lose(f"POST {API}/sobjects/Lead", every=2, times=2)
    org.faults.lose("PATCH *", every=3)
    org.faults.refuse(400, f"POST {API}/sobjects/*", every=3, body=LOCKED)
    org.faults.refuse(503, "GET *", every=9, times=4, body=PAGE)
    org.faults.cut("GET *", every=12, times=4)
