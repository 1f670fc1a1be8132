"""Why a value is what it is: followed across a bridge to the side where it came from."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection, transaction

from tenants.scope import scope
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import field
from tests.unified_api.sync.conftest import Mirror
from tests.unified_api.sync.memory.conftest import ask, edit, record_at, told
from unified_api.models.base import record_id, wire_fields
from unified_api.models.ticketing import Ticket
from unified_api.sync import journal, write
from unified_api.sync.memory.history import cause
from unified_api.sync.memory.why import End
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Conflict, Pair


def test_a_value_is_followed_to_the_side_where_people_gave_it(bridged: Bridged) -> None:
    """Written at b by the bridge, as people at a had changed it: two steps, and a sentence that says so."""
    edit(bridged.a, state="done")
    bridged.round()
    answer, sentence = ask(record_at(bridged, "b"), "status")

    here, there = answer.steps
    assert answer.end is End.ORIGIN
    assert here.write is not None
    assert here.write.bridge_id == bridged.bridge_id
    assert there.write is None
    assert there.run is not None
    assert there.subject.record_id == record_at(bridged, "a")
    assert sentence.startswith("Ticket 1 of customer-1 at plain: status is 'CLOSED' since ")
    assert f"changed from 'OPEN' by bridge {bridged.bridge_id} under rule 'moved'" in sentence
    assert ", carrying 'CLOSED' of Ticket 1 of customer-1 at stub since " in sentence
    assert (
        f"changed from 'OPEN' there by its own people or programs (read by run {there.run.id})." in sentence
    )


def test_a_value_that_came_with_a_creation_is_followed_through_it(bridged: Bridged) -> None:
    """The bridge created the record; the value came with the record of the other side."""
    answer, sentence = ask(record_at(bridged, "b"), "name")

    assert [step.change and step.change.kind for step in answer.steps] == ["created", "created"]
    assert [step.value for step in answer.steps] == ["Printer", "Printer"]
    assert "created with it by bridge" in sentence
    assert "under rule 'new record'" in sentence


def test_a_translated_value_is_followed_in_the_words_of_either_side(bridged: Bridged) -> None:
    """The word that travelled is the other side's own."""
    edit(bridged.a, state="done")
    bridged.round()
    edit(bridged.a, state="busy")
    bridged.round()
    answer, _ = ask(record_at(bridged, "b"), "status")

    assert [step.value for step in answer.steps] == ["OPEN", "IN_PROGRESS"]


def test_an_edit_that_gave_way_is_part_of_the_reason(bridged: Bridged) -> None:
    """The sentence names what was overruled, and the rule."""
    edit(bridged.a, title="Mine")
    edit(bridged.b, title="Yours")
    bridged.round()
    _, sentence = ask(record_at(bridged, "b"), "name")

    assert "under rule 'winner'" in sentence
    assert ", overruling 'Yours', carrying 'Mine' of Ticket 1 of customer-1 at stub" in sentence


def test_a_later_edit_of_the_counterpart_is_not_taken_for_the_origin(bridged: Bridged) -> None:
    """What was carried is the value as it was then, even where the counterpart changed before the answer came."""
    (remote_id,) = bridged.a.tables["tickets"]
    edit(bridged.a, title="First")
    bridged.read()
    bridged.work_once(["bridge"])
    bridged.a.edit(remote_id, title="Second")
    bridged.read()
    bridged.work_once(["write"])
    answer, _ = ask(record_at(bridged, "b"), "name")

    here, there = answer.steps
    assert (here.value, there.value) == ("First", "First")
    assert there.change is not None
    assert there.change.fields["name"] == ["Printer", "First"]


def test_a_value_of_ones_own_people_has_one_step(bridged: Bridged) -> None:
    """Nothing is followed where nothing came from elsewhere."""
    edit(bridged.b, title="Yours")
    bridged.round()
    answer, _ = ask(record_at(bridged, "b"), "name")

    assert (len(answer.steps), answer.end) == (1, End.ORIGIN)


def test_a_write_that_does_not_tell_what_it_carried_is_followed_to_the_newest_change(
    bridged: Bridged,
) -> None:
    """Writes of earlier versions have no reasons."""
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        Write.objects.update(reasons=None)
    answer, sentence = ask(record_at(bridged, "b"), "name")

    assert [step.value for step in answer.steps] == ["Mine", "Mine"]
    assert "under rule" not in sentence


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (End.NO_COUNTERPART, "; the record that it was carried from is not known any more."),
        (End.NOT_VISIBLE, "; it was carried from an account that you do not reach."),
    ],
)
def test_a_chain_that_cannot_go_on_says_why(bridged: Bridged, end: End, told: str) -> None:
    """The pair is gone, or the other account is out of reach: the answer ends there, and shows nothing beyond."""
    record = record_at(bridged, "b")
    if end is End.NO_COUNTERPART:
        with transaction.atomic():
            Pair.objects.all().delete()
    answer, sentence = ask(record, "name", may_see=lambda _subject: False)

    assert (len(answer.steps), answer.end) == (1, end)
    assert sentence.endswith(told)


def test_a_value_from_before_the_log_says_so(mirror: Mirror, database: psycopg.Connection) -> None:
    """Where the entry is gone, the value stands without a time."""
    mirror.land(mirror.seen("1", name="A"))
    database.execute("DELETE FROM sync_change")
    answer, sentence = ask(record_id(mirror.account, Ticket, "1"), "name")

    assert (answer.end, answer.steps[0].change) == (End.LOG, None)
    assert sentence == (
        "Ticket 1 of an account that is not linked: name is 'A'; the change log does not go back to where it came from."
    )


def test_long_and_sensitive_values_are_not_spelled_out(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence stays one, and tells no secret."""
    monkeypatch.setattr(wire_fields(Ticket)["description"], "sensitive", True)
    mirror.land(mirror.seen("1", name="A" * 500, description="eyes only"))
    record = record_id(mirror.account, Ticket, "1")

    assert "A" * 79 + "…" in ask(record, "name")[1]
    assert "eyes only" not in ask(record, "description")[1]
    assert "description is a value that is not shown" in ask(record, "description")[1]


def test_whatever_is_asked_a_write_that_was_read_before_its_answer_is_its_callers(bridged: Bridged) -> None:
    """History, conflict and why name the same author; what only the system there sets came with the same write."""
    field(bridged, "name", winner="ask")
    record = record_at(bridged, "a")

    def read() -> None:
        with scope(bridged.tenant):
            bridged.read()
            bridged.work_once(["bridge"])
        connection.close()

    def read_apart() -> None:
        reader = threading.Thread(target=read)
        reader.start()
        reader.join()

    edit(bridged.b, title="Theirs")
    bridged.a.after_write = read_apart
    intent = journal.Intent(bridged.accounts[0], Ticket, "update", {"name": "Ours"}, record, actor="z1xI")
    entered, lease = journal.enter_and_claim(intent)
    write.perform(entered, lease, intent.account, patient=False)
    entry = next(one for one in told(record) if "name" in one["fields"])
    with transaction.atomic():
        conflict = Conflict.objects.get()

    assert (entry["source"], entry["by"]) == ("pull", "api")
    assert f"by api z1xI (write {entered.id})" in cause(entry)
    assert (conflict.edited_a["source"], conflict.edited_a["actor"]) == ("api", "z1xI")
    assert f"by API key …z1xI (write {entered.id})" in ask(record, "name")[1]
    moved = "by the system there itself, with what API key …z1xI wrote"
    assert f"{moved} (write {entered.id})" in ask(record, "remote_updated_at")[1]
