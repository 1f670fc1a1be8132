"""`manage.py bridge`: what waits for a person is told, and the words for it work as they are printed."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.bridge.files import TICKETS
from tests.unified_api.sync.bridge.test_following import TEXT, Followed, followed
from tests.unified_api.sync.bridge.test_plans import lose
from tests.unified_api.sync.conftest import tenant
from tests.unified_api.sync.memory.conftest import edit
from unified_api.management.bridge import items
from unified_api.observe.documents import bridge as documents
from unified_api.sync.bridge import waiting
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan

__all__ = ["bridged", "desks", "followed", "tenant"]  # fixtures


@pytest.fixture
def lost(bridged: Bridged) -> Bridged:
    """The ticket of side b was deleted there, and is kept at side a."""
    return losing(bridged)


def losing(bridged: Bridged) -> Bridged:
    """The same desks, with the ticket of side b deleted there."""
    bridged.b.tables["tickets"].clear()
    lose(bridged)
    bridged.round()
    return bridged


def typed(told: str, verb: str) -> list[tuple[str, ...]]:
    """The commands of a verb that a text says between backticks, as words."""
    return [tuple(one.split()) for one in re.findall(rf"`(bridge {verb} [^`]+)`", told)]


def test_an_open_plan_and_what_a_person_stopped_show_in_the_status(
    call: Call, desks: Bridged, tmp_path: Path
) -> None:
    """In the line of the bridge, and below it with the words that approve it."""
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(tmp_path / "tickets.yaml"))
    call("bridge", "plan", "tickets")
    told = call("bridge", "status", "tickets").out
    assert re.search(r" planned +1 \w+ +1 plan ", told.splitlines()[1])
    [approve] = typed(told, "approve")
    assert "approved" in call(*approve).out
    assert "is carried out: 0 of 1 item done" in call("bridge", "status", "tickets").out

    call("bridge", "run", "tickets")
    assert ", to a closed" in call("bridge", "pause", "tickets", "--to", "a").out.splitlines()[1]


def test_a_pair_is_paused_by_the_id_of_its_record_and_shows(call: Call, bridged: Bridged) -> None:
    """The status counts and names those that are paused; the words that it prints resume one."""
    bridge, [pair] = str(bridged.bridge_id), bridged.pairs()
    told = call("bridge", "pause", bridge, "--pair", str(pair.record_b)).out
    assert "paused: 1 pair; " in told
    assert f'["Printer"] (a {pair.record_a}, b {pair.record_b}): by command' in told
    assert ", 1 pair paused" in call("bridge", "status").out

    call("bridge", "resume", bridge, "--pair", str(pair.id))
    assert "paused" not in call("bridge", "status").out
    with pytest.raises(
        CommandError, match="no pair '123': none has this id, and none a record of this id, here or"
    ):
        call("bridge", "pause", bridge, "--pair", "123")


def test_a_record_that_is_gone_says_where_and_what_to_do(call: Call, lost: Bridged) -> None:
    """The status says the side, counts it as what waits, and names the command that makes it again."""
    told = call("bridge", "status", str(lost.bridge_id)).out
    [pair] = lost.pairs()
    assert "gone at side b, kept at side a [pair " in told
    [restore] = typed(told, "restore")
    assert "1 gone" in call("bridge", "status").out
    with transaction.atomic():
        document = documents.of_bridge(Bridge.objects.get())
    assert ("Pairs of which one record is gone", "1") in [
        row for s in document.sections for b in s.blocks for row in getattr(b, "rows", ())
    ]

    made = call(*(str(pair.id) if word == "PAIR" else word for word in restore)).out
    assert "create at side b: [\"Printer\"]: name: 'Printer'" in made


def test_plans_that_a_person_asked_for_are_found_again(call: Call, bridged: Bridged) -> None:
    """Of a bridge that writes by itself: `plan` shows each with its hash, by which one is refused."""
    edit(bridged.b, title="Yours")
    bridged.round()
    lost, bridge = losing(bridged), str(bridged.bridge_id)
    with pytest.raises(CommandError, match="writes by itself"):
        call("bridge", "plan", bridge)
    restore = call("bridge", "restore", bridge, "--to", "b", "--json").document
    undo = call("bridge", "undo", bridge, "--pair", str(lost.pairs()[0].id), "--json").document
    told = call("bridge", "plan", bridge).out

    assert f"plan {restore['plan_id']} (restore), made" in told
    assert f"plan {undo['plan_id']} (undo), made" in told
    assert [words[-1] for words in typed(told, "approve")] == [restore["hash"][:12], undo["hash"][:12]]
    assert " 2 plans, 1 gone " in call("bridge", "status").out
    with pytest.raises(CommandError, match="Several plans are open; give the hash of one"):
        call("bridge", "refuse", bridge)
    assert f"plan {undo['plan_id']}: refused" in call("bridge", "refuse", bridge, undo["hash"][:12]).out
    assert f"plan {restore['plan_id']}: refused" in call("bridge", "refuse", bridge).out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("restore", "--to", "b"), "ticketing.Ticket: nothing to restore; side b lost no record"),
        (("replay", "--from", "2026-01-01T00:00:00Z", "--set", "winner=a"), "no plan waits for you"),
        (("undo", "--write", "WRITE"), "no plan waits for you"),
    ],
)
def test_what_has_nothing_to_write_leaves_no_open_plan(
    call: Call, bridged: Bridged, words: tuple[str, ...], says: str
) -> None:
    """It says so, asks nobody to approve nothing, and its plan is over, with its reason."""
    bridge = str(bridged.bridge_id)
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        write = str(Write.objects.get(operation="update").id)
    edit(bridged.b, title="Yours")
    bridged.round()
    verb, *more = (write if word == "WRITE" else word for word in words)
    told = call("bridge", verb, bridge, *more).out

    assert says in told
    assert "bridge approve" not in told
    assert call("bridge", "status", bridge, "--json").document["plans"] == []
    with transaction.atomic():
        last = Plan.objects.latest("created_at")
    assert (last.purpose, last.state, last.finished_at is not None) == (verb, "done", True)
    assert last.reason.endswith("Nothing is to be written.")


def test_a_bridge_that_waits_for_the_one_it_follows_is_no_error(
    call: Call, followed: Followed, tmp_path: Path
) -> None:
    """Plan, approve and run of two models end well; a model is named behind the name, and details stand below."""
    followed.comment(followed.ticket(), "It burns")
    (tmp_path / "tickets.yaml").write_text(TEXT)
    call("bridge", "apply", str(tmp_path / "tickets.yaml"))
    told = call("bridge", "plan", "tickets").out
    assert "ticketing.Comment: there is no plan. It waits for the bridge over ticketing.Ticket" in told
    call(*typed(told, "approve")[0])
    call("bridge", "run", "tickets")
    told = call("bridge", "plan", "tickets/Comment").out

    assert 'create at side b: [["Printer"], "It burns"]: body: \'It burns\', ticket: ["Printer"]' in told
    assert call("bridge", "status", "tickets").out.count("\nbridge_id: ") == 2
    assert call("bridge", "status", "tickets/ticketing.Ticket").out.startswith("bridge_id: ")
    with pytest.raises(CommandError, match="several bridges; say which: tickets/Ticket or tickets/Comment"):
        call("bridge", "document", "tickets")
    with pytest.raises(CommandError, match="There is no bridge 'tickets/User'"):
        call("bridge", "status", "tickets/User")


def test_a_round_goes_on_while_it_makes_progress(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes by the clock; a bridge of which nothing ends is left to the workers."""
    for number in range(6):
        desks.a.add(title=f"Printer {number}", state="open")
    desks.join()
    desks.read()
    passed, real = [0.0], time.monotonic
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: real() + passed[0]))
    monkeypatch.setattr(waiting, "workers_run", lambda: False)
    turn = Round(desks.tenant, desks.bridge_id, patience=120.0, sleep=lambda _: None)

    def slow() -> None:
        passed[0] += 50.0

    assert turn.settle(slow)
    assert (len(desks.both("title")[1]), passed[0] > turn.patience) == (6, True)

    desks.a.edit("1", title="Copier")
    desks.read()
    monkeypatch.setattr(waiting, "workers_run", lambda: True)  # and they do nothing
    assert not turn.settle(slow)


def test_a_plan_is_short_and_begins_with_its_totals() -> None:
    """Long values are cut, records have names, and what is done of an approved plan is told."""
    value: dict[str, Any] = {"was": None, "rule": "new record", "is_hidden": False}
    fields = {"ticket": {**value, "value": "id-1"}, "body": {**value, "value": "word " * 40}}
    item = {"action": "create", "side": "b", "key": None, "fields": {"fields": fields}, "state": "waiting"}
    plan = {
        "plan_id": "one",
        "purpose": "round",
        "created_at": "2026-01-01T00:00:00",
        "made_because": "",
        "state": "approved",
        "model": "ticketing.Comment",
        "counts": {"create": 3, "conflict": 1},
        "progress": {"done": 1, "waiting": 1, "sent": 1, "shown": 1},
        "cost": {"b": {"calls": 1}},
        "names": {"id-1": '["Printer"]'},
        "items": [item],
        "left_out": 3,
        "is_whole": False,
    }
    lines = list(items.tell(plan))

    assert lines[1:4] == ["  1 conflict, 3 creates", "  1 of 3 items done", "  side b: 1 call"]
    assert lines[4].startswith('  create at side b: without a key: ticket: ["Printer"], body: \'word word')
    assert len(lines[4]) < 110
    assert lines[5] == "  … and 3 more: --items 4 shows them, --all shows them with all values."
