"""What an operator names and sees of a plan: by the number of a ticket, and wholly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import Bridged, desks
from tests.unified_api.sync.bridge.files import TICKETS
from tests.unified_api.sync.conftest import tenant

__all__ = ["desks", "tenant"]  # fixtures

LONG = "It is on fire, and nobody knows how to put it out without water"


@pytest.fixture
def planned(call: Call, desks: Bridged, tmp_path: Path) -> Bridged:
    """A plan of one ticket at either desk; the first has the number 1 at its own."""
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    desks.a.add(title="Printer", text=LONG, state="open")
    desks.b.add(title="Scanner", text="It hums", state="open", priority="p2")
    call("bridge", "apply", str(tmp_path / "tickets.yaml"))
    call("bridge", "plan", "tickets")
    return desks


def test_a_plan_shows_all_values_when_it_is_asked_to(call: Call, planned: Bridged) -> None:
    """In short a value is cut, and says so; with `--all` each field has a line, and its value is whole."""
    short = call("bridge", "plan", "tickets").out
    whole = call("bridge", "plan", "tickets", "--all").out
    cut = call("bridge", "plan", "tickets", "--items", "1").out

    assert "…" in short
    assert LONG not in short
    assert f"\n      description: '{LONG}'\n" in whole
    assert "… and 1 more: --items 2 shows them, --all shows them with all values." in cut


def test_a_pair_is_named_by_the_number_of_its_ticket(call: Call, planned: Bridged) -> None:
    """That of either desk; where both use it for different tickets, both pairs are told, and one is taken by its id."""
    with pytest.raises(
        CommandError, match="'1' is at several pairs; say which by the id of the pair:"
    ) as told:
        call("bridge", "plan", "tickets", "--pair", "1")
    pairs = dict(re.findall(r"  ([0-9a-f-]{36}): ticketing.Ticket \w+ \(1 at side (a|b)\)", str(told.value)))
    assert sorted(pairs.values()) == ["a", "b"]
    mine = next(pair for pair, side in pairs.items() if side == "a")
    shown = call("bridge", "plan", "tickets", "--pair", mine).out
    assert LONG in shown
    assert "Scanner" not in shown

    planned.b.tables["tickets"]["28"] = {**planned.b.tables["tickets"]["1"], "id": "28", "title": "Fax"}
    call("bridge", "run", "tickets")
    assert '["Fax"]' in call("bridge", "pause", "tickets", "--pair", "28").out
    with pytest.raises(CommandError, match="written to neither side"):
        call("bridge", "undo", "tickets", "--pair", "28")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("status", "Ticket"), "There is no bridge 'Ticket' (did you mean 'tickets'?); "),
        (("plan", "tickets/tiket"), "(did you mean 'tickets/Ticket'?); "),
        (
            ("resolve", "tickets", "a", "--field", "nme"),
            "The bridge carries no field 'nme', but description, name, ",
        ),
        (("why", "1", "name"), "Several records have the id '1'; say which by our own:\n"),
        (
            ("why", "77"),
            "'77' is no id of a record, neither ours (a UUID, as the API and `bridge status",
        ),
        (
            ("undo", "tickets", "--write", "77"),
            "--write takes an id, a UUID, not '77'; `bridge why RECORD` names the ",
        ),
        (("approve", "tickets", "OLD"), " is stale by now (Another plan took its place); `bridge plan "),
    ],
)
def test_a_mistake_of_an_operator_says_what_would_do(
    call: Call, planned: Bridged, words: tuple[str, ...], says: str
) -> None:
    """Misspelt names, numbers of tickets in place of ids, hashes of plans that are over."""
    old = call("bridge", "plan", "tickets", "--json").document["bridges"][0]["hash"]
    if "OLD" in words:
        call("bridge", "plan", "tickets", "--new")
        planned.a.add(title="Fax", state="open")
        call("bridge", "plan", "tickets", "--new")
    with pytest.raises(CommandError) as told:
        call("bridge", *(old[:12] if word == "OLD" else word for word in words))

    assert says in str(told.value)


def test_where_nothing_waits_that_is_said(call: Call, desks: Bridged, tmp_path: Path) -> None:
    """A plan without writes says what its approval is for; a word on conflicts that there are not changed nothing."""
    (tmp_path / "tickets.yaml").write_text(TICKETS)
    call("bridge", "apply", str(tmp_path / "tickets.yaml"))

    told = call("bridge", "plan", "tickets").out
    assert "Nothing is to be written now; once it is approved, the bridge goes on by itself." in told
    assert "No conflict waits for that" in call("bridge", "resolve", "tickets", "a", "--all").out


def test_a_round_says_which_side_it_could_not_read_as_that_is_paused(call: Call, planned: Bridged) -> None:
    """And with which command its reading goes on: nothing new came from there."""
    call("sync", str(planned.accounts[1].id), "--pause")
    with pytest.raises(
        CommandError, match=r"Side b was not read: its reading was paused by .* --resume` goes on"
    ):
        call("bridge", "run", "tickets")
    call("sync", str(planned.accounts[1].id), "--model", "ticketing.Ticket", "--resume")

    assert "Both sides are read." in call("bridge", "run", "tickets").err


def test_a_new_plan_of_a_paused_bridge_leaves_the_one_that_waits(call: Call, planned: Bridged) -> None:
    """It is refused with the command that goes on, and what was shown can still be approved then."""
    before = call("bridge", "plan", "tickets", "--json").document["bridges"][0]["hash"]
    call("bridge", "pause", "tickets")
    with pytest.raises(
        CommandError, match=r"ticketing.Ticket: the bridge is paused by .*; `bridge resume [0-9a-f-]*`"
    ):
        call("bridge", "plan", "tickets", "--new")
    call("bridge", "resume", "tickets")

    assert "approved" in call("bridge", "approve", "tickets", before[:12]).out
