"""Scopes of the accounts of a bridge: what may not be read at one is carried nowhere, and no document shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connections, transaction

from tenants.models import LinkedAccount
from tenants.permissions import Say
from tenants.scope import scope
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_over_rest import Caller, caller
from tests.unified_api.sync.bridge.test_plans import field
from unified_api.engine.values import Side
from unified_api.management.bridge import items, planning, standing
from unified_api.models import hidden
from unified_api.models.base import CUSTOM
from unified_api.sync import permissions, targets
from unified_api.sync.bridge import setup, showing
from unified_api.sync.models import Write, WriteState
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan

__all__ = ["caller"]  # fixture

TICKET = "ticketing.Ticket"


def limit(bridged: Bridged, side: Side, **said: Any) -> None:
    """Say what may be read and written of tickets at a side's account; all, where nothing is said."""
    with transaction.atomic():
        account = LinkedAccount.objects.get(id=bridged.accounts[side is Side.B].id)
        permissions.set_own(account, {TICKET: Say(**said)} if said else {})
    a, b = bridged.accounts
    bridged.accounts = (a, account) if side is Side.B else (account, b)


def disable(bridged: Bridged, side: Side, *names: str) -> None:
    """Disable fields of tickets at a side's account, and those alone."""
    limit(bridged, side, fields=dict.fromkeys(names, False))


@pytest.fixture
def planned(desks: Bridged) -> Bridged:
    """A ticket at side a, and a plan that would take it to side b."""
    desks.a.add(title="Printer", text="secret words", state="open", priority="p2")
    desks.join(mode="plan")
    desks.round()
    return desks


def test_a_plan_neither_shows_nor_carries_what_is_disabled(planned: Bridged, caller: Caller) -> None:
    """Over REST and in lines; approved, the item is left alone, and the next plan goes without the field."""
    disable(planned, Side.A, "description")
    plan = caller.get(f"bridges/{planned.bridge_id}")["plan_id"]
    shown = caller.get(f"plans/{plan}/items")
    with transaction.atomic():
        stored = Plan.objects.get(id=plan)
        wholly = planning.Shown(None, is_whole=True)
        lines = list(items.tell(planning._document(Bridge.objects.get(), stored, wholly)))
    caller.post(f"plans/{plan}/approve", {"hash": stored.hash})
    planned.round()
    following = caller.get(f"plans/{caller.get(f'bridges/{planned.bridge_id}')['plan_id']}")
    [item] = caller.get(f"plans/{following['id']}/items")["results"]
    before = planned.writes()
    caller.post(f"plans/{following['id']}/approve", {"hash": following["hash"]})
    standing_then = planned.round()

    assert shown["results"][0]["fields"]["description"]["is_hidden"]
    assert "secret words" not in json.dumps([shown, item]) + "".join(lines)
    assert before == 0
    assert "description" not in item["fields"]
    assert planned.both("title")[1] == ["Printer"]
    assert planned.both("text")[1] == ["None"]
    assert any("description" in one and "side a" in one for one in standing_then["disabled"])
    assert any("description" in line and "side a" in line for line in standing.tell(standing_then))


def test_a_custom_field_that_reads_what_is_disabled_takes_no_part(desks: Bridged, caller: Caller) -> None:
    """What it had read before is neither shown in the plan nor carried by it."""
    for account, path in zip(desks.accounts, ("text", "x_echo"), strict=True):
        with transaction.atomic():
            targets.add(account, TICKET, "echo", jmes_path=path, remote_path="x_echo")
    desks.a.add(title="Printer", text="secret words", state="open", priority="p2")
    desks.join(mode="plan", fields=("name", f"{CUSTOM}echo"), words=(), options={})
    desks.round()
    disable(desks, Side.A, "description")
    plan = caller.get(f"plans/{caller.get(f'bridges/{desks.bridge_id}')['plan_id']}")
    items = caller.get(f"plans/{plan['id']}/items")["results"]
    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    desks.round()

    assert items[0]["fields"][f"{CUSTOM}echo"]["is_hidden"]
    assert "secret words" not in json.dumps([items, *desks.b.tables["tickets"].values()], default=str)


def test_a_disabled_field_goes_on_from_what_was_agreed(bridged: Bridged) -> None:
    """Meanwhile nothing is overwritten or blanked, and other fields travel; then both edits meet by the policy."""
    disable(bridged, Side.A, "description")
    bridged.a.edit("1", title="Plotter")
    bridged.b.edit("1", text="It is out", state="done")
    rested = bridged.round()
    apart = bridged.both("text")
    limit(bridged, Side.A)
    bridged.round()

    assert rested["problems"] == []
    assert apart == (["It is on fire"], ["It is out"])
    assert (bridged.both("title"), bridged.both("state")) == ((["Plotter"],) * 2, (["done"],) * 2)
    assert bridged.both("text") == (["It is out"],) * 2


@pytest.mark.parametrize("side", Side)
def test_what_waits_to_leave_stays_when_it_is_disabled(bridged: Bridged, side: Side) -> None:
    """At either side: the write ends with a sentence, and what else it said is written without the field."""
    bridged.a.edit("1", title="Plotter", text="secret words")
    bridged.read()
    for _ in range(3):
        bridged.work_once(("bridge",))
    with transaction.atomic():
        waiting = Write.objects.get(state=WriteState.JOURNALLED)
    disable(bridged, side, "description")
    bridged.work_once(("write",))
    with transaction.atomic():
        ended = Write.objects.get(id=waiting.id)
    bridged.round()

    assert waiting.values.keys() == {"name", "description"}
    assert (ended.state, ended.finished_at is None) == (WriteState.NOT_APPLIED, False)
    assert f"description may not be read or written at side {side}" in str(ended.error)
    assert bridged.both("title") == (["Plotter"], ["Plotter"])
    assert bridged.both("text")[1] == ["It is on fire"]


def test_what_had_left_is_seen_through_when_it_is_disabled(bridged: Bridged) -> None:
    """Its call may have arrived: nobody takes its job away, and it ends by its answer."""

    def meanwhile() -> None:
        with scope(bridged.tenant):
            disable(bridged, Side.A, "description")
        connections.close_all()

    bridged.a.edit("1", text="secret words")
    bridged.b.after_write = meanwhile
    bridged.round()
    with transaction.atomic():
        write = Write.objects.get(operation="update")

    assert (write.state, bridged.both("text")[1]) == (WriteState.DONE, ["secret words"])


def test_what_was_never_read_blanks_nothing_when_it_is_allowed(desks: Bridged) -> None:
    """A field that was disabled from the beginning is blank in the mirror: its model is read before a bridge looks."""
    disable(desks, Side.A, "description")
    desks.a.add(title="Printer", text="of a", state="open", priority="p2")
    desks.b.add(title="Printer", text="of b", state="open", priority="p2")
    desks.join(options={"description": {"first": "winner"}})
    desks.round()
    limit(desks, Side.A)
    desks.work_once(("bridge", "write"))
    waits = desks.standing()
    desks.round()

    assert (waits["status"], "has not been read completely" in waits["reason"]) == ("waiting", True)
    assert desks.both("text") == (["of a"], ["of a"])


def test_a_bridge_waits_where_its_model_may_not_be_read(planned: Bridged, caller: Caller) -> None:
    """An approved plan writes nothing, and no document shows a value; allowed again, the bridge goes on by itself."""
    limit(planned, Side.A, reads=False)
    plan = caller.get(f"plans/{caller.get(f'bridges/{planned.bridge_id}')['plan_id']}")
    items = caller.get(f"plans/{plan['id']}/items")["results"]
    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    planned.work_once()
    waits, preview = planned.standing(), showing.preview(planned.bridge_id)
    [pair] = caller.get("pairs", bridge_id=str(planned.bridge_id))["results"]
    written = planned.writes()
    limit(planned, Side.A)
    planned.round()

    assert waits["status"] == "waiting"
    assert "ticketing.Ticket may not be read at side a" in waits["reason"]
    assert [one["value"] for one in items[0]["fields"].values()] == [None] * 4
    assert (pair["key"], items[0]["key"], preview["plan"]) == (hidden.HIDDEN, hidden.HIDDEN, [])
    assert written == 0
    assert planned.both("text")[1] == ["secret words"]


def test_what_a_side_may_not_be_written_is_kept_for_it(bridged: Bridged) -> None:
    """The other side goes on; allowed again, what is owed is written."""
    limit(bridged, Side.B, writes=False)
    bridged.a.edit("1", title="Plotter")
    bridged.a.add(title="Router", text="new", state="open", priority="p2")
    bridged.b.edit("1", text="It is out")
    told = bridged.round()
    meanwhile = bridged.both("title"), bridged.both("text")
    limit(bridged, Side.B)
    bridged.round()

    assert (
        told["disabled"] == [one for one in told["disabled"] if "may not be written at side b" in one] != []
    )
    assert meanwhile == ((["Plotter", "Router"], ["Printer"]), (["It is out", "new"], ["It is out"]))
    assert bridged.both("title") == (["Plotter", "Router"],) * 2


def test_a_bridge_waits_for_what_it_matches_or_filters_by(bridged: Bridged) -> None:
    """Matched by a field that is not read, records would be doubled; filtered by it, others would take part."""
    disable(bridged, Side.B, "name")
    bridged.a.add(title="Router", text="new", state="open", priority="p2")
    bridged.work_once(("pull",))
    bridged.work_once()
    waits = bridged.standing()

    assert (waits["status"], waits["reason"].partition(" of ")[0]) == ("waiting", "name")
    assert bridged.both("title")[1] == ["Printer"]


def test_conflicts_and_pairs_hide_what_was_disabled_since(bridged: Bridged, caller: Caller) -> None:
    """Both values, what was agreed, and what gave way."""
    field(bridged, "description", winner="ask")
    bridged.a.edit("1", text="secret a")
    bridged.b.edit("1", text="secret b")
    bridged.round()
    disable(bridged, Side.B, "description")
    [conflict] = caller.get("conflicts")["results"]
    [pair] = caller.get("pairs", bridge_id=str(bridged.bridge_id))["results"]
    shown = [
        conflict,
        caller.get(f"conflicts/{conflict['id']}"),
        caller.get(f"pairs/{pair['id']}"),
        caller.get(f"bridges/{bridged.bridge_id}"),
    ]

    assert (conflict["value_a"], conflict["is_hidden"]) == (None, True)
    assert not {"secret a", "secret b", "It is on fire"} & set(json.dumps(shown).split('"'))


def test_why_ends_where_the_counterpart_may_not_be_read(bridged: Bridged, caller: Caller) -> None:
    """A value that was carried is the record's own by now; of where it came from nothing is told."""
    record = str(bridged.pairs()[0].record_b)
    before = caller.get("why", record_id=record, field="description")
    limit(bridged, Side.A, reads=False)
    told = caller.get("why", record_id=record, field="description")

    assert ([one["value"] for one in before["steps"]], before["end"]) == (["It is on fire"] * 2, "origin")
    assert ([one["value"] for one in told["steps"]], told["end"]) == (["It is on fire"], "not visible")


def test_a_bridge_is_told_something_else_while_a_field_is_disabled(bridged: Bridged) -> None:
    """The file of the bridge goes on to be taken, and nothing that was agreed is given up by it."""
    disable(bridged, Side.B, "description")
    with transaction.atomic():
        before = Bridge.objects.get().configuration["policy"]["fields"]["description"]
        told = setup.checked(bridged.wish(winner="b"))

    assert told.as_data()["policy"]["fields"]["description"] == {**before, "winner": "b", "otherwise": "b"}
