"""Which records find each other, which are created, which wait for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import transaction

from integrations.kit.lenses import instant
from integrations.kit.mapping import Mapping
from tests import stub
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync import job
from unified_api.sync.bridge import intake, matching, search, setup, showing, steering, work
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models import Job, Write
from unified_api.sync.models_bridge import Bridge, Pair


def test_records_with_the_same_key_are_a_pair(desks: Bridged) -> None:
    """Nothing is created for what is there already; the rest is created on either side, blanks are filled."""
    desks.a.add(title="Printer", text="It is on fire", state="open")
    desks.b.add(title="Printer ", text="", state="open")
    desks.a.add(title="Only here", state="open")
    desks.b.add(title="Only there", state="open")
    desks.join()
    standing = desks.round()

    assert standing["pairs"] == {"paired": 3}
    assert desks.both("title") == (
        ["Only here", "Only there", "Printer"],
        ["Only here", "Only there", "Printer "],
    )
    assert "It is on fire" in desks.both("text")[1]


def test_twins_wait_for_a_person(desks: Bridged) -> None:
    """What is not one to one is not matched and not created; renamed, it is."""
    first = desks.a.add(title="Printer", state="open")
    desks.a.add(title="Printer", state="open")
    desks.b.add(title="Printer", state="open")
    desks.join()
    standing = desks.round()
    assert (len(standing["review"]), desks.writes()) == (3, 0)

    desks.a.edit(first, title="Printer upstairs")
    standing = desks.round()
    assert standing["review"] == []
    assert desks.both("title") == (["Printer", "Printer upstairs"], ["Printer", "Printer upstairs"])


def test_a_newcomer_with_the_key_of_a_pair_waits_for_a_person(bridged: Bridged) -> None:
    """It may be the same matter again."""
    bridged.b.add(title="Printer", state="open")
    standing = bridged.round()

    assert len(standing["review"]) == 1
    assert bridged.both("title") == (["Printer"], ["Printer", "Printer"])


def test_an_answer_that_was_read_before_it_was_stored_is_no_newcomer(desks: Bridged) -> None:
    """While the create is unsettled, what has its key waits; then it is the pair's own record."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.b.cut_after_write = 1
    desks.read()
    desks.work_once()
    desks.read()
    desks.work_once(kinds=("bridge",))
    with transaction.atomic():
        states = sorted(Pair.objects.values_list("state", "held"))

    assert states == [("alone", "waiting"), ("creating", "")]


def test_no_counterpart_before_both_sides_were_read_completely(desks: Bridged) -> None:
    """Until then a counterpart could be overlooked: the bridge waits and says for what."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.work_once(kinds=("bridge",))
    standing = desks.standing()

    assert standing["status"] == "waiting"
    assert "has not been read completely yet" in standing["reason"]
    assert standing["pairs"] == {}


def test_a_bridge_whose_adapter_is_not_installed_says_so(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits with the reason on record, and goes on once the adapter is back."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    with monkeypatch.context() as patch:
        patch.delitem(registry._providers, "plain")
        desks.work_once(kinds=("bridge",))
        standing = desks.standing()
        assert standing["status"] == "waiting"
        assert "The adapter of customer-1 at plain is not installed" in standing["reason"]

    assert desks.round()["reason"] == ""
    assert desks.both("title") == (["Printer"], ["Printer"])


def test_a_preview_keeps_nothing_and_sends_nothing(bridged: Bridged) -> None:
    """It tells each write with old and new values, for both sides of a pair, and leaves everything as it was."""
    (a,), (b,) = bridged.a.tables["tickets"], bridged.b.tables["tickets"]
    bridged.a.edit(a, title="Printer upstairs")
    bridged.b.edit(b, priority="p1")
    bridged.a.add(title="Another", state="open")
    bridged.read()
    with transaction.atomic():
        before = list(Pair.objects.values()), Write.objects.count(), Bridge.objects.get().cursor
    plan = showing.preview(bridged.bridge_id)["plan"]

    with transaction.atomic():
        assert (list(Pair.objects.values()), Write.objects.count(), Bridge.objects.get().cursor) == before
    told = sorted((item["action"], item["side"], sorted(item["fields"])) for item in plan)
    assert told == [
        ("create", "b", ["name", "status"]),
        ("update", "a", ["priority"]),
        ("update", "b", ["name"]),
    ]
    assert next(i for i in plan if i["action"] == "update" and i["side"] == "b")["fields"]["name"] == {
        "was": "Printer",
        "value": "Printer upstairs",
        "rule": "moved",
        "overrules": False,
        "is_hidden": False,
    }


def test_a_preview_is_a_short_look(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ends of writes wait behind it: it shows some pairs and says that there are more, or that too much is new."""
    for number in range(3):
        desks.a.add(title=f"Ticket {number}", state="open")
    desks.join()
    desks.read()
    monkeypatch.setattr(showing, "MOST_PAIRS", 2)
    some = showing.preview(desks.bridge_id)
    monkeypatch.setattr(showing, "PATIENCE", -1.0)
    none = showing.preview(desks.bridge_id)

    assert (len(some["plan"]), some["left_out"]) == (2, "1 more pairs would be looked at; a plan shows all.")
    assert (none["plan"], none["left_out"]) == ([], showing.TOO_MUCH)


def test_the_round_does_what_the_preview_showed(bridged: Bridged) -> None:
    """A plan is not another way of deciding."""
    (a,) = bridged.a.tables["tickets"]
    bridged.a.edit(a, title="Printer upstairs", state="done")
    bridged.b.add(title="Another", state="open")
    bridged.read()
    plan = showing.preview(bridged.bridge_id)["plan"]
    with transaction.atomic():
        before = set(Write.objects.values_list("id", flat=True))
    bridged.round()

    with transaction.atomic():
        written = Write.objects.exclude(id__in=before)
        done = sorted((w.operation, w.values) for w in written)
    assert done == sorted((i["action"], {n: c["value"] for n, c in i["fields"].items()}) for i in plan)


def test_a_paused_bridge_writes_nothing_and_forgets_nothing(bridged: Bridged) -> None:
    """What changed meanwhile is settled when it goes on."""
    with transaction.atomic():
        steering.pause(bridged.bridge_id)
    (a,) = bridged.a.tables["tickets"]
    bridged.a.edit(a, title="Printer upstairs")
    bridged.read()
    with transaction.atomic():
        assert not Job.objects.filter(kind="bridge").exists()
    assert bridged.both("title")[1] == ["Printer"]

    with transaction.atomic():
        steering.resume(bridged.bridge_id)
    bridged.round()
    assert bridged.both("title")[1] == ["Printer upstairs"]


def test_a_change_asks_for_the_bridge_at_once(bridged: Bridged) -> None:
    """Nobody waits for the next round: what was stored has the bridge's job due."""
    (a,) = bridged.a.tables["tickets"]
    bridged.a.edit(a, title="Printer upstairs")
    with transaction.atomic():
        rests = Job.objects.get(kind="bridge").due_at
    bridged.read()

    with transaction.atomic():
        assert Job.objects.get(kind="bridge").due_at < rests


def test_a_record_made_over_there_since_the_last_reading_is_found(desks: Bridged) -> None:
    """Before a create, the provider itself is searched: what is there already is matched, not made again."""
    desks.a.add(title="Printer", text="It is on fire", state="open")
    desks.join()
    desks.read()
    desks.b.add(title="Printer", state="open")
    desks.work_once(kinds=("bridge", "write"))
    standing = desks.standing()

    assert standing["pairs"] == {"paired": 1}
    assert desks.both("title") == (["Printer"], ["Printer"])
    assert desks.both("text")[1] == ["It is on fire"]


def test_a_search_that_fails_holds_up_the_create(desks: Bridged) -> None:
    """Who cannot look creates nothing; the bridge says why it waits, and goes on by itself."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.b.refuse = [503] * 9
    desks.work_once(kinds=("bridge",))
    standing = desks.standing()
    assert (standing["status"], desks.writes()) == ("waiting", 0)
    assert "looking for counterparts" in standing["reason"]

    desks.b.refuse = []
    desks.round()
    assert desks.both("title") == (["Printer"], ["Printer"])


def test_a_first_run_in_portions_ends_as_one_in_one_piece_does(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the portions: one to one is joined, twins wait for a person, who is alone is created."""
    for module in (intake, matching):
        monkeypatch.setattr(module, "AT_ONCE", 3)
    for number in range(10):
        desks.a.add(title=f"Ticket {number}", state="open")
        desks.b.add(title=f"Ticket {number}", state="open")
    for _ in range(4):
        desks.a.add(title="Twin", state="open")
    desks.b.add(title="Twin", state="open")
    desks.a.add(title="Only here", state="open")
    desks.join()
    standing = desks.round()

    assert standing["pairs"] == {"alone": 5, "paired": 11}
    assert standing["held"] == {"review": 5}
    assert [w.operation for w in _writes()] == ["create"]


def test_a_record_that_a_person_paused_stays_so_when_it_finds_its_counterpart(desks: Bridged) -> None:
    """Its namesake appears on the other side: they are a pair, and nothing is written to either."""
    number = desks.b.add(title="Printer", text="of b", state="open", priority="p2")
    desks.join(creates=["b"])
    desks.round()
    (lone,) = desks.pairs()
    with transaction.atomic():
        steering.pause_pair(lone.id)
    desks.a.add(title="Printer", text="of a", state="open", priority="p1")
    desks.round()

    (pair,) = desks.pairs()
    assert None not in {pair.record_a, pair.record_b, pair.paused_by}
    assert desks.b.tables["tickets"][number]["text"] == "of b"
    with transaction.atomic():
        steering.resume_pair(pair.id)
    desks.round()
    assert desks.b.tables["tickets"][number]["text"] == "of a"


def _writes() -> list[Write]:
    with transaction.atomic():
        return list(Write.objects.all())


@pytest.mark.parametrize("portions", [1, 2, 3, 5, 8])
def test_a_first_run_goes_on_where_it_was_cut_off(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch, portions: int
) -> None:
    """Whoever dies between two portions has listed, matched and joined nothing twice, and skipped nothing."""
    for module in (intake, matching):
        monkeypatch.setattr(module, "AT_ONCE", 3)
    for number in range(8):
        desks.a.add(title=f"Ticket {number}", state="open")
        desks.b.add(title=f"Ticket {number}", state="open")
    desks.join()
    desks.read()
    lease = job.claim(setup.KIND, desks.bridge_id)
    assert lease
    for _ in range(portions):
        assert work._pieces(lease)
    late = desks.a.add(title="Made meanwhile", state="open")
    desks.a.edit("1", title="Ticket of another name")
    desks.b.edit("1", title="Ticket of another name")
    with transaction.atomic():
        Job.objects.update(leased_until=None)  # its worker is gone
    standing = desks.round()

    assert late in desks.a.tables["tickets"]
    assert standing["pairs"] == {"paired": 9}
    assert len(desks.b.tables["tickets"]) == 9
    assert desks.both("title")[0] == desks.both("title")[1]


def test_a_record_that_took_another_key_before_it_was_matched(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the noting of keys and the matching it was renamed: it is not joined by the name that it had."""
    desks.a.add(title="Printer", state="open")
    desks.b.add(title="Printer", state="open")
    desks.join()
    desks.read()
    match_some = matching.match_some

    def renamed_before(frame: Frame) -> int:
        frame.model.objects.filter(name="Printer", linked_account_id=frame.bridge.account_a).update(
            name="Toner"
        )
        return match_some(frame)

    monkeypatch.setattr(work, "match_some", renamed_before)
    desks.work_once(kinds=("bridge",))

    assert [(pair.record_a is None, pair.record_b is None) for pair in desks.pairs()] != [(False, False)]
    assert len(desks.pairs()) == 2


def test_a_key_is_free_when_nothing_is_left_of_its_pair(bridged: Bridged) -> None:
    """Both records are gone: who comes with that key now is another matter, and no person need look."""
    for desk in (bridged.a, bridged.b):
        desk.add(title="Another", state="open")
    bridged.round()
    for desk in (bridged.a, bridged.b):
        gone = next(i for i, t in desk.tables["tickets"].items() if t["title"] == "Printer")
        del desk.tables["tickets"][gone]
    bridged.round()
    bridged.a.add(title="Printer", text="A new one", state="open")
    standing = bridged.round()

    assert standing["review"] == []
    assert "Printer" in bridged.both("title")[1]


def test_a_nameless_answer_that_was_read_before_it_was_stored_is_no_newcomer(desks: Bridged) -> None:
    """While a create without a key is unsettled, newcomers without one wait: it may be theirs."""
    desks.a.add(title="Printer", state="open")
    desks.join(match=("description",))
    desks.b.cut_after_write = 1
    desks.read()
    desks.work_once()
    desks.read()
    desks.work_once(kinds=("bridge",))
    with transaction.atomic():
        states = sorted(Pair.objects.values_list("state", "held"))

    assert states == [("alone", "waiting"), ("creating", "")]


def test_creates_are_sent_some_at_a_time(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a bridge that is paused comes to rest soon, and edits do not share the way with thousands."""
    monkeypatch.setattr(search, "MOST_CREATES", 3)
    for number in range(10):
        desks.a.add(title=f"Ticket {number}", state="open")
    desks.join()
    desks.read()
    desks.work_once(kinds=("bridge",))
    assert len(_writes()) == 3

    desks.round()
    assert len(desks.b.tables["tickets"]) == 10


def test_an_edit_is_written_before_what_a_bridge_makes_anew(bridged: Bridged) -> None:
    """A person waits for it; thousands of creates may be journalled already."""
    for number in range(5):
        bridged.a.add(title=f"Ticket {number}", state="open")
    bridged.read()
    bridged.work_once(kinds=("bridge",))
    (b,) = bridged.b.tables["tickets"]
    bridged.b.edit(b, title="Printer upstairs")
    bridged.read()
    bridged.work_once(kinds=("bridge",))
    lease = job.claim_next(job.BACKGROUND)
    while lease and lease.kind != "write":
        lease = job.claim_next(job.BACKGROUND)

    assert lease
    with transaction.atomic():
        assert Write.objects.get(id=lease.reference).operation == "update"


def test_what_is_made_anew_keeps_its_order(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is portioned: first by the provider's times, then by ids, of which ten comes after nine."""
    monkeypatch.setattr(intake, "AT_ONCE", 3)
    monkeypatch.setattr(matching, "AT_ONCE", 3)
    mapping = Mapping(Ticket, remote_id="id", name="title", remote_created_at=instant("made", read_only=True))
    timed = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, mapping=mapping),))
    monkeypatch.setitem(registry._providers, "stub", timed)
    desks.a.numbers = 3
    for day in (3, 1, 4, 2, 5, 5, 5, 5):
        desks.a.add(title=f"{day} {desks.a.numbers + 1}", made=f"2026-01-0{day}T00:00:00Z")
    desks.join(fields=["name"], words=())
    desks.round()

    there = desks.b.tables["tickets"]
    titles = [there[number]["title"] for number in sorted(there, key=int)]
    assert titles == ["1 5", "2 7", "3 4", "4 6", "5 8", "5 9", "5 10", "5 11"]
