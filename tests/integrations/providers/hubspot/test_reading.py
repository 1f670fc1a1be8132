"""What is read of a portal, and the traps in reading it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Misconfigured, NeedsReauthorisation, RetryLater
from integrations.kit.paging import Turn
from integrations.providers.hubspot import archived
from integrations.providers.hubspot.searching import ByStamp
from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import PORTAL, links, objects, searching
from tests.emulators.vendors.hubspot.common import API, BATCHES_FOLLOW, NEW_IDS
from tests.integrations.providers.hubspot.portal import (
    account_at,
    everything,
    own,
    pages_of,
    resource_of,
    sent,
)
from unified_api.models.crm import Account, Contact, Engagement, Lead, Opportunity, Stage, User


def test_the_account_is_known_by_its_portal(portal: Emulator, client: Client) -> None:
    """By its number; another token is refused."""
    assert client.check() == str(PORTAL)
    with account_at(portal, "pat-other") as other, pytest.raises(NeedsReauthorisation):
        other.check()


def test_records_are_read_with_all_properties_and_what_they_are_associated_with(
    portal: Emulator, client: Client
) -> None:
    """In batches by id: neither lists nor the search show these."""
    world = portal.world
    acme = objects.new(world, "companies", name="Acme", numberofemployees="250", phone="1")
    other = objects.new(world, "companies", name="Other")
    told = {"firstname": "Ada", "email": "ada@acme.example", "vip": "true", "interests": "printers;scanners"}
    ada = objects.new(world, "contacts", **told, hubspot_owner_id="1001", city="Cambridge")
    for one in (other, acme):
        links.associate(world, "contacts", ada["id"], "companies", one["id"], [{"associationTypeId": 1}])
    deal = objects.new(world, "deals", dealname="Ten printers", amount="99.5", dealstage="closedwon")
    contact, sale = everything(client, Contact)[ada["id"]], everything(client, Opportunity)[deal["id"]]

    assert (contact.values["first_name"], contact.values["account"]) == ("Ada", acme["id"])
    assert contact.values["email_addresses"] == [{"email_address": "ada@acme.example"}]
    assert contact.values["addresses"] == [{"city": "Cambridge"}]
    assert (contact.raw["properties"]["vip"], contact.raw["properties"]["interests"]) == (
        True,
        ["printers", "scanners"],
    )
    assert everything(client, Account)[acme["id"]].values["number_of_employees"] == 250
    assert (sale.values["amount"], sale.values["status"], sale.values["account"]) == (100, "WON", None)
    assert contact.values["remote_created_at"] == datetime(2026, 1, 31, 11, tzinfo=UTC)


def test_owners_and_stages_are_read_also_those_who_are_gone(portal: Emulator, client: Client) -> None:
    """An archived owner is a user who is not active; a stage is one of each pipeline."""
    users = everything(client, User)

    assert {(o.values["name"], o.values["is_active"]) for o in users.values()} == {
        ("Ada Admin", True),
        ("Ben", True),
        ("Cleo Former", False),
    }
    assert client.read(resource_of(User), "1003").values["is_active"] is False
    with pytest.raises(Gone):
        client.read(resource_of(User), "9")
    assert len(everything(client, Stage)) == 6
    assert len(portal.asked("GET", "/crm/v3/owners/")) == 2


def test_ten_thousand_rows_are_no_end(
    portal: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the window of the search it goes on by the stamp, and within one stamp, as of an import, by id."""
    monkeypatch.setattr(searching, "WINDOW", 100)
    world = portal.world
    cursor = pages_of(client, Contact)[-1].cursor
    for number in range(190):
        objects.new(world, "contacts", firstname=f"number {number}")
        if number > 120:
            world.clock.forward(0.02)
    world.clock.forward(60)
    pages = pages_of(client, Contact, cursor)
    asked = sent(portal, "POST", f"{API}/contacts/search")

    assert len({o.remote_id for page in pages for o in page.observations}) == 190
    assert not any("after" in one for one in asked)
    assert len(asked) == 4


def test_a_search_that_says_no_stamp_is_no_end() -> None:
    """It cannot go on, and says so; taken for the end, what is behind it would be lost."""
    page = Turn({"results": [{"id": "1", "properties": {}}], "paging": {"next": {"after": "1"}}}, {}, 1)
    with pytest.raises(Misconfigured, match="cannot go on"):
        ByStamp("lastmodifieddate").next(None, page)


def test_what_changes_while_it_is_read_is_met_at_the_end(portal: Emulator, client: Client) -> None:
    """Each page begins where the last one ended, so that nothing is skipped when records move."""
    world = portal.world
    cursor = pages_of(client, Contact)[-1].cursor
    made = []
    for number in range(130):
        made.append(objects.new(world, "contacts", firstname=f"number {number}"))
        world.clock.forward(1)
    world.clock.forward(60)
    seen = []
    for page in client.pages(resource_of(Contact), cursor):
        seen += [o.remote_id for o in page.observations]
        objects.edit(world, "contacts", made[0], firstname="moved")
        world.clock.forward(searching.LAG)

    assert set(seen) == {one["id"] for one in made}
    assert len(seen) > 130


def test_the_search_comes_behind_and_nothing_is_lost(portal: Emulator, client: Client) -> None:
    """What changed at any second before, during or after a run is in that run or in the next; as it is by now."""
    world = portal.world
    made = objects.new(world, "contacts", firstname="before")
    cursor = pages_of(client, Contact)[-1].cursor
    for seconds in (1.0, searching.LAG - 1, searching.LAG, 300.0):
        objects.edit(world, "contacts", made, firstname=f"after {seconds}")
        world.clock.forward(seconds)
        first = everything(client, Contact, cursor)
        world.clock.forward(searching.LAG)
        later = pages_of(client, Contact, cursor)
        names = {o.values["first_name"] for page in later for o in page.observations}
        assert names == {f"after {seconds}"}
        assert all(o.values["first_name"] == f"after {seconds}" for o in first.values())
        cursor = later[-1].cursor
        world.clock.forward(3600)


def test_what_is_archived_is_gone(portal: Emulator, client: Client) -> None:
    """No search shows it, and nobody finds it by id; what changed tells, or the complete list that it is complete."""
    world = portal.world
    kept, gone = (objects.new(world, "contacts", firstname=name) for name in ("kept", "gone"))
    cursor = pages_of(client, Contact)[-1].cursor
    client.delete(resource_of(Contact), gone["id"])
    world.clock.forward(60)
    (page,) = pages_of(client, Contact)

    assert page.complete
    assert [o.remote_id for o in page.observations] == [kept["id"]]
    changes = everything(client, Contact, cursor)
    assert {id_: one.gone for id_, one in changes.items()} == {kept["id"]: False, gone["id"]: True}
    with pytest.raises(Gone):
        client.read(resource_of(Contact), gone["id"])


def test_what_was_archived_since_is_told_with_what_changed_and_what_was_merged_is_not(
    portal: Emulator, client: Client
) -> None:
    """Who was archived before is not told again."""
    world = portal.world
    for number in range(101):
        objects.archive(world, "companies", objects.new(world, "companies", name=f"former {number}"))
    world.clock.forward(3600)
    gone, one, other = (objects.new(world, "companies", name=name) for name in ("gone", "one", "other"))
    cursor = pages_of(client, Account)[-1].cursor
    objects.archive(world, "companies", gone)
    objects.merge(world, "companies", one, other)

    assert [id_ for id_, found in everything(client, Account, cursor).items() if found.gone] == [gone["id"]]


def test_what_was_archived_is_told_however_many_there_are(
    portal: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few pages by each run, on and on; what is archived on one that was looked at is told the next time round.

    What went since a round began may be told by the next one as well.
    """
    monkeypatch.setattr(archived, "_PAGES", 1)
    world, companies = portal.world, resource_of(Account)
    early = objects.new(world, "companies", name="early")
    for number in range(200):
        objects.archive(world, "companies", objects.new(world, "companies", name=f"former {number}"))
    world.clock.forward(3600)
    late = objects.new(world, "companies", name="late")
    cursor = pages_of(client, Account)[-1].cursor
    world.clock.forward(3600)
    objects.archive(world, "companies", late)
    told = []
    for run in range(8):
        pages = list(client.pages(companies, cursor))
        cursor = pages[-1].cursor
        told.append([one.remote_id for page in pages for one in page.observations if one.gone])
        world.clock.forward(3600)
        if run == 0:
            objects.archive(world, "companies", early)

    assert told == [[], [], [late["id"]], [early["id"]], [], [late["id"]], [], []]


def test_all_that_was_archived_at_once_is_told(portal: Emulator, client: Client) -> None:
    """Also of several hundreds, by a few runs."""
    world, companies = portal.world, resource_of(Account)
    made = [objects.new(world, "companies", name=f"former {number}") for number in range(250)]
    cursor = pages_of(client, Account)[-1].cursor
    for one in made:
        objects.archive(world, "companies", one)
    told: set[str] = set()
    for _run in range(3):
        pages = list(client.pages(companies, cursor))
        cursor = pages[-1].cursor
        told |= {one.remote_id for page in pages for one in page.observations if one.gone}

    assert told == {one["id"] for one in made}


def test_an_archived_call_is_told_by_the_id_of_its_kind(portal: Emulator, client: Client) -> None:
    """Both kinds have a list of what is archived."""
    world, told = portal.world, {"hs_timestamp": "2026-01-31T09:00:00Z"}
    made = {kind: objects.new(world, kind, **told) for kind in ("calls", "meetings")}
    cursor = pages_of(client, Engagement)[-1].cursor
    for kind, one in made.items():
        objects.archive(world, kind, one)
    gone = {id_ for id_, one in everything(client, Engagement, cursor).items() if one.gone}

    assert gone == {f"{kind}-{one['id']}" for kind, one in made.items()}


@pytest.mark.parametrize("what", ["batch/read", "associations/*"])
@pytest.mark.parametrize("is_merged", [False, True])
def test_a_404_to_what_is_read_with_a_record_deletes_nothing(
    portal: Emulator, client: Client, what: str, *, is_merged: bool
) -> None:
    """Neither of one that is there, nor of one that was merged: it is about an address, not about the record."""
    one, other = (objects.new(portal.world, "contacts", email=f"{name}@x.example") for name in ("ada", "a"))
    if is_merged:
        objects.merge(portal.world, "contacts", one, other)
    portal.faults.refuse(404, f"POST *{what}*", times=3)

    with pytest.raises(Forbidden, match="what belongs to the record"):
        client.read(resource_of(Contact), other["id"])


@pytest.mark.parametrize("quirk", ["plain", BATCHES_FOLLOW, NEW_IDS])
def test_a_merged_id_leads_to_the_record_that_is_left(portal: Emulator, client: Client, quirk: str) -> None:
    """Whether batches follow it or not, and whether what is left has an id of its own."""
    world = portal.world
    world.add("quirk", {"id": quirk})
    one, other = (objects.new(world, "companies", name=name) for name in ("Acme", "Acme Inc."))
    left = objects.merge(world, "companies", one, other)

    for record in (one, other):
        if record["id"] != left["id"]:
            with pytest.raises(Gone) as caught:
                client.read(resource_of(Account), record["id"])
            assert caught.value.merged_into == left["id"]
    assert set(everything(client, Account)) == {left["id"]}


def test_records_come_a_hundred_at_a_time(portal: Emulator, client: Client) -> None:
    """A page, a batch of the records on it, and one of their associations; properties are asked for once."""
    for number in range(101):
        objects.new(portal.world, "contacts", firstname=f"number {number}")
    pages = pages_of(client, Contact)

    assert [len(page.observations) for page in pages] == [100, 1]
    assert [page.requests for page in pages] == [4, 3]


def test_associations_beyond_an_answer_are_asked_for(
    portal: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first company is found behind the others, too."""
    monkeypatch.setattr(links, "SIZE", 2)
    world = portal.world
    ada = objects.new(world, "contacts", firstname="Ada")
    for number in range(5):
        made = objects.new(world, "companies", name=f"number {number}")
        links.associate(world, "contacts", ada["id"], "companies", made["id"], [{"associationTypeId": 1}])

    assert everything(client, Contact)[ada["id"]].values["account"] == made["id"]


def test_a_lead_shows_what_marketing_keeps_in_its_contact(portal: Emulator, client: Client) -> None:
    """All its properties, told apart, also those of the customer's own."""
    world = portal.world
    ada = objects.new(world, "contacts", firstname="Ada", lifecyclestage="lead", interests="printers;copiers")
    lead = objects.new(world, "leads", hs_lead_name="Ada")
    links.associate(world, "leads", lead["id"], "contacts", ada["id"], [])
    shown = everything(client, Lead)[lead["id"]].raw["contact"]["properties"]

    assert (shown["lifecyclestage"], shown["interests"]) == ("lead", ["printers", "copiers"])


@pytest.mark.parametrize("status", [None, 400, 403])
def test_a_qualified_lead_names_the_deal_that_came_of_it(
    portal: Emulator, client: Client, status: int | None
) -> None:
    """Nothing is said of it where the portal knows no such association, or the token may not see deals."""
    world = portal.world
    told = {"OPEN": {}, "QUALIFIED": {"hs_pipeline_stage": "qualified-stage-id"}}
    there = {name: objects.new(world, "leads", hs_lead_name=name, **more) for name, more in told.items()}
    deal = objects.new(world, "deals", dealname="Ten printers", dealstage="closedwon")
    for lead in there.values():
        links.associate(world, "leads", lead["id"], "deals", deal["id"], [])
    if status:
        portal.faults.refuse(status, "POST */leads/deals/batch/read")
    found = everything(client, Lead)
    shown = {name: found[lead["id"]].values.get("converted_opportunity", "") for name, lead in there.items()}

    assert shown == ({"OPEN": "", "QUALIFIED": ""} if status else {"OPEN": None, "QUALIFIED": deal["id"]})


def test_a_contact_that_changes_is_news_of_its_leads(portal: Emulator, client: Client) -> None:
    """Of all that show it, and of none that only has it as a further one; not of a contact without a lead."""
    world = portal.world
    ada, ben, cleo = (objects.new(world, "contacts", firstname=name) for name in ("Ada", "Ben", "Cleo"))
    first, second, third = (objects.new(world, "leads", hs_lead_name=name) for name in "123")
    for lead, who in ((first, ada), (second, ada), (third, ben), (third, ada)):
        links.associate(world, "leads", lead["id"], "contacts", who["id"], [])
    world.clock.forward(3600)
    cursor = pages_of(client, Lead)[-1].cursor
    world.clock.forward(60)
    for who in (ada, cleo):
        objects.edit(world, "contacts", who, city="Cambridge")
    world.clock.forward(searching.LAG)
    pages = pages_of(client, Lead, cursor)
    shown = {o.remote_id: o.values["addresses"] for page in pages for o in page.observations}

    assert shown == {one["id"]: [{"city": "Cambridge"}] for one in (first, second)}
    world.clock.forward(3600)
    objects.edit(world, "leads", third, hs_lead_name="moved")
    world.clock.forward(searching.LAG)
    assert set(everything(client, Lead, pages[-1].cursor)) == {first["id"], second["id"], third["id"]}


def test_a_contact_without_a_lead_costs_a_look_at_its_associations(portal: Emulator, client: Client) -> None:
    """A hundred at a time; neither such a contact nor any lead is read, also where no lead has changed for long."""
    world = portal.world
    lead = objects.new(world, "leads", hs_lead_name="of Ada")
    there = [objects.new(world, "contacts", firstname=f"number {number}") for number in range(101)]
    links.associate(world, "leads", lead["id"], "contacts", there[0]["id"], [])
    world.clock.forward(86_400)
    cursor = pages_of(client, Lead)[-1].cursor
    for number in range(101):
        objects.new(world, "contacts", firstname=f"later {number}")
        world.clock.forward(0.01)
    world.clock.forward(60)
    pages = pages_of(client, Lead, cursor)

    assert [len(page.observations) for page in pages] == [0, 0, 0]
    assert [page.requests for page in pages] == [1, 2, 3]
    assert len(portal.asked("POST", "/crm/v4/associations/contacts/leads/batch/read")) == 2


def test_a_run_that_began_with_leads_alone_goes_on_with_contacts(portal: Emulator, client: Client) -> None:
    """Its place in the list has no kind: it stands among leads."""
    world = portal.world
    ada, lead = objects.new(world, "contacts"), objects.new(world, "leads", hs_lead_name="of Ada")
    links.associate(world, "leads", lead["id"], "contacts", ada["id"], [])
    world.clock.forward(3600)
    cursor = pages_of(client, Lead)[-1].cursor
    objects.edit(world, "contacts", ada, firstname="Ada")
    world.clock.forward(60)
    place = {"state": {"beyond": str(2**41)}, "mode": "changes", "page": 2}
    pages = pages_of(client, Lead, {**cursor, **place})

    assert [[o.remote_id for o in page.observations] for page in pages] == [[], [lead["id"]]]


def test_who_may_not_see_contacts_is_told_what_changed_in_leads(portal: Emulator, client: Client) -> None:
    """The search for contacts is passed over; nothing is said of the contact of a lead."""
    world = portal.world
    cursor = pages_of(client, Lead)[-1].cursor
    lead = objects.new(world, "leads", hs_lead_name="of Ada")
    world.add("hidden", {"id": "contacts"})
    world.clock.forward(60)

    assert "first_name" not in everything(client, Lead, cursor)[lead["id"]].values


def test_who_may_not_see_companies_reads_contacts_all_the_same(portal: Emulator, client: Client) -> None:
    """Nothing is said then of the account of a contact."""
    ada = objects.new(portal.world, "contacts", firstname="Ada")
    portal.world.add("hidden", {"id": "companies"})

    assert "account" not in everything(client, Contact)[ada["id"]].values


@pytest.mark.parametrize(
    ("policy", "seconds"), [("DAILY", 3600.0), ("TEN_SECONDLY_ROLLING", 5.0), ("SECONDLY", 1.0)]
)
def test_each_limit_is_waited_out(portal: Emulator, policy: str, seconds: float) -> None:
    """The search's own within a second, that of ten seconds soon, that of a day not before an hour; by all workers."""
    paused: list[float] = []

    class Paused:
        def acquire(self, cost: int) -> float:
            """Never waits."""
            return 0.0 * cost

        def give_back(self, cost: int) -> None:
            """Nothing was taken."""

        def learn(self, remaining: int, reset: datetime) -> None:
            """Told by every answer but the search's."""

        def pause(self, seconds: float) -> None:
            """Notes it."""
            paused.append(seconds)

    body = {
        "status": "error",
        "message": "",
        "policyName": policy,
        "category": "RATE_LIMITS",
        "correlationId": "x",
    }
    portal.faults.refuse(429, "GET /account-info/*", body=body, times=4)
    with account_at(portal, limiter=Paused()) as client, pytest.raises(RetryLater) as caught:
        client.check()

    assert caught.value.after == max(seconds, 2.0)
    assert set(paused) == {seconds}


def test_the_search_is_asked_as_often_as_it_allows(portal: Emulator, client: Client) -> None:
    """The sixth question of a second is refused, and asked again a second later."""
    for _number in range(7):
        client.recent(resource_of(Account), {"name": "Acme"})

    assert len(portal.asked("POST", f"{API}/companies/search")) == 8


def test_properties_that_can_be_written_are_told(client: Client) -> None:
    """With their kinds and choices; none that common fields show, and none that is only read."""
    told = {one.key: one for one in client.field_classes(resource_of(Contact))}

    assert {"vip", "interests", "score", "lifecyclestage"} <= set(told)
    assert not {"email", "firstname", "hs_object_id", "lastmodifieddate"} & set(told)
    assert (told["vip"].kind, told["vip"].is_custom) == ("bool", True)
    assert (told["interests"].kind, told["interests"].kind_of_items) == ("list", "string")
    assert told["lifecyclestage"].choices[0] == ("subscriber", "Subscriber")
    assert own(vip=True)
