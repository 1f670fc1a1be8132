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
