"""The history of a record: what happened, and who and what is behind each entry."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection, transaction

from tenants.models import LinkedAccount
from tenants.scope import scope
from tests import stub
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.conftest import Mirror
from tests.unified_api.sync.memory.conftest import ask, edit, record_at, told
from unified_api.models.base import record_id, wire_fields
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, journal, store, write
from unified_api.sync.models import Run, Write
from unified_api.sync.models_plan import Plan, PlanItem


def test_an_edit_in_the_accounts_own_system_names_the_run_that_read_it(bridged: Bridged) -> None:
    """It is the account's own doing; the run says how it read."""
    edit(bridged.a, title="Printer upstairs")
    bridged.round()
    newest = told(record_at(bridged, "a"))[0]

    assert (newest["by"], newest["source"], newest["write"]) == ("account", "pull", None)
    assert newest["fields"]["name"]["old"] == "Printer"
    assert newest["fields"]["name"]["new"] == "Printer upstairs"
    with transaction.atomic():
        assert Run.objects.get(id=newest["run"]["id"]).mode == newest["run"]["mode"]


def test_what_a_bridge_wrote_names_bridge_write_and_rule(bridged: Bridged) -> None:
    """The write is told with its actor, each field with the rule by which it travelled."""
    edit(bridged.a, title="Printer upstairs")
    bridged.round()
    newest = told(record_at(bridged, "b"))[0]

    assert (newest["by"], newest["write"]["bridge_id"]) == ("bridge", str(bridged.bridge_id))
    assert newest["fields"]["name"]["rule"] == "moved"
    assert not newest["fields"]["name"]["is_overruling"]


def test_an_edit_that_gave_way_is_told_with_the_rule(bridged: Bridged) -> None:
    """The entry shows the overruled value beside the one that prevailed."""
    edit(bridged.a, title="Mine")
    edit(bridged.b, title="Yours")
    bridged.round()
    overruling, overruled = told(record_at(bridged, "b"), "name")[:2]

    field = overruling["fields"]["name"]
    assert (field["old"], field["new"], field["rule"]) == ("Yours", "Mine", "winner")
    assert (field["overruled"], field["is_overruling"]) == ("Yours", True)
    assert (overruled["fields"]["name"]["new"], overruled["by"]) == ("Yours", "account")


def test_what_an_answer_shows_beside_what_was_sent_is_the_accounts_doing(bridged: Bridged) -> None:
    """The provider's own date moves with our write; nobody sent it."""
    edit(bridged.b, title="Printer upstairs")
    bridged.round()
    fields = told(record_at(bridged, "a"))[0]["fields"]

    assert fields["name"]["by"] == "bridge"
    assert (fields["remote_updated_at"]["by"], fields["remote_updated_at"]["rule"]) == ("account", None)


def test_a_creation_shows_what_it_came_with(mirror: Mirror) -> None:
    """Its values are not in the log: they are what later entries replaced, or what is there still."""
    mirror.land(mirror.seen("1", name="A", status="OPEN"))
    mirror.land(mirror.seen("1", name="B"))
    newest, creation = told(record_id(mirror.account, Ticket, "1"))

    assert newest["kind"] == "updated"
    assert creation["kind"] == "created"
    assert {n: (f["old"], f["new"]) for n, f in creation["fields"].items()} == {
        "name": (None, "A"),
        "status": (None, "OPEN"),
    }


def test_the_history_of_a_field_leaves_out_what_does_not_concern_it(mirror: Mirror) -> None:
    """Changes of other fields are not there; creation, deletion and return are, with the field alone."""
    mirror.land(mirror.seen("1", name="A", status="OPEN"))
    mirror.land(mirror.seen("1", status="CLOSED"))
    record = record_id(mirror.account, Ticket, "1")
    with store.entry(mirror.account) as entry:
        entry.remove(Ticket, [record], store.Cause("sweep"))
    mirror.land(mirror.seen("1", status="OPEN", name="B"))
    history = told(record, "name")

    assert [entry["kind"] for entry in history] == ["restored", "deleted", "created"]
    assert [list(entry["fields"]) for entry in history] == [["name"], [], ["name"]]


def test_a_sensitive_field_shows_that_it_changed_and_not_what(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither value leaves, as in lists."""
    monkeypatch.setattr(wire_fields(Ticket)["description"], "sensitive", True)
    mirror.land(mirror.seen("1", description="eyes only"))
    mirror.land(mirror.seen("1", description="yours only"))

    for entry in told(record_id(mirror.account, Ticket, "1")):
        field = entry["fields"]["description"]
        assert (field["old"], field["new"], field["is_hidden"]) == (None, None, True)


@pytest.mark.parametrize("operation", ["update", "create"])
def test_what_a_run_met_of_a_write_under_way_is_the_writes_doing(
    account: LinkedAccount, tenant: uuid.UUID, desk: stub.Desk, operation: str
) -> None:
    """A page that was read after the provider had carried the write out, and stored before its answer."""
    mirror = Mirror(account.id)
    if operation == "update":
        desk.add(title="Printer", state="open")
        mirror.land(mirror.seen("1", name="Printer", status="OPEN"))
    record = record_id(account.id, Ticket, "1")

    def meet() -> None:
        with scope(tenant):
            mirror.land(mirror.seen("1", name="Mine", status="OPEN"))
        connection.close()

    def meet_apart() -> None:
        reader = threading.Thread(target=meet)
        reader.start()
        reader.join()

    desk.after_write = meet_apart
    wanted = {"name": "Mine"} if operation == "update" else {"name": "Mine", "status": "OPEN"}
    intent = journal.Intent(
        account, Ticket, operation, wanted, record_id=record if operation == "update" else None
    )
    entered, lease = journal.enter_and_claim(intent)
    write.perform(entered, lease, account, patient=False)
    met = next(entry for entry in told(record) if entry["source"] == "pull" and "name" in entry["fields"])

    assert (met["kind"], met["by"]) == ("created" if operation == "create" else "updated", "api")
    assert met["write"]["id"] == str(entered.id)
    assert met["fields"]["name"]["by"] == "api"


def test_the_people_behind_a_write_are_named(bridged: Bridged) -> None:
    """Who approved the plan that it is of, and who told its outcome."""
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        written = Write.objects.get(operation="update")
        plan = Plan.objects.create(
            bridge_id=bridged.bridge_id, state="done", approved_by="operator ann", created_at=clock.now()
        )
        PlanItem.objects.create(
            plan_id=plan.id, ordinal=1, pair_id=written.pair_id, action="update", write_id=written.id
        )
        Write.objects.filter(id=written.id).update(settled_by="command manage.py write")
    newest = told(record_at(bridged, "b"))[0]["write"]

    assert (newest["plan_id"], newest["approved_by"]) == (str(plan.id), "operator ann")
    assert newest["settled_by"] == "command manage.py write"
    assert f"(write {written.id}, approved by operator ann)" in ask(record_at(bridged, "b"), "name")[1]
