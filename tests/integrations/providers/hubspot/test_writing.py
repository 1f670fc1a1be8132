"""What is written to a portal, and the traps in writing there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.endpoints import Write
from integrations.kit.errors import Rejected, Uncertain
from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import links, objects, searching
from tests.emulators.vendors.hubspot.common import API
from tests.integrations import metered
from tests.integrations.providers.hubspot.portal import (
    account_at,
    everything,
    own,
    pages_of,
    resource_of,
    sent,
)
from unified_api.models.crm import (
    Account,
    Contact,
    CustomObject,
    Engagement,
    EngagementType,
    Lead,
    Note,
    Opportunity,
    Task,
)


def test_a_contact_lives(portal: Emulator, client: Client) -> None:
    """Made with all that can be said, changed, emptied; values are texts there."""
    acme, other = (objects.new(portal.world, "companies", name=name) for name in ("Acme", "Other"))
    contacts = resource_of(Contact)
    said: dict[str, Any] = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email_addresses": [{"email_address": "ada@acme.example"}],
        "phone_numbers": [{"phone_number": "1"}, {"phone_number": "2", "phone_number_type": "MOBILE"}],
        "addresses": [{"street_1": "1 Main Street", "city": "London", "country": "GB"}],
        "owner": "1001",
        "account": acme["id"],
    }
    made = client.create(contacts, said)
    assert {name: made.values[name] for name in said} == said
    changes: list[dict[str, Any]] = [
        {"account": other["id"]},
        {"addresses": [], "phone_numbers": [{"phone_number": "3"}]},
        {"last_name": None, "owner": None},
        {"email_addresses": [{"email_address": "ada@other.example"}, {"email_address": "ada@acme.example"}]},
        {"email_addresses": [{"email_address": "ada@acme.example"}]},
    ]
    for change in changes:
        shown = client.update(contacts, made.remote_id, change)
        assert {name: shown.values[name] for name in change} == change
    assert {one["to_id"] for one in links.of(portal.world, "contacts", made.remote_id, "companies")} == {
        acme["id"],
        other["id"],
    }


@pytest.mark.parametrize(
    ("model", "said", "change"),
    [
        (Contact, {"email_addresses": [{"email_address": "ada@acme.example"}]}, {"first_name": "Ada"}),
        (Account, {"name": "Acme"}, {"industry": "Mining"}),
        (Opportunity, {"name": "A deal", "stage": "appointmentscheduled"}, {"name": "A better one"}),
        (
            Lead,
            {"first_name": "Eve", "email_addresses": [{"email_address": "e@acme.example"}]},
            {"title": "Another"},
        ),
        (Note, {"content": "said"}, {"content": "said again"}),
        (Task, {"subject": "call"}, {"subject": "call again"}),
        (Engagement, {"engagement_type": "calls", "subject": "hello"}, {"subject": "hello again"}),
        (CustomObject, {"object_class": "2-3456", "fields": {"call_sign": "DK1"}}, {"fields": {"berths": 4}}),
    ],
)
def test_a_write_takes_as_many_calls_as_plans_tell(
    portal: Emulator, model: Any, said: dict[str, Any], change: dict[str, Any]
) -> None:
    """Each on a line of its own, as writes are: with the account's properties, which are read anew."""
    resource = resource_of(model)
    with account_at(portal) as client:
        made = metered.create(client, resource, said)
    assert isinstance(resource.update, Write)
    with account_at(portal) as client:
        metered.update(client, resource, made.remote_id, change, spare=resource.update.calls - 1)
    if resource.can("delete"):
        with account_at(portal) as client:
            metered.delete(client, resource, made.remote_id)


def test_an_association_is_a_call_of_its_own(portal: Emulator, client: Client) -> None:
    """A company alone is no change of properties; where there are several, nobody says that there is none."""
    world = portal.world
    acme, other = (objects.new(world, "companies", name=name) for name in ("Acme", "Other"))
    ada = objects.new(world, "contacts", firstname="Ada")
    contacts = resource_of(Contact)
    client.update(contacts, ada["id"], {"account": acme["id"]})
    assert client.update(contacts, ada["id"], {"account": None}).values["account"] is None
    for one in (acme, other):
        client.update(contacts, ada["id"], {"account": one["id"]})
    with pytest.raises(Rejected, match="several") as caught:
        client.update(contacts, ada["id"], {"account": None})

    assert set(caught.value.fields) == {"account"}
    assert sent(portal, "PATCH", f"{API}/contacts/{ada['id']}") == []


def test_what_is_half_done_is_uncertain(portal: Emulator, client: Client) -> None:
    """Properties were changed, the association was not: reading back tells."""
    world = portal.world
    acme, ada = objects.new(world, "companies", name="Acme"), objects.new(world, "contacts", firstname="Ada")
    portal.faults.refuse(503, "PUT /crm/v4/*", times=9)
    with pytest.raises(Uncertain) as caught:
        client.update(resource_of(Contact), ada["id"], {"first_name": "Eve", "account": acme["id"]})

    assert caught.value.remote_id == ada["id"]
    assert ada["properties"]["firstname"] == "Eve"


def test_a_stage_that_only_goes_forward_is_cleared_first(portal: Emulator, client: Client) -> None:
    """What goes back is dropped there without a word, so it is cleared and set; what goes forward is set."""
    ada = objects.new(portal.world, "contacts", firstname="Ada", lifecyclestage="lead")
    contacts, path = resource_of(Contact, "lifecyclestage"), f"{API}/contacts/{ada['id']}"
    forward = client.update(contacts, ada["id"], own(lifecyclestage="customer"))
    back = client.update(contacts, ada["id"], own(lifecyclestage="subscriber"))
    told = [one["properties"]["lifecyclestage"] for one in sent(portal, "PATCH", path)]

    assert (forward.raw["properties"]["lifecyclestage"], back.raw["properties"]["lifecyclestage"]) == (
        "customer",
        "subscriber",
    )
    assert told == ["customer", "subscriber", "", "subscriber"]


def test_properties_of_the_customer_are_written_as_texts(portal: Emulator, client: Client) -> None:
    """Flags, numbers and lists; read back as what they are. What is only read is refused by name."""
    ada = objects.new(portal.world, "contacts", firstname="Ada")
    contacts = resource_of(Contact, "vip", "score", "interests")
    values = own(vip=True, score=7.5, interests=["printers", "copiers"])
    shown = client.update(contacts, ada["id"], values)

    assert {name: shown.values[name] for name in values} == values
    assert {ada["properties"][name] for name in ("vip", "score", "interests")} == {
        "true",
        "7.5",
        "printers;copiers",
    }
    assert client.update(contacts, ada["id"], values).values == shown.values
    assert len(sent(portal, "PATCH", f"{API}/contacts/{ada['id']}")) == 1
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(Contact, "interests"), ada["id"], own(interests=["nothing"]))
    assert set(caught.value.fields) == set(own(interests=None))


def test_a_deal_goes_to_a_stage_of_any_pipeline(portal: Emulator, client: Client) -> None:
    """A stage is one of a pipeline, so that both are sent; its status follows. A stage that nobody has is refused."""
    deals = resource_of(Opportunity)
    closes = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = client.create(
        deals, {"name": "Ten printers", "stage": "appointmentscheduled", "amount": 1500, "close_date": closes}
    )
    lost = client.update(deals, made.remote_id, {"stage": "4711_closedlost", "lost_reason": "Too expensive"})
    with pytest.raises(Rejected) as caught:
        client.update(deals, made.remote_id, {"stage": "nowhere"})

    assert (made.values["amount"], made.values["status"], made.values["close_date"]) == (1500, "OPEN", closes)
    assert (lost.values["status"], lost.values["lost_reason"]) == ("LOST", "Too expensive")
    assert portal.world.get("deals", made.remote_id)["properties"]["pipeline"] == "4711"
    assert set(caught.value.fields) == {"stage"}


def test_notes_and_tasks_are_written_down(portal: Emulator, client: Client) -> None:
    """About whom is an association; a note has the time of the write, a task its own; what is done is done."""
    world = portal.world
    ada, acme = objects.new(world, "contacts", firstname="Ada"), objects.new(world, "companies", name="Acme")
    about = {"contact": ada["id"], "account": acme["id"], "owner": "1001"}
    note = client.create(resource_of(Note), {"content": "<p>She called.</p>", **about})
    due = datetime(2026, 2, 3, 12, tzinfo=UTC)
    tasks = resource_of(Task)
    task = client.create(tasks, {"subject": "Call back", "due_date": due, "status": "OPEN", **about})
    done = client.update(tasks, task.remote_id, {"status": "CLOSED", "contact": None})

    assert {name: note.values[name] for name in about} == about
    assert note.raw["properties"]["hs_timestamp"] == str(int(world.clock.now().timestamp() * 1000))
    assert (task.values["due_date"], task.values["status"], task.values["contact"]) == (
        due,
        "OPEN",
        ada["id"],
    )
    assert (done.values["status"], done.values["contact"], done.values["account"]) == (
        "CLOSED",
        None,
        acme["id"],
    )
    assert [o.remote_id for o in client.recent(tasks, {"subject": "Call back"})] == []


def test_calls_and_meetings_are_engagements(portal: Emulator, client: Client) -> None:
    """One list of both, each with the properties of its kind; a call has a length, and a meeting no direction."""
    world = portal.world
    ada, ben = (objects.new(world, "contacts", firstname=name) for name in ("Ada", "Ben"))
    engagements, start = resource_of(Engagement), datetime(2026, 2, 3, 12, tzinfo=UTC)
    when = {
        "start_time": start,
        "end_time": start + timedelta(minutes=30),
        "contacts": [ada["id"], ben["id"]],
    }
    cursor = pages_of(client, Engagement)[-1].cursor
    said = {"engagement_type": "meetings", "subject": "Demo"}
    call = client.create(
        engagements, {"engagement_type": "calls", "subject": "Hello", "direction": "OUTBOUND", **when}
    )
    meeting = client.create(engagements, {**said, **when})
    hour = {"end_time": start + timedelta(hours=1), "contacts": [ben["id"]]}
    longer = client.update(engagements, call.remote_id, hour)
    with pytest.raises(Rejected) as caught:
        client.update(engagements, meeting.remote_id, {"direction": "INBOUND"})
    world.clock.forward(60)
    changed = everything(client, Engagement, cursor)

    for made in (call, meeting):
        assert {name: made.values[name] for name in when} == when
    assert world.rows("calls")[0]["properties"]["hs_call_duration"] == "3600000"
    assert {name: longer.values[name] for name in hour} == hour
    assert set(caught.value.fields) == {"direction"}
    assert set(changed) == set(everything(client, Engagement)) == {call.remote_id, meeting.remote_id}
    assert {o.values["engagement_type"] for o in changed.values()} == set(everything(client, EngagementType))
    assert [o.remote_id for o in client.recent(engagements, said)] == [meeting.remote_id]


def test_a_lead_is_made_with_its_contact(portal: Emulator, client: Client) -> None:
    """Who has the address already is taken as it is; what was done before a refusal is found again."""
    said: dict[str, Any] = {
        "first_name": "Ada",
        "company": "Acme",
        "email_addresses": [{"email_address": "ada@acme.example"}],
        "phone_numbers": [{"phone_number": "1"}],
    }
    leads = resource_of(Lead)
    portal.faults.refuse(503, f"POST {API}/leads", times=1)
    with pytest.raises(Uncertain):
        client.create(leads, said)
    made = client.create(leads, {**said, "first_name": "Augusta", "owner": "1001"})
    renamed = client.update(leads, made.remote_id, {"title": "Ten printers"})

    assert {name: made.values[name] for name in said} == said
    assert (made.values["title"], made.values["status"], made.values["converted_contact"]) == (
        "Augusta",
        "OPEN",
        None,
    )
    assert renamed.values["title"] == "Ten printers"
    assert len(portal.world.rows("contacts")) == len(portal.world.rows("leads")) == 1
    (ada,) = portal.world.rows("contacts")
    portal.world.rows("leads")[0]["properties"]["hs_pipeline_stage"] = "qualified-stage-id"
    qualified = client.read(leads, made.remote_id).values
    assert (qualified["status"], qualified["converted_contact"]) == ("QUALIFIED", ada["id"])


def test_what_is_refused_is_named(portal: Emulator, client: Client) -> None:
    """By common field where it has a place of its own; an address that somebody has names whose that is."""
    ada = objects.new(portal.world, "contacts", email="ada@acme.example")
    with pytest.raises(Rejected, match=f"Existing ID: {ada['id']}"):
        client.create(resource_of(Contact), {"email_addresses": [{"email_address": "ADA@acme.example"}]})
    with pytest.raises(Rejected) as caught:
        client.create(resource_of(Contact), {"email_addresses": [{"email_address": "nobody"}]})
    with pytest.raises(Rejected) as several:
        client.update(
            resource_of(Contact),
            ada["id"],
            {
                "addresses": [{"city": "A"}, {"city": "B"}],
                "phone_numbers": [{"phone_number": str(n)} for n in (1, 2)],
            },
        )

    assert set(caught.value.fields) == {"email"}
    assert set(several.value.fields) == {"addresses", "phone_numbers"}


def test_a_create_whose_answer_was_lost_is_found_when_the_search_shows_it(
    portal: Emulator, client: Client
) -> None:
    """Among the newest, by its name; not before the index knows it."""
    portal.faults.lose(f"POST {API}/companies")
    accounts = resource_of(Account)
    with pytest.raises(Uncertain):
        client.create(accounts, {"name": "Acme"})
    at_once = client.recent(accounts, {"name": "Acme"})
    portal.world.clock.forward(searching.LAG)

    assert at_once == []
    assert [o.values["name"] for o in client.recent(accounts, {"name": "Acme"})] == ["Acme"]
    assert accounts.read_lag >= searching.LAG
