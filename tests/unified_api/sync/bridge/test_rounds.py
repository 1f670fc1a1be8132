"""Two desks kept equal: whose edit arrives where, and that nothing is written after."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tests.stub import Desk
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.sync.models import Change, Write


def only(desk: Desk) -> tuple[str, dict[str, Any]]:
    """The one ticket of a desk, with its id."""
    ((remote_id, ticket),) = desk.tables["tickets"].items()
    return remote_id, ticket


def test_a_ticket_of_one_side_is_created_on_the_other(bridged: Bridged) -> None:
    """It says the same there, and the two are a pair."""
    _, there = only(bridged.b)
    (pair,) = bridged.pairs()

    assert (there["title"], there["text"], there["state"]) == ("Printer", "It is on fire", "open")
    assert pair.state == "paired"
    assert pair.record_a
    assert pair.record_b


def test_edits_travel_both_ways(bridged: Bridged) -> None:
    """An edit on either side arrives on the other."""
    bridged.a.edit(only(bridged.a)[0], title="Printer upstairs")
    bridged.round()
    assert only(bridged.b)[1]["title"] == "Printer upstairs"

    bridged.b.edit(only(bridged.b)[0], text="It is out")
    bridged.round()
    assert only(bridged.a)[1]["text"] == "It is out"


def test_different_fields_of_one_ticket_both_survive(bridged: Bridged) -> None:
    """Edits on both sides in one round do not touch each other, and nobody is overruled."""
    bridged.a.edit(only(bridged.a)[0], title="Printer upstairs")
    bridged.b.edit(only(bridged.b)[0], priority="p1")
    standing = bridged.round()

    for desk in (bridged.a, bridged.b):
        assert (only(desk)[1]["title"], only(desk)[1]["priority"]) == ("Printer upstairs", "p1")
    assert standing["overruled"] == []


def test_the_winner_prevails_and_the_other_edit_is_on_record(bridged: Bridged) -> None:
    """The overruled value stands in the bridge's history and in the change log, with its cause."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.b.edit(only(bridged.b)[0], title="Yours")
    standing = bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])
    (gave_way,) = standing["overruled"]
    assert (gave_way["side"], gave_way["value"], gave_way["by"], gave_way["rule"]) == (
        "b",
        "Yours",
        "Mine",
        "winner",
    )
    with transaction.atomic():
        change = Change.objects.get(write_id=gave_way["write_id"], source="bridge")
        assert change.fields["name"] == ["Yours", "Mine"]


def test_a_further_round_writes_nothing(bridged: Bridged) -> None:
    """At rest no request but reads leaves, no write is journalled, and nothing is logged."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.round()
    with transaction.atomic():
        before = bridged.writes(), Write.objects.count(), Change.objects.count()

    for _ in range(3):
        bridged.round()
    with transaction.atomic():
        assert (bridged.writes(), Write.objects.count(), Change.objects.count()) == before


def test_a_finer_word_of_one_side_stays(bridged: Bridged) -> None:
    """A word that the other side knows under a coarser one goes over as that, and does not come back."""
    bridged.a.edit(only(bridged.a)[0], state="busy")
    writes = bridged.writes()
    standing = bridged.round()
    assert (only(bridged.a)[1]["state"], only(bridged.b)[1]["state"]) == ("busy", "open")
    assert (bridged.writes(), standing["problems"]) == (writes, [])

    bridged.b.edit(only(bridged.b)[0], state="done")
    bridged.round()
    assert only(bridged.a)[1]["state"] == "done"


def test_an_unmapped_word_is_a_problem_and_holds_up_nothing_else(bridged: Bridged) -> None:
    """It is shown with its value; the other side keeps its own; the title travels."""
    bridged.a.edit(only(bridged.a)[0], state="strange", title="Printer upstairs")
    standing = bridged.round()

    assert only(bridged.b)[1]["title"] == "Printer upstairs"
    assert only(bridged.b)[1]["state"] == "open"
    (problem,) = standing["problems"]
    assert (problem["kind"], problem["field"], problem["value"]) == ("unmapped", "status", "strange")


def test_a_side_that_re_spells_comes_to_rest(bridged: Bridged) -> None:
    """What the remote makes of a text is its spelling: it does not come back, and is not sent again."""
    bridged.b.spell = str.upper
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.round()
    writes = bridged.writes()
    bridged.round()

    assert bridged.both("title") == (["Mine"], ["MINE"])
    assert bridged.writes() == writes


def test_a_deleted_ticket_is_kept_on_the_other_side(bridged: Bridged) -> None:
    """The pair says that it is gone; nothing is written."""
    bridged.b.add(title="Another", state="open")
    bridged.round()
    writes = bridged.writes()
    remote_id = next(i for i, t in bridged.b.tables["tickets"].items() if t["title"] == "Printer")
    del bridged.b.tables["tickets"][remote_id]
    standing = bridged.round()

    assert bridged.both("title") == (["Another", "Printer"], ["Another"])
    assert bridged.writes() == writes
    assert [(p["kind"], p["side"]) for p in standing["problems"]] == [("gone", "b")]
