"""Tasks, notes and engagements: which of them a record is, and what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Gone, Rejected
from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce import acts, fields
from tests.emulators.vendors.salesforce.common import API
from tests.emulators.world import Record
from tests.integrations import metered
from tests.integrations.providers.salesforce.org import account_at, everything, resource_of, sent, user
from unified_api.models.crm import Engagement, EngagementType, Note, Task

DAY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def known(org: Emulator) -> dict[str, str]:
    """An account with a person and a sale, and another account: their ids."""
    acme, other = (acts.new(org.world, "Account", Name=name)["id"] for name in ("Acme", "Other"))
    person = acts.new(org.world, "Contact", LastName="Reed", AccountId=acme)["id"]
    told: Record = {"Name": "Ten printers", "StageName": "Prospecting", "CloseDate": DAY.date()}
    sale = acts.new(org.world, "Opportunity", **told, AccountId=acme)["id"]
    org.world.clock.forward(3600)
    return {"account": acme, "other": other, "contact": person, "opportunity": sale}


def test_a_task_that_logs_a_call_is_an_engagement_and_no_task(org: Emulator, client: Client) -> None:
    """By its subtype; an event is one as well. Each is known by one model alone, also by its id."""
    todo = acts.new(org.world, "Task", Subject="Call her")
    call = acts.new(
        org.world, "Task", Subject="Called", TaskSubtype="Call", CallType="Inbound", ActivityDate=DAY.date()
    )
    mail = acts.new(org.world, "Task", Subject="Mailed", TaskSubtype="Email")
    demo = acts.new(org.world, "Event", Subject="Demo", StartDateTime=DAY, EndDateTime=DAY)
    tasks, talks = everything(client, Task), everything(client, Engagement)

    assert set(tasks) == {todo["id"]}
    assert {key: one.values["engagement_type"] for key, one in talks.items()} == {
        call["id"]: "Call",
        mail["id"]: "Email",
        demo["id"]: "Event",
    }
    assert talks[call["id"]].values["direction"] == "INBOUND"
    assert set(everything(client, EngagementType)) == {"Call", "Email", "Event"}
    with pytest.raises(Gone):
        client.read(resource_of(Task), call["id"])
    with pytest.raises(Gone):
        client.read(resource_of(Engagement), todo["id"])


def test_what_is_deleted_is_told_of_both_kinds(org: Emulator, client: Client) -> None:
    """Events and tasks go through the same list of changes, one kind after the other."""
    call = acts.new(org.world, "Task", Subject="Called", TaskSubtype="Call")
    demo = acts.new(org.world, "Event", Subject="Demo", StartDateTime=DAY, EndDateTime=DAY)
    cursor = list(client.pages(resource_of(Engagement), None))[-1].cursor
    org.world.clock.forward(3600)
    acts.edit(org.world, "Event", demo, Subject="Shown")
    acts.delete(org.world, "Task", call)
    seen = everything(client, Engagement, cursor)

    assert (seen[demo["id"]].values["subject"], seen[call["id"]].gone) == ("Shown", True)


def test_a_task_is_about_a_person_and_a_sale_or_an_account(
    org: Emulator, client: Client, known: dict[str, str]
) -> None:
    """There is one field for the latter two; the account of a sale follows from it. A lead is no contact."""
    lead = acts.new(org.world, "Lead", LastName="Stone", Company="Acme")
    tasks = resource_of(Task)
    made = client.create(tasks, {"subject": "Call", "account": known["other"], "contact": known["contact"]})
    sale = client.update(tasks, made.remote_id, {"opportunity": known["opportunity"]})
    org.world.clock.forward(3600)
    acts.edit(org.world, "Task", org.world.table("Task")[made.remote_id], WhoId=lead["id"])
    nobody = client.read(tasks, made.remote_id)

    assert (made.values["account"], made.values["contact"]) == (known["other"], known["contact"])
    with pytest.raises(Rejected) as caught:
        client.update(tasks, made.remote_id, {"account": known["other"]})
    assert set(caught.value.fields) == {"account"}
    assert (sale.values["opportunity"], sale.values["account"]) == (known["opportunity"], known["account"])
    assert nobody.values["contact"] is None


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Task, "account"),
        (Task, "opportunity"),
        (Task, "contact"),
        (Engagement, "account"),
        (Engagement, "contacts"),
    ],
)
def test_what_an_activity_is_about_and_is_not_shown_is_not_replaced(
    org: Emulator, client: Client, known: dict[str, str], model: Any, name: str
) -> None:
    """A case, a record of the customer's own kinds or a lead: the field that would be lost is named."""
    lead = acts.new(org.world, "Lead", LastName="Stone", Company="Acme")["id"]
    case = "5005g0000000001AAA"
    kind, facts = ("Task", {}) if model is Task else ("Event", {"StartDateTime": DAY, "EndDateTime": DAY})
    made = acts.new(org.world, kind, Subject="Call", WhoId=lead, WhatId=case, **facts)
    org.world.clock.forward(3600)
    wanted = [known["contact"]] if name == "contacts" else known[name]
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(model), made["id"], {name: wanted})
    renamed = client.update(resource_of(model), made["id"], {"subject": "Call again"})

    assert set(caught.value.fields) == {name}
    assert renamed.values["subject"] == "Call again"
    assert (made["values"]["WhoId"], made["values"]["WhatId"]) == (lead, case)


def test_an_account_that_follows_from_what_is_not_shown_is_not_cleared(
    org: Emulator, client: Client, known: dict[str, str]
) -> None:
    """It is that of the person: a null for it would take away the case."""
    made = acts.new(org.world, "Task", Subject="Call", WhoId=known["contact"], WhatId="5005g0000000001AAA")
    org.world.clock.forward(3600)
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(Task), made["id"], {"account": None})

    assert set(caught.value.fields) == {"account"}
    assert made["values"]["WhatId"] == "5005g0000000001AAA"


def test_a_note_is_about_one_record(org: Emulator, client: Client, known: dict[str, str]) -> None:
    """It has a single parent, which does not change, and a title, which is what it begins with."""
    notes = resource_of(Note)
    made = client.create(notes, {"content": "She called.\nTwice.", "contact": known["contact"]})
    two: dict[str, Any] = {name: known[name] for name in ("contact", "account")}
    for about in ({}, two):
        with pytest.raises(Rejected) as caught:
            client.create(notes, {"content": "Lost.", **about})
        assert set(caught.value.fields) == set(about or {"contact"})
    with pytest.raises(Rejected):
        client.update(notes, made.remote_id, {"contact": None})
    (told,) = sent(org, "POST", f"{API}/sobjects/Note")

    assert told == {"Title": "She called.", "Body": "She called.\nTwice.", "ParentId": known["contact"]}


def test_a_call_has_a_length_and_an_event_has_times(
    org: Emulator, client: Client, known: dict[str, str]
) -> None:
    """A call knows its day, so that its end tells how long it took; an event without an end ends as it begins."""
    talks = resource_of(Engagement)
    ends = DAY.replace(minute=5)
    said = {"subject": "Called", "start_time": DAY, "end_time": ends, "direction": "OUTBOUND"}
    call = client.create(talks, {"engagement_type": "Call", **said, "contacts": [known["contact"]]})
    noon = {"start_time": DAY.replace(hour=12), "end_time": DAY.replace(hour=12, minute=5)}
    later = client.create(talks, {"engagement_type": "Call", "subject": "Again", **noon})
    demo = client.create(talks, {"engagement_type": "Event", "subject": "Demo", "start_time": DAY})
    moved = client.update(talks, demo.remote_id, {"end_time": ends})
    with pytest.raises(Rejected) as caught:
        client.update(talks, demo.remote_id, {"direction": "OUTBOUND"})
    with pytest.raises(Rejected) as strange:
        client.create(talks, {"engagement_type": "Fax", "subject": "Faxed"})
    kept = org.world.table("Task")[call.remote_id]["values"]

    assert {name: call.values[name] for name in said} == said
    assert org.world.table("Task")[later.remote_id]["values"]["CallDurationInSeconds"] == 300
    assert (later.values["start_time"], later.values["end_time"]) == (DAY, ends)
    assert (kept["CallDurationInSeconds"], kept["Status"]) == (300, "Completed")
    assert (demo.values["end_time"], moved.values["start_time"], moved.values["end_time"]) == (DAY, DAY, ends)
    assert (set(caught.value.fields), set(strange.value.fields)) == ({"direction"}, {"engagement_type"})


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Event", {"start_time": None}),
        ("Event", {"end_time": None}),
        ("Call", {"start_time": None}),
        ("Call", {"end_time": DAY.replace(hour=12, minute=10)}),
    ],
)
def test_times_that_cannot_be_kept_are_refused(
    org: Emulator, client: Client, kind: str, change: dict[str, Any]
) -> None:
    """None is cleared; the end of a call says how long it took only beside a beginning."""
    talks, times = (
        resource_of(Engagement),
        {"start_time": DAY.replace(hour=12), "end_time": DAY.replace(hour=13)},
    )
    made = client.create(talks, {"engagement_type": kind, "subject": "Talk", **times})
    org.world.clock.forward(3600)
    with pytest.raises(Rejected) as caught:
        client.update(talks, made.remote_id, change)

    assert set(caught.value.fields) == set(change)
    assert client.read(talks, made.remote_id).values == made.values


def test_the_length_of_a_call_follows_from_both_its_times(org: Emulator, client: Client) -> None:
    """And is nothing without an end."""
    talks, noon = resource_of(Engagement), DAY.replace(hour=12)
    made = client.create(talks, {"engagement_type": "Call", "subject": "Talk", "start_time": noon})
    kept = org.world.table("Task")[made.remote_id]["values"]
    org.world.clock.forward(3600)
    client.update(talks, made.remote_id, {"start_time": noon, "end_time": noon.replace(minute=10)})
    lasted = kept["CallDurationInSeconds"]
    org.world.clock.forward(3600)
    client.update(talks, made.remote_id, {"end_time": None})

    assert (lasted, kept["CallDurationInSeconds"]) == (600, None)


def test_another_time_of_the_same_day_is_no_change_of_a_call(org: Emulator, client: Client) -> None:
    """Its day is all that is kept, and how long it took: what says both already is not sent."""
    talks, noon = resource_of(Engagement), DAY.replace(hour=12)
    times = {"start_time": noon, "end_time": noon.replace(minute=10)}
    made = client.create(talks, {"engagement_type": "Call", "subject": "Talk", **times})
    for change in (times, {"start_time": noon.replace(hour=17)}, {**times, "subject": "Talked"}):
        org.world.clock.forward(3600)
        client.update(talks, made.remote_id, change)

    assert sent(org, "PATCH", f"{API}/sobjects/Task/{made.remote_id}") == [{"Subject": "Talked"}]


@pytest.mark.parametrize(
    ("model", "said", "change"),
    [
        (Task, {"subject": "Call", "owner": "user"}, {"subject": "Call again"}),
        (Note, {"content": "said", "contact": "contact"}, {"content": "said again"}),
        (Engagement, {"engagement_type": "Event", "subject": "Demo"}, {"subject": "Demo again"}),
    ],
)
def test_a_write_takes_as_many_calls_as_plans_tell(
    org: Emulator, known: dict[str, str], model: Any, said: dict[str, Any], change: dict[str, Any]
) -> None:
    """Each on a line of its own."""
    ids = {**known, "user": user(org)}
    resource = resource_of(model)
    with account_at(org) as client:
        made = metered.create(client, resource, {name: ids.get(one, one) for name, one in said.items()})
    org.world.clock.forward(3600)
    with account_at(org) as client:
        metered.update(client, resource, made.remote_id, change, spare=1)


def test_what_is_hidden_of_an_activity_says_nothing(
    org: Emulator, client: Client, known: dict[str, str]
) -> None:
    """Not that it is about no account and no sale."""
    made = acts.new(org.world, "Task", Subject="Call", WhoId=known["contact"], WhatId=known["account"])
    fields.hide(org.world, "Task", "WhatId", "AccountId")
    seen = everything(client, Task)[made["id"]]

    assert {"account", "opportunity"} & set(seen.values) == set()
    assert seen.values["contact"] == known["contact"]
