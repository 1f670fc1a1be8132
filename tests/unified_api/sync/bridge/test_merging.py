"""A merge on one side moves the pair to the winner; nothing is deleted and nothing lost by it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import lose, tell
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync.bridge import restoring, steering
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import Issue

STYLES = pytest.mark.parametrize("redirects", [True, False])


@dataclass
class Merging:
    """Two desks, and the remote ids of two tickets of side a; the bridge deletes what was deleted over there."""

    desks: Bridged
    loser: str
    winner: str

    def merge(self, *, redirects: bool) -> None:
        """The desk merges one into the other, and both sides are read."""
        self.desks.a.merge(self.loser, self.winner, redirects=redirects)
        lose(self.desks, 0)
        self.desks.round()

    def pairs(self) -> set[tuple[str, str, str, str]]:
        """The remote ids of pairs, their states, and why they are held."""
        found = set()
        for pair in self.desks.pairs():
            with transaction.atomic():
                ids = dict(Ticket.objects.values_list("id", "remote_id"))
            found.add((ids[pair.record_a], ids[pair.record_b], pair.state, pair.held))
        return found


@pytest.fixture
def lone(desks: Bridged) -> Merging:
    """The winner has no counterpart, as the bridge creates none and only the loser matches."""
    loser = desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.b.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join(creates=())
    tell(desks, deletes={"a": "propagate", "b": "propagate"})
    winner = desks.a.add(title="Burning printer", text="It is on fire", state="open", priority="p1")
    desks.round()
    return Merging(desks, loser, winner)


@pytest.fixture
def paired(desks: Bridged) -> Merging:
    """Both have counterparts."""
    ids = [desks.a.add(title=title, text=title, state="open", priority="p2") for title in ("Printer", "Fire")]
    desks.join()
    tell(desks, deletes={"a": "propagate", "b": "propagate"})
    desks.round()
    return Merging(desks, *ids)


def issues() -> list[Issue]:
    """What waits for a person."""
    with transaction.atomic():
        return list(Issue.objects.filter(status="ONGOING"))


@STYLES
def test_the_pair_goes_on_with_the_winner(lone: Merging, *, redirects: bool) -> None:
    """Which had none: what the winner says travels to the counterpart, later edits too; nothing is deleted."""
    lone.merge(redirects=redirects)

    assert lone.pairs() == {(lone.winner, "1", "paired", "")}
    assert lone.desks.both("title")[1] == ["Burning printer"]
    assert lone.desks.both("priority")[1] == ["p1"]
    lone.desks.b.edit("1", title="From b")
    lone.desks.round()
    assert lone.desks.a.tables["tickets"][lone.winner]["title"] == "From b"
    assert issues() == []


def test_a_winner_that_a_person_paused_stays_so(lone: Merging) -> None:
    """It is in the loser's pair from then on, and nothing is written to that."""
    (paused,) = (pair for pair in lone.desks.pairs() if pair.state == "alone")
    with transaction.atomic():
        steering.pause_pair(paused.id)
    lone.merge(redirects=True)

    assert lone.pairs() == {(lone.winner, "1", "paired", "")}
    assert lone.desks.both("title")[1] == ["Printer"]


@STYLES
def test_a_winner_with_a_pair_keeps_it_and_the_other_counterpart_is_left(
    paired: Merging, *, redirects: bool
) -> None:
    """An issue names it; nothing is deleted or written, also by later rounds."""
    writes = paired.desks.writes()
    paired.merge(redirects=redirects)
    paired.desks.round()

    assert paired.desks.writes() == writes
    assert len(paired.desks.b.tables["tickets"]) == 2
    assert {(a, state, held) for a, _, state, held in paired.pairs()} == {
        (paired.winner, "paired", ""),
        (paired.loser, "paired", "merged"),
    }
    [issue] = issues()
    assert (issue.kind, issue.bridge_id) == ("merged", paired.desks.bridge_id)
    assert "Merge it into" in issue.description


@STYLES
def test_the_issue_ends_when_the_counterpart_is_merged_as_well(paired: Merging, *, redirects: bool) -> None:
    """People merge it over there: nothing is left to say, and the pair that is left goes on."""
    over = next(i for i, one in paired.desks.b.tables["tickets"].items() if one["title"] == "Printer")
    kept = next(i for i in paired.desks.b.tables["tickets"] if i != over)
    paired.merge(redirects=redirects)
    paired.desks.b.merge(over, kept, redirects=False)
    paired.desks.round()
    assert issues() == []

    paired.desks.a.edit(paired.winner, title="Fire in the printer")
    paired.desks.round()
    assert paired.desks.b.tables["tickets"][kept]["title"] == "Fire in the printer"


def test_a_write_to_a_merged_record_reaches_the_winner(lone: Merging) -> None:
    """The merge shows only when the write meets it: nothing goes to the winner unseen, what is owed follows it."""
    lone.desks.b.edit("1", priority="p3")
    lone.desks.read()
    lone.desks.a.merge(lone.loser, lone.winner, redirects=True)
    lone.desks.work_once(["bridge", "write", "bridge", "write"])
    lone.desks.round()

    assert lone.pairs() == {(lone.winner, "1", "paired", "")}
    assert lone.desks.both("title") == (["Burning printer"], ["Burning printer"])


def test_a_merge_between_the_look_and_the_write_moves_the_pair(lone: Merging) -> None:
    """The winner answers to what was sent to the loser: what is left is compared with what that says, at once."""
    desks = lone.desks
    desks.b.edit("1", title="Smoking printer")
    desks.read()

    def merge(title: str) -> str:
        if lone.loser in desks.a.tables["tickets"]:
            desks.a.merge(lone.loser, lone.winner, redirects=True)
        return title

    desks.a.spell = merge
    desks.work_once(["bridge", "write"])
    with transaction.atomic():
        loser, winner = (
            Ticket.objects.get(remote_id=i, linked_account_id=desks.accounts[0].id) for i in "12"
        )
        write = Write.objects.get()
    assert (write.state, write.record_id, loser.remote_was_deleted) == ("done", winner.id, True)
    assert lone.pairs() == {(lone.winner, "1", "paired", "")}

    desks.work_once(["bridge", "write"])
    assert desks.both("title") == (["Smoking printer"], ["Smoking printer"])
    assert desks.both("priority") == (["p1"], ["p1"])
    lone.desks.round()
    assert desks.writes() == 2


def test_a_winner_that_has_not_been_read_is_waited_for(paired: Merging) -> None:
    """Merged into a record that nobody has seen yet: the pair is held, and goes on with it when it is there."""
    desk = paired.desks.a
    fresh = desk.add(title="Fresh", text="Fresh", state="open", priority="p2")
    hidden = desk.tables["tickets"].pop(fresh)
    desk.merge(paired.loser, fresh, redirects=False)
    paired.desks.round()
    assert len(paired.desks.b.tables["tickets"]) == 2
    assert {held for *_, held in paired.pairs()} == {"", "merged"}

    desk.tables["tickets"][fresh] = hidden
    paired.desks.round()
    assert {(a, held) for a, _, _, held in paired.pairs()} == {(fresh, ""), (paired.winner, "")}
    assert "Fresh" in paired.desks.both("title")[1]


def test_an_undone_merge_brings_the_record_back(paired: Merging) -> None:
    """The loser is a record again; that it was merged once is forgotten."""
    paired.merge(redirects=False)
    del paired.desks.a.tables["tickets"][paired.loser]["master"]
    paired.desks.round()

    assert paired.desks.both("title") == (["Fire", "Printer"], ["Fire", "Printer"])
    assert {held for *_, held in paired.pairs()} == {""}
    assert issues() == []


@STYLES
@pytest.mark.parametrize("rule", ["propagate", "restore"])
def test_a_merge_while_the_counterpart_is_written_moves_the_pair_afterwards(
    lone: Merging, rule: str, *, redirects: bool
) -> None:
    """It is taken in while the write is in flight: by its end the pair has moved, and no rule for deletes applies."""
    desks = lone.desks
    tell(desks, deletes={"a": rule, "b": rule})
    desks.a.edit(lone.loser, text="It smokes")
    desks.read()
    desks.work_once(["bridge"])
    desks.a.merge(lone.loser, lone.winner, redirects=redirects)
    lose(desks, 0)
    desks.read()
    desks.work_once(["bridge"])
    assert any(pair.write_id for pair in desks.pairs())
    desks.round()

    assert lone.pairs() == {(lone.winner, "1", "paired", "")}
    assert desks.both("title")[1] == ["Burning printer"]
    assert {method for method, _ in desks.b.writes()} == {"PATCH"}
    assert desks.a.writes() == []


@pytest.fixture
def being_created(paired: Merging) -> Merging:
    """The winner is new: what is to be its counterpart has been journalled, and the merge is read before it leaves."""
    desks = paired.desks
    paired.winner = desks.a.add(title="Fresh", text="Fresh", state="open", priority="p2")
    desks.read()
    desks.work_once(["bridge", "bridge"])
    assert [pair.state for pair in desks.pairs() if pair.write_id] == ["creating"]
    desks.a.merge(paired.loser, paired.winner, redirects=False)
    desks.read()
    desks.work_once(["bridge"])
    return paired


def test_a_counterpart_that_is_being_created_is_waited_for(being_created: Merging) -> None:
    """Which one is left over is not known before: nobody is told of it until then."""
    assert issues() == []
    being_created.desks.round()

    fresh = next(i for i, one in being_created.desks.b.tables["tickets"].items() if one["title"] == "Fresh")
    [issue] = issues()
    assert f"{fresh} goes on with the one that is left" in issue.description


def test_where_the_winner_gets_no_counterpart_the_pair_goes_on_with_it(being_created: Merging) -> None:
    """The create was refused: nothing is left over."""
    being_created.desks.b.refuse_writes = 422
    being_created.desks.work_once(["write"])
    being_created.desks.b.refuse_writes = None
    being_created.desks.round()

    assert issues() == []
    assert being_created.winner in {a for a, *_ in being_created.pairs()}
    assert len(being_created.desks.b.tables["tickets"]) == 2
    assert "Fresh" in being_created.desks.both("title")[1]


def test_a_restore_leaves_merged_records_alone(paired: Merging) -> None:
    """They are not lost: no plan shows a create that would never be made."""
    paired.merge(redirects=False)
    with transaction.atomic():
        plan = restoring.make(Bridge.objects.get(id=paired.desks.bridge_id), Side.A)

    assert plan.counts == {}
