"""What becomes of a pair when its write goes wrong."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import replace
from typing import Final

import pytest
from django.db import transaction
from django.db.models import F

from integrations.kit import endpoints
from integrations.kit.lenses import choice
from integrations.kit.mapping import Mapping
from tests import stub
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, link
from tests.unified_api.sync.bridge.test_rounds import only
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, job, tasks, word
from unified_api.sync.bridge import edits, setup
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models import Job, Run, Stream, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_watch import Issue

#: A desk that ignores the state of what is created.
LATE_STATE: Final = replace(
    PLAIN,
    resources=(
        replace(
            PLAIN.resources[0],
            mapping=Mapping(
                Ticket,
                remote_id="id",
                name="title",
                description="text",
                status=choice("state", {"OPEN": "open", "CLOSED": "done"}, after_create=True),
                priority=choice("priority", {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}),
            ),
        ),
    ),
)


def hurry(bridged: Bridged) -> None:
    """Let all leases run out and all waits be over, as if much time had passed."""
    with transaction.atomic():
        Write.objects.filter(finished_at=None).update(sent_at=clock.now() - dt.timedelta(minutes=5))
        Job.objects.update(due_at=clock.now(), leased_until=None)


def hours_ago(hours: int) -> str:
    """A moment as a desk tells it."""
    return f"{clock.now() - dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def test_a_lost_answer_to_a_create_makes_one_ticket_not_two(desks: Bridged) -> None:
    """The ticket was made and nobody heard: it is found and adopted, also if it was read meanwhile."""
    desks.a.add(title="Printer", text="It is on fire", state="open")
    desks.join()
    desks.b.cut_after_write = 1
    desks.read()
    desks.work_once()
    desks.read()
    hurry(desks)
    standing = desks.round()

    assert desks.both("title") == (["Printer"], ["Printer"])
    assert standing["pairs"] == {"paired": 1}


def test_what_the_second_call_of_a_create_could_not_bring_is_still_owed(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk was away after the ticket was made: it is adopted as it stands there, and brought up to date."""
    monkeypatch.setitem(registry._providers, "plain", LATE_STATE)
    desks.a.add(title="Printer", text="It is on fire", state="done")
    desks.join()
    desks.read()
    desks.b.after_write = lambda: setattr(desks.b, "refuse_writes", 503)
    desks.work_once()
    desks.b.after_write, desks.b.refuse_writes = int, None
    hurry(desks)
    standing = desks.round()

    assert (desks.both("title"), desks.both("state")) == ((["Printer"],) * 2, (["done"],) * 2)
    assert (standing["pairs"], standing["problems"]) == ({"paired": 1}, [])


def test_an_edit_between_the_two_calls_of_a_create_is_news(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody edits what was just made, before its state is sent: the edit travels, and the state is still brought."""
    monkeypatch.setitem(registry._providers, "plain", LATE_STATE)
    desks.a.add(title="Printer", text="It is on fire", state="done")
    desks.join()
    desks.read()
    desks.b.after_write = lambda: desks.b.edit(next(iter(desks.b.tables["tickets"])), text="It is out again")
    desks.work_once()
    desks.b.after_write = int
    standing = desks.round()

    assert (desks.both("text"), desks.both("state")) == ((["It is out again"],) * 2, (["done"],) * 2)
    assert (standing["pairs"], standing["problems"]) == ({"paired": 1}, [])


@pytest.mark.parametrize(("rule", "titles"), [("ask", []), ("restore", ["Printer"])])
def test_what_was_removed_before_its_create_was_finished_is_deleted(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch, rule: str, titles: list[str]
) -> None:
    """Somebody removed the ticket that had been made: whether it is made again is for the rule of deletes to say."""
    monkeypatch.setitem(registry._providers, "plain", LATE_STATE)
    desks.a.add(title="Printer", state="done")
    desks.join(deletes={"a": rule, "b": rule})
    desks.read()
    desks.b.after_write = lambda: setattr(desks.b, "refuse_writes", 503)
    desks.work_once()
    desks.b.after_write, desks.b.refuse_writes = int, None
    desks.b.tables["tickets"].clear()
    hurry(desks)
    standing = desks.round()

    assert desks.both("title") == (["Printer"], titles)
    assert (standing["pairs"], [one["kind"] for one in standing["problems"]]) == (
        ({"gone": 1}, ["gone"]) if rule == "ask" else ({"paired": 1}, [])
    )


def test_a_worker_that_dies_before_it_sends(desks: Bridged) -> None:
    """The write is journalled and its pair reserved: another worker sends it, once."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.work_once(kinds=("bridge",))
    with transaction.atomic():
        (write,) = Write.objects.all()
        pair = Pair.objects.get()
        assert job.claim("write", write.id)  # a worker takes it, and is heard of no more
    assert (write.state, pair.state, pair.write_id) == (WriteState.JOURNALLED, "creating", write.id)

    hurry(desks)
    desks.round()
    assert desks.both("title") == (["Printer"], ["Printer"])
    assert len(desks.b.writes()) == 1


def test_a_lost_answer_to_an_update_is_settled_by_reading_back(bridged: Bridged) -> None:
    """It is neither repeated nor taken back."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.b.cut_after_write = 1
    bridged.read()
    bridged.work_once()
    hurry(bridged)
    writes = bridged.writes()
    standing = bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])
    assert bridged.writes() == writes
    assert standing["overruled"] == []


def test_a_silent_refusal_behind_a_lost_answer_reverts_nobody(bridged: Bridged) -> None:
    """One of two fields was kept as it was, and nobody heard: the edit is still owed, not replaced by the old value."""
    remote_id = only(bridged.b)[0]
    bridged.a.edit(only(bridged.a)[0], title="Mine", text="Mine too")
    bridged.b.after_write = lambda: bridged.b.edit(remote_id, text="It is on fire")
    bridged.b.cut_after_write = 1
    bridged.read()
    bridged.work_once()
    bridged.b.after_write = int
    hurry(bridged)
    bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])
    assert bridged.both("text") == (["Mine too"], ["Mine too"])


def test_an_edit_that_met_a_write_of_unknown_outcome_is_on_record_when_it_prevails(bridged: Bridged) -> None:
    """Whoever typed a third value may never have seen what was sent: the edit that gives way to it is not lost."""
    remote_id = only(bridged.b)[0]
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.b.after_write = lambda: bridged.b.edit(remote_id, title="Yours")
    bridged.b.cut_after_write = 1
    bridged.read()
    bridged.work_once()
    bridged.b.after_write = int
    hurry(bridged)
    standing = bridged.round()

    assert bridged.both("title") == (["Yours"], ["Yours"])
    told = [(one["value"], one["by"], one["rule"]) for one in standing["overruled"]]
    assert told == [("Mine", "Yours", "lost answer")]


def test_an_edit_whose_write_was_answered_otherwise_is_on_record(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write met somebody's edit over there, and its answer shows that: whoever made it may never have seen ours."""
    tickets = PLAIN.resources[0]
    assert isinstance(tickets.update, endpoints.Write)
    silent = replace(tickets, update=replace(tickets.update, answer=None))
    monkeypatch.setitem(registry._providers, "plain", replace(PLAIN, resources=(silent,)))
    remote_id = only(bridged.b)[0]
    bridged.a.edit(only(bridged.a)[0], priority="p1")
    bridged.b.after_write = lambda: bridged.b.edit(remote_id, priority="p3")
    bridged.read()
    bridged.work_once()
    bridged.b.after_write = int
    standing = bridged.round()

    assert bridged.both("priority") == (["p3"], ["p3"])
    told = [(one["value"], one["by"], one["rule"]) for one in standing["overruled"]]
    assert told == [("URGENT", "LOW", "answered otherwise")]


def test_an_edit_between_look_and_write_is_not_overwritten(bridged: Bridged) -> None:
    """The write finds that the record moved, does nothing, and the pair is looked at again: the rule decides."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.work_once(kinds=("bridge",))
    bridged.b.edit(only(bridged.b)[0], title="Yours")
    standing = bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])
    assert standing["writes"]["moved"] == 1
    assert [(one["value"], one["by"]) for one in standing["overruled"]] == [("Yours", "Mine")]


def test_what_is_read_just_before_a_write_is_somebodys_edit(bridged: Bridged) -> None:
    """For the newest edit to win, one that only the reading before a write met has its time; the write has none."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.work_once(kinds=("bridge",))
    bridged.b.edit(only(bridged.b)[0], text="Yours")
    bridged.work_once(kinds=("write",))

    found = edits_there(bridged)
    assert found["name"] is None
    assert found["description"] is not None


def test_what_an_answer_shows_beside_what_was_sent_is_somebodys_edit(bridged: Bridged) -> None:
    """For the newest edit to win, it was made since the reading before, and not by the write, or at its moment."""
    remote_id, spell = only(bridged.b)[0], bridged.b.spell

    def edited_meanwhile(title: str) -> str:
        bridged.b.edit(remote_id, text="Yours")
        return spell(title)

    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.b.spell = edited_meanwhile
    bridged.work_once()

    found = edits_there(bridged)
    assert found["name"] is None
    assert found["description"] is not None
    assert (found["description"].source, found["description"].doubt > 0) == ("bridge", True)


def edits_there(bridged: Bridged) -> dict[str, edits.Edit | None]:
    """The newest edits of side b that no bridge made."""
    (pair,) = bridged.pairs()
    with transaction.atomic():
        frame, record = Frame.of(Bridge.objects.get(id=pair.bridge_id)), pair.record_b
        assert record is not None
        return {name: edits.of(frame, record, Side.B, name) for name in ("name", "description")}


@pytest.mark.parametrize(("hours_away", "kept"), [(0, "p1"), (24, "p3")])
def test_an_edit_without_a_time_was_made_since_the_reading_before(
    desks: Bridged, hours_away: int, kept: str
) -> None:
    """Read at once, it is the newer one; read behind an outage it may be the older, and the fixed side prevails."""
    desks.a.add(title="Printer", text="t", state="open", priority="p2", updated=hours_ago(48))
    desks.join(options={"priority": {"winner": "newest", "otherwise": "a"}})
    desks.round()
    read_earlier(desks, "b", hours_away)
    desks.a.tables["tickets"]["1"] |= {"priority": "p3", "updated": hours_ago(1)}
    desks.b.edit(only(desks.b)[0], priority="p1")
    desks.round()

    assert desks.both("priority") == ([kept], [kept])


@pytest.mark.parametrize(("hours_away", "kept"), [(4.0, "Yours"), (1.5, "Mine")])
def test_the_time_of_a_record_is_not_that_of_each_edit_behind_it(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch, hours_away: float, kept: str
) -> None:
    """Two edits in one reading: the first may be as old as the reading before, and with that the older of two sides."""
    monkeypatch.setitem(registry._providers, "plain", replace(stub.PROVIDER, slug="plain", name="Plain"))
    desks.a.add(title="Printer", text="t", state="open", updated=hours_ago(48))
    desks.join(options={"name": {"winner": "newest", "otherwise": "b"}}, words=())
    desks.round()
    read_earlier(desks, "a", hours_away)
    desks.a.tables["tickets"]["1"] |= {"title": "Mine", "text": "Mine too", "updated": hours_ago(1)}
    read_earlier(desks, "b", 4.0)
    desks.b.tables["tickets"][only(desks.b)[0]] |= {"title": "Yours", "updated": hours_ago(2)}
    desks.round()

    assert desks.both("title") == ([kept], [kept])


def read_earlier(bridged: Bridged, side: str, hours: float) -> None:
    """Let all readings of a side be older than they are."""
    with transaction.atomic():
        account, away = bridged.accounts[side == "b"].id, dt.timedelta(hours=hours)
        streams = Stream.objects.filter(linked_account_id=account, model="ticketing.Ticket").values("id")
        Run.objects.filter(stream_id__in=streams).update(
            started=F("started") - away, finished=F("finished") - away
        )


def test_what_another_bridge_brought_has_no_time(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a chain, the moment at which a link wrote is not that of the edit: the newest is then not known."""
    bridged.b.edit(only(bridged.b)[0], title="Earlier")
    bridged.round()
    bridged.a.edit(only(bridged.a)[0], title="Brought")
    bridged.round()
    third = replace(PLAIN, slug="third", name="Third")
    monkeypatch.setitem(registry._providers, third.slug, third)
    (pair,) = bridged.pairs()
    with stub.running() as desk, transaction.atomic():
        ends = bridged.accounts[1], link(third, desk)
        further = setup.create(setup.Wish(*ends, "ticketing.Ticket", winner="newest", fields=("name",)))
        of_first, of_second = Frame.of(Bridge.objects.get(id=bridged.bridge_id)), Frame.of(further)
        assert pair.record_b is not None
        assert edits.of(of_second, pair.record_b, Side.A, "name") is None
        assert edits.of(of_first, pair.record_b, Side.B, "name") is not None


def test_a_write_that_finds_its_work_done_overrules_nobody(desks: Bridged) -> None:
    """Somebody types just what was about to be written: their own edit replaced what stood there, not the bridge."""
    desks.a.add(title="Printer", state="open", priority="p1")
    remote_id = desks.b.add(title="Printer", state="open", priority="p3")
    desks.join()
    desks.read()
    desks.work_once(kinds=("bridge",))
    desks.b.edit(remote_id, priority="p1")
    standing = desks.round()

    assert desks.both("priority") == (["p1"], ["p1"])
    assert desks.writes() == 0
    assert standing["overruled"] == []


def test_a_refused_field_is_a_problem_until_somebody_moves(bridged: Bridged) -> None:
    """A provider that says no is not asked again, until the value is another."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.b.refuse_writes = 422
    standing = bridged.round()
    assert [(p["kind"], p["field"]) for p in standing["problems"]] == [("refused", "name")]
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes

    bridged.b.refuse_writes = None
    bridged.a.edit(only(bridged.a)[0], title="Mine too")
    standing = bridged.round()
    assert bridged.both("title") == (["Mine too"], ["Mine too"])
    assert standing["problems"] == []


def test_what_was_refused_is_tried_again_when_somebody_edits_its_record_there(bridged: Bridged) -> None:
    """Another field is enough; what the bridge writes itself is no such edit, and each edit has one try."""
    ours, theirs = only(bridged.a)[0], only(bridged.b)[0]
    bridged.a.edit(ours, title="Mine")
    bridged.b.refuse_writes = 422
    bridged.round()
    bridged.b.edit(theirs, text="Somebody is named for it")
    before = bridged.b.writes()
    bridged.round()
    bridged.round()
    assert len(bridged.b.writes()) == len(before) + 1

    bridged.b.refuse_writes = None
    bridged.a.edit(ours, priority="p1")
    bridged.round()
    assert (bridged.both("priority")[1], bridged.both("title")[1]) == (["p1"], ["Printer"])

    bridged.b.edit(theirs, text="Somebody else is")
    bridged.round()
    assert bridged.both("title") == (["Mine"], ["Mine"])


def test_a_refused_field_is_one_issue_however_many_its_pairs(bridged: Bridged) -> None:
    """It tells how many pairs there are, and ends by itself when none is left."""

    def told() -> list[tuple[str, str, int]]:
        with transaction.atomic():
            ongoing = Issue.objects.filter(bridge_id=bridged.bridge_id, status=Issue.Status.ONGOING)
            return [(one.kind, one.details["field"], one.details["pairs"]) for one in ongoing]

    bridged.a.add(title="Router", text="t", state="open", priority="p2")
    bridged.round()
    bridged.b.refuse_writes = 422
    first, second = bridged.a.tables["tickets"]
    for ticket in (first, second):
        bridged.a.edit(ticket, priority="p1")
    bridged.round()
    assert told() == [("refused", "priority", 2)]

    bridged.b.refuse_writes = None
    bridged.a.edit(first, priority="p3")
    bridged.round()
    assert told() == [("refused", "priority", 1)]

    bridged.a.edit(second, priority="p3")
    bridged.round()
    assert told() == []


def test_a_record_that_keeps_moving_is_tried_ever_later(bridged: Bridged) -> None:
    """A provider that says for ever that somebody was first is not asked without a pause; then all goes on."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.b.refuse_writes = 412
    with transaction.atomic():
        job.ask(setup.KIND, bridged.bridge_id)
    for _ in range(60):
        if lease := job.claim_next(job.BACKGROUND):
            tasks.do(lease, time.monotonic() + 20)
    with transaction.atomic():
        assert Write.objects.filter(state=WriteState.MOVED).count() == 2
        waiting = Job.objects.get(kind="write")
    assert waiting.due_at > clock.now()

    bridged.b.refuse_writes = None
    hurry(bridged)
    bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])


def test_a_refused_credential_is_no_refused_value(bridged: Bridged) -> None:
    """The bridge waits for the account; when it is linked again, what was owed is written."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    token, bridged.b.token = bridged.b.token, "another"
    bridged.work_once()
    bridged.work_once()
    assert bridged.standing()["status"] == "waiting"

    bridged.b.token = token
    bridged.relink()
    standing = bridged.round()
    assert bridged.both("title") == (["Mine"], ["Mine"])
    assert standing["problems"] == []


def test_an_edit_right_after_our_write_is_news(bridged: Bridged) -> None:
    """The answer shows what we wrote, the next reading what somebody made of it: that travels back."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.b.after_write = lambda: bridged.b.edit(only(bridged.b)[0], title="Edited at once")
    bridged.work_once()
    bridged.b.after_write = int
    bridged.round()
    standing = bridged.round()

    assert bridged.both("title") == (["Edited at once"], ["Edited at once"])
    assert standing["overruled"] == []


def test_a_create_that_nobody_can_settle_waits_for_a_person(desks: Bridged) -> None:
    """Two records could be it: none is adopted, none made, and the bridge goes on with all others."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.b.cut_after_write = 1
    desks.work_once()
    desks.b.add(title="Printer", state="open")
    hurry(desks)
    desks.round()
    desks.a.add(title="Another", state="open")
    standing = desks.round()

    assert desks.both("title") == (["Another", "Printer"], ["Another", "Printer", "Printer"])
    assert [(p["kind"], p["side"]) for p in standing["problems"]] == [("unsettled", "b")]
    assert (standing["held"]["unsettled"], standing["status"]) == (1, "quiet")
    [write] = standing["uncertain"]
    assert [p["write_id"] for p in standing["problems"]] == [write["write_id"]]
    with transaction.atomic():
        issue = Issue.objects.get()
        assert (issue.kind, str(issue.subject), issue.bridge_id) == (
            "uncertain",
            write["write_id"],
            desks.bridge_id,
        )
    word.not_applied(uuid.UUID(write["write_id"]))
    with transaction.atomic():
        assert Issue.objects.get().status == Issue.Status.RESOLVED
    assert desks.standing()["uncertain"] == []


def test_an_edit_whose_adapter_was_not_installed_is_still_owed(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says nothing about the values: with the adapter back, the edit arrives without another one."""
    (remote_id,) = bridged.a.tables["tickets"]
    bridged.a.edit(remote_id, title="Printer upstairs")
    bridged.read()
    bridged.work_once(kinds=("bridge",))
    with monkeypatch.context() as patch:
        patch.delitem(registry._providers, "plain")
        bridged.work_once(kinds=("write",))
    with transaction.atomic():
        assert Write.objects.latest("journalled_at").state == WriteState.NOT_APPLIED

    bridged.round()
    assert bridged.both("title") == (["Printer upstairs"], ["Printer upstairs"])
    assert [pair.problems for pair in bridged.pairs()] == [[]]
