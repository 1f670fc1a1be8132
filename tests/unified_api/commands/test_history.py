"""`manage.py history` and `manage.py bridge why`: the past of a record, for people and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.conftest import tenant
from tests.unified_api.sync.memory.conftest import edit, record_at
from unified_api.sync import clock
from unified_api.sync.memory import undo

__all__ = ["bridged", "desks", "tenant"]  # fixtures


def test_people_read_what_happened_and_why(call: Call, bridged: Bridged) -> None:
    """Newest first, each entry with its cause, each field with old, new, and the rule that overruled an edit."""
    edit(bridged.a, title="Mine")
    edit(bridged.b, title="Yours")
    bridged.round()
    words = (str(record_at(bridged, "b")), "name", "--tenant", str(bridged.tenant))
    lines = call("history", *words).out.splitlines()
    told = call("bridge", "why", *words).out

    assert f"updated by bridge {bridged.bridge_id} (write " in lines[0]
    assert lines[1] == "  name: 'Yours' -> 'Mine' (winner), overruling 'Yours'"
    assert "updated by the account (pull, read by run " in lines[2]
    assert lines[3] == "  name: 'Printer' -> 'Yours'"
    assert lines[5] == "  name: None -> 'Printer' (new record)"
    assert told.startswith("Ticket 1 of customer-1 at plain: name is 'Mine' since ")
    assert "carrying 'Mine' of Ticket 1 of customer-1 at stub" in told


def test_what_bridges_wrote_is_told_first(call: Call, bridged: Bridged) -> None:
    """With what its rule means; what came with the record stands in one line."""
    edit(bridged.a, title="Mine")
    bridged.round()
    tenant = ("--tenant", str(bridged.tenant))
    first, *_, last = call("bridge", "why", str(record_at(bridged, "b")), *tenant).out.splitlines()

    assert "name is 'Mine'" in first
    assert "under rule 'moved' (only the other side had changed it)" in first
    came, told = last.partition(": ")[::2]
    assert came == "As a bridge made the record with them, and never changed since"
    assert {"description", "status", "priority"} <= set(told.partition(".")[0].split(", "))


def test_a_record_is_shown_as_it_was(call: Call, bridged: Bridged) -> None:
    """As of the time of an entry it has the value of then; before it was seen it is not there."""
    edit(bridged.a, title="Mine")
    bridged.round()
    words = (str(record_at(bridged, "a")), "name", "--tenant", str(bridged.tenant))
    created = call("history", *words, "--json").document["entries"][-1]["at"]

    assert call("history", *words, "--as-of", created).out.splitlines()[1] == "  name: Printer"
    early = call("history", *words, "--as-of", "2020-01-01", "--json").document
    assert (early["presence"], early["values"]) == ("not created", {})


def test_the_history_goes_on_where_it_was_left(call: Call, bridged: Bridged) -> None:
    """A shortened history says with which position to ask for the rest."""
    edit(bridged.a, title="Mine")
    bridged.round()
    words = ("history", str(record_at(bridged, "a")), "--tenant", str(bridged.tenant))
    first = call(*words, "--limit", "1").out
    position = first.splitlines()[-1].removeprefix("Older ones: --before ")
    rest = call(*words, "--before", position, "--json").document

    assert [entry["kind"] for entry in rest["entries"]] == ["created"]
    assert not rest["has_more"]


def test_without_a_field_every_value_is_accounted_for(call: Call, bridged: Bridged) -> None:
    """One sentence a field that has a value; the only tenant there is needs no name."""
    record = str(record_at(bridged, "b"))
    document = call("bridge", "why", record, "--json").document

    values = {one["field"]: one["value"] for one in document["answers"]}
    assert None not in values.values()
    assert values.items() >= {"name": "Printer", "description": "It is on fire", "status": "OPEN"}.items()
    assert {one["end"] for one in document["answers"]} == {"origin"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), "'nothing' is no id of a record, neither ours"),
        (("5a3c3f0e-0000-4000-8000-000000000001",), "This tenant has no record with this id"),
        (("RECORD", "colour"), "Ticket has no field 'colour', but name"),
        (("RECORD", "--as-of", "yesterday"), "--as-of: an ISO 8601 date-time is expected"),
    ],
)
def test_what_cannot_be_meant_is_said(
    call: Call, bridged: Bridged, words: tuple[str, ...], told: str
) -> None:
    """One sentence, and no traceback."""
    given = [word.replace("RECORD", str(record_at(bridged, "a"))) for word in words]
    with pytest.raises(CommandError, match=told):
        call("history", *given, "--tenant", str(bridged.tenant))


def test_an_undo_is_shown_before_anything_is_written(call: Call, bridged: Bridged) -> None:
    """The plan has each value that would come back, what is left alone, and the hash to approve it by."""
    edit(bridged.a, title="Mine")
    bridged.round()
    edit(bridged.b, text="It is out")
    bridged.round()
    (pair,) = bridged.pairs()
    writes = bridged.writes()
    words = ("bridge", "undo", str(bridged.bridge_id), "--pair", str(pair.id))
    lines = call(*words).out.splitlines()
    document = call(*words, "--json").document

    assert set(lines[2:]) == {
        "[\"Mine\"]: description of side a: 'It is out' -> 'It is on fire'",
        "[\"Mine\"]: name of side b: 'Mine' -> 'Printer'",
        f"[\"Mine\"]: description is 'It is out' at side a and 'It is out' at side b: {undo.EDITED}",
        "2 records would be written to, nothing was sent.",
        f"`bridge approve {bridged.bridge_id} {lines[1].removeprefix('hash: ')[:12]}` has just this written.",
    }
    assert (document["state"], document["counts"]) == ("open", {"update": 2, "conflict": 1})
    assert bridged.writes() == writes


@pytest.mark.parametrize(
    ("named", "told"),
    [("nothing", "--write takes an id"), ("5a3c3f0e-0000-4000-8000-000000000002", "no write with this id")],
)
def test_an_undo_of_nothing_is_refused(call: Call, bridged: Bridged, named: str, told: str) -> None:
    """In a sentence."""
    with pytest.raises(CommandError, match=told):
        call("bridge", "undo", str(bridged.bridge_id), "--write", named)


def test_a_replay_is_shown_before_anything_is_written(call: Call, bridged: Bridged, tmp_path: Path) -> None:
    """What another policy would have ended with, line by line; the policy by option, by mapping or as a bridge file."""
    since = clock.now().isoformat()
    edit(bridged.a, title="From a")
    edit(bridged.b, title="From b")
    bridged.round()
    writes = bridged.writes()
    words = ("bridge", "replay", str(bridged.bridge_id), "--from", since)
    lines = call(*words, "--set", "fields.name.winner=ask").out.splitlines()
    (tmp_path / "policy.yaml").write_text("winner: b\n")
    (tmp_path / "bridge.yaml").write_text(
        "name: tickets\na: {end_user: customer-1, integration: stub}\nb: {end_user: customer-1, integration: plain}\n"
        "models:\n  ticketing.Ticket:\n    winner: b\n    fields: {name: , description: , status: , priority: }\n"
    )
    told = [
        call(*words, "--policy", str(tmp_path / name), "--json").document
        for name in ("policy.yaml", "bridge.yaml")
    ]

    assert lines[3:] == [
        "[\"From a\"]: name of side b: 'From a' -> 'From b' (nothing written)",
        "[\"From a\"]: name would wait for a person: 'From a' at side a, 'From b' at side b",
        "1 record would say something else; nothing was sent.",
        f"`bridge approve {bridged.bridge_id} {lines[1].removeprefix('hash: ')[:12]}` has just this written.",
    ]
    assert [one["counts"] for one in told] == [{"update": 2}, {"update": 2}]
    assert bridged.writes() == writes


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "yesterday", "--set", "winner=b"), "an ISO 8601 date-time is expected"),
        (("--from", "2026-01-01T00:00:00Z", "--set", "winner"), "--set takes OPTION=VALUE"),
        (("--from", "2026-01-01T00:00:00Z", "--set", "winner=c"), "is none of a, b"),
        (("--from", "2026-01-01T00:00:00Z", "--set", "winner.name=b"), "winner: a single word is expected"),
        (
            ("--from", "2026-01-01T00:00:00Z", "--set", "winner=b", "--set", "winner.name=b"),
            "winner was given as 'b' before",
        ),
        (("--from", "2026-01-01T00:00:00Z", "--policy", "no/such/file"), "cannot be read"),
    ],
)
def test_a_replay_of_nothing_is_refused(
    call: Call, bridged: Bridged, words: tuple[str, ...], told: str
) -> None:
    """In a sentence."""
    with pytest.raises(CommandError, match=told):
        call("bridge", "replay", str(bridged.bridge_id), *words)
