"""The audit finds what the rounds did not see to, says how much of it there is, and writes to neither side."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import field
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync import job
from unified_api.sync.bridge import drift, steering, work
from unified_api.sync.bridge.held import SEARCH
from unified_api.sync.models import Job, Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_watch import DriftAudit, Issue


def audit(bridged: Bridged, **more: Any) -> DriftAudit:
    """An audit from its beginning to its end; streams are read where it waits for that."""
    with transaction.atomic():
        begun = drift.begin(bridged.bridge_id, **more)
    while True:
        bridged.work_once(("drift",))
        with transaction.atomic():
            now: DriftAudit = DriftAudit.objects.get(id=begun.id)
        if now.finished:
            return now
        bridged.work_once(("pull",))


def numbers(found: DriftAudit) -> tuple[int, int, int]:
    """What it counted: to side a, to side b, not as mirrored."""
    return found.to_a, found.to_b, found.unmirrored_a + found.unmirrored_b


def missing(found: DriftAudit) -> tuple[int, int]:
    """Records without a counterpart: at side a, at side b."""
    return found.missing_a, found.missing_b


def issues() -> list[tuple[str, str]]:
    """Kinds and states of issues."""
    with transaction.atomic():
        return list(Issue.objects.order_by("first_incident_time").values_list("kind", "status"))


def forget_mark(bridged: Bridged) -> None:
    """Lose what a change left behind: the bridge's cursor is ahead of it, and the pair is not dirty."""
    with transaction.atomic():
        head = Bridge.objects.get(id=bridged.bridge_id)
        head.cursor += 1_000
        head.save()
    bridged.read()
    with transaction.atomic():
        Pair.objects.update(dirty=False)


def test_two_sides_that_are_equal_show_no_drift(bridged: Bridged) -> None:
    """All pairs are compared, records are read anew, nothing is found, nothing is written."""
    writes = bridged.writes()
    found = audit(bridged)

    assert (found.compared, found.sampled, numbers(found)) == (1, 2, (0, 0, 0))
    assert (found.findings, found.place, issues()) == ([], {}, [])
    assert bridged.writes() == writes


def test_a_lost_mark_is_found(bridged: Bridged) -> None:
    """An edit that the bridge never looked at is owed to the other side; the log would not show it any more."""
    bridged.a.edit("1", title="Plotter", state="done")
    forget_mark(bridged)
    found = audit(bridged)

    assert numbers(found) == (0, 1, 0)
    assert [(one["why"], one["to"], one["fields"]) for one in found.findings] == [
        ("owed", ["b"], ["name", "status"])
    ]
    assert found.findings[0]["pair_id"] == str(bridged.pairs()[0].id)
    assert issues() == [("drift", "ONGOING")]


def test_the_issue_ends_when_nothing_is_found_any_more(bridged: Bridged) -> None:
    """Once the pair that was named has been looked at, the next audit resolves the issue."""
    bridged.b.edit("1", title="Plotter")
    forget_mark(bridged)
    found = audit(bridged)
    with transaction.atomic():
        assert (numbers(found), drift.mend(found)) == ((1, 0, 0), 1)
    bridged.round()

    assert numbers(audit(bridged)) == (0, 0, 0)
    assert issues() == [("drift", "RESOLVED")]
    assert bridged.both("title") == (["Plotter"], ["Plotter"])


def test_a_base_that_lies_is_found(bridged: Bridged) -> None:
    """Both sides rest on their bases, and differ: the engine has no news, and the comparison sees it."""
    bridged.a.edit("1", state="done")
    forget_mark(bridged)
    with transaction.atomic():
        pair = Pair.objects.get()
        pair.base_a = {**pair.base_a, "status": "CLOSED"}
        pair.save()
    found = audit(bridged)

    assert [(one["why"], one["fields"]) for one in found.findings] == [("apart", ["status"])]
    assert numbers(found) == (1, 1, 0)


def test_a_remote_that_spells_in_its_own_way_is_no_drift(desks: Bridged) -> None:
    """What side b was sent stands in the journal, and what it made of it is its spelling."""
    desks.b.spell = str.upper
    desks.a.add(title="Printer", text="", state="open", priority="p2")
    desks.join()
    desks.round()

    assert desks.both("title") == (["Printer"], ["PRINTER"])
    assert numbers(audit(desks)) == (0, 0, 0)


def test_what_the_bridge_has_not_read_yet_is_no_drift(bridged: Bridged) -> None:
    """A change behind the cursor, a dirty pair and a paused one are under way, or somebody's decision."""
    bridged.a.edit("1", title="Plotter")
    bridged.read()
    before = audit(bridged)
    bridged.work_once(("bridge",))
    in_flight = audit(bridged)

    assert (numbers(before), before.compared) == ((0, 0, 0), 1)
    assert (numbers(in_flight), in_flight.compared) == ((0, 0, 0), 0)


def test_problems_that_are_shown_are_no_drift_and_those_that_are_not_are(bridged: Bridged) -> None:
    """A word without a translation is known once the bridge looked; had it not, it would be found."""
    bridged.b.edit("1", state="strange")
    bridged.round()
    assert bridged.standing()["problems"] != []
    assert numbers(audit(bridged)) == (0, 0, 0)
    with transaction.atomic():
        Pair.objects.update(problems=[])
    found = audit(bridged)

    assert [(one["why"], one["to"], one["fields"]) for one in found.findings] == [
        ("unnoticed", ["a"], ["status"])
    ]


def test_a_record_that_no_pair_knows_is_found(bridged: Bridged) -> None:
    """On either side; each is missing at the other."""
    for desk in (bridged.a, bridged.b):
        desk.add(title=f"left out of {desk.url}", state="open")
    with transaction.atomic():
        Bridge.objects.update(cursor=1_000)
    bridged.read()
    found = audit(bridged)

    assert sorted((one["why"], one["to"]) for one in found.findings) == [
        ("unpaired", ["a"]),
        ("unpaired", ["b"]),
    ]
    assert (numbers(found), missing(found)) == ((0, 0, 0), (1, 1))
    assert issues() == [("drift", "ONGOING")]


def test_a_record_whose_counterpart_cannot_be_made_is_missing_there(bridged: Bridged) -> None:
    """Although its pair tells the problem, as the other side stays without it; the issue ends when it is made."""
    bridged.a.add(title="", text="no title", state="open")
    bridged.b.add(title="", text="no title either", state="open")
    bridged.round()
    found = audit(bridged)

    assert (numbers(found), missing(found)) == ((0, 0, 0), (1, 1))
    assert sorted((one["why"], one["to"], one["fields"]) for one in found.findings) == [
        ("lone", ["a"], ["name"]),
        ("lone", ["b"], ["name"]),
    ]
    assert issues() == [("drift", "ONGOING")]
    for desk in (bridged.a, bridged.b):
        desk.edit(max(desk.tables["tickets"], key=int), title=f"Titled at {desk.url}")
    bridged.round()
    assert missing(audit(bridged)) == (0, 0)
    assert issues() == [("drift", "RESOLVED")]


def test_a_lost_mark_of_a_lone_record_is_missing_at_the_other_side(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was to be looked at, or searched for, and nobody will: mended, it gets its counterpart."""
    for title in ("Plotter", "Scanner"):
        bridged.a.add(title=title, state="open")
    _leave_lone(bridged, monkeypatch)
    with transaction.atomic():
        lone = Pair.objects.filter(record_b=None, held=SEARCH)
        assert lone.update(dirty=False) == 2
        Pair.objects.filter(key='["Plotter"]').update(held="")
    found = audit(bridged)
    with transaction.atomic():
        assert (missing(found), drift.mend(found)) == ((0, 2), 2)
    bridged.round()

    assert bridged.both("title")[1] == ["Plotter", "Printer", "Scanner"]
    assert missing(audit(bridged)) == (0, 0)


def _leave_lone(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read both sides, and match what is new, without a search for what nobody has."""
    desks.read()
    with monkeypatch.context() as within:
        within.setattr(work, "search_some", lambda *_args: 0)
        desks.work_once(["bridge"])


@pytest.mark.parametrize(
    ("told", "unknown"),
    [
        ({"filter": {side: {"priority": {"is": "URGENT"}} for side in Side}}, 0),
        ({"start": {"from": "2100-01-01T00:00:00+00:00"}}, 0),
        ({"creates": ()}, 1),
    ],
)
def test_what_the_configuration_leaves_out_is_not_missing(
    desks: Bridged, told: dict[str, Any], unknown: int
) -> None:
    """By a filter, by a beginning, or as nothing is to be made; only what takes part has to be known to a pair."""
    for desk in (desks.a, desks.b):
        desk.add(title=f"of {desk.url}", text="", state="open", priority="p2")
    desks.join(**told)
    desks.round()
    known = audit(desks)
    with transaction.atomic():
        assert Pair.objects.all().delete()[0] == 2
    found = audit(desks)

    assert (missing(known), missing(found)) == ((0, 0), (unknown, unknown))


def test_what_waits_for_a_person_is_not_missing(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that share a key, a pair that was paused, and what is owed to a side that was closed."""
    for title in ("Twins", "Twins", "Paused"):
        bridged.a.add(title=title, state="open")
    bridged.b.add(title="Twins", state="open")
    _leave_lone(bridged, monkeypatch)
    with transaction.atomic():
        Pair.objects.filter(key='["Paused"]').update(paused_by="a person")
        steering.close(bridged.bridge_id, Side.B)
    bridged.a.add(title="Owed", state="open")
    bridged.round()
    with transaction.atomic():
        Pair.objects.exclude(paused_by=None).update(dirty=False)
        held = sorted(Pair.objects.exclude(held="").values_list("held", flat=True))
    found = audit(bridged)

    assert held == ["closed", "review", "review", "review"]
    assert (numbers(found), missing(found), found.findings) == ((0, 0, 0), (0, 0), [])


def test_what_is_missing_is_no_issue_before_the_bridge_is_at_rest(bridged: Bridged) -> None:
    """It is counted, and may still come; an issue that is open is not ended by that either."""
    bridged.a.add(title="", state="open")
    bridged.round()
    others = Pair.objects.exclude(record_b=None)
    with transaction.atomic():
        others.update(dirty=True)
    assert (missing(audit(bridged)), issues()) == ((0, 1), [])
    bridged.round()
    audit(bridged)
    with transaction.atomic():
        others.update(dirty=True)
    audit(bridged)

    assert issues() == [("drift", "ONGOING")]


def test_the_sample_shows_that_the_mirror_is_not_true(bridged: Bridged) -> None:
    """A record that the mirror has otherwise than the provider, also after one more reading, is counted."""
    bridged.read()
    with transaction.atomic():
        Ticket.objects.filter(linked_account_id=bridged.accounts[1].id).update(name="Nonsense")
        Pair.objects.update(base_b={**Pair.objects.get().base_b, "name": "Nonsense"})
    found = audit(bridged)

    assert (found.unmirrored_a, found.unmirrored_b) == (0, 1)
    assert [one["record_b"] for one in found.findings if one["why"] == "unmirrored"] == [
        str(bridged.pairs()[0].record_b)
    ]
    assert issues() == [("drift", "ONGOING")]


def test_an_edit_since_the_last_reading_is_not_held_against_the_mirror(bridged: Bridged) -> None:
    """It is seen with the next reading, which the audit has done and waits for."""
    bridged.a.edit("1", title="Plotter")
    del bridged.b.tables["tickets"]["1"]
    found = audit(bridged)

    assert (found.sampled, *numbers(found)) == (2, 0, 0, 0)


def test_a_provider_that_cannot_be_read_is_not_judged(bridged: Bridged) -> None:
    """The comparison of the mirrors goes on; the sample of that side is left out."""
    bridged.b.refuse = [403] * 50
    found = audit(bridged)

    assert (found.compared, found.sampled, numbers(found)) == (1, 1, (0, 0, 0))


def test_a_provider_that_cannot_be_read_ends_no_issue(bridged: Bridged) -> None:
    """What the sample found yesterday is not gone because an outage hides it today; once it is seen again, it is."""
    bridged.read()
    mirrored = Ticket.objects.filter(linked_account_id=bridged.accounts[1].id)
    with transaction.atomic():
        true = mirrored.get().name
        mirrored.update(name="Nonsense")
        Pair.objects.update(base_b={**Pair.objects.get().base_b, "name": "Nonsense"})
    audit(bridged)
    with transaction.atomic():
        mirrored.update(name=true)
        Pair.objects.update(base_b={**Pair.objects.get().base_b, "name": true})
    bridged.b.refuse = [403] * 50
    audit(bridged)
    hidden = issues()
    bridged.b.refuse = []
    audit(bridged)

    assert (hidden, issues()) == ([("drift", "ONGOING")], [("drift", "RESOLVED")])


def test_an_edit_where_a_field_only_arrives_is_counted_and_opens_no_issue(bridged: Bridged) -> None:
    """By the side that was edited; the bridge neither takes the edit nor undoes it."""
    field(bridged, "description", direction="a_to_b")
    bridged.round()
    bridged.b.edit("1", text="Said by engineering")
    bridged.round()
    found = audit(bridged)

    assert bridged.both("text") == (["It is on fire"], ["Said by engineering"])
    assert (found.strayed_a, found.strayed_b, *numbers(found), issues()) == (0, 1, 0, 0, 0, [])
    assert [(one["why"], one["to"], one["fields"]) for one in found.findings] == [
        ("strayed", ["b"], ["description"])
    ]


def test_a_pause_ends_no_issue(bridged: Bridged) -> None:
    """What is passed over as a person stopped its pair is not mended; once it goes on, it is."""
    bridged.a.edit("1", title="Plotter")
    forget_mark(bridged)
    audit(bridged)
    with transaction.atomic():
        Pair.objects.update(paused_by="Robin")
    passed = audit(bridged)
    hidden = issues()
    with transaction.atomic():
        Pair.objects.update(paused_by=None, dirty=True)
    bridged.round()
    audit(bridged)

    assert (passed.compared, passed.passed_over) == (0, 1)
    assert (hidden, issues()) == ([("drift", "ONGOING")], [("drift", "RESOLVED")])


def test_an_audit_goes_on_where_it_stood(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """In portions of one, every pair and record is compared once, and the sample has as many as were asked for."""
    for number in range(7):
        desks.a.add(title=f"Printer {number}", state="open")
    desks.join()
    desks.round()
    monkeypatch.setattr(drift, "AT_ONCE", 1)
    monkeypatch.setattr(drift, "READ_AT_ONCE", 1)
    found = audit(desks, depth=3)

    assert (found.compared, found.sampled, numbers(found)) == (7, 6, (0, 0, 0))


def test_audits_come_by_themselves(bridged: Bridged) -> None:
    """A day after the bridge was made, and then by its configuration; a paused bridge is audited too."""
    with transaction.atomic():
        wait = Job.objects.get(kind="drift").due_at - Bridge.objects.get().created_at
        Bridge.objects.update(configuration={**Bridge.objects.get().configuration, "audit": 2})
        steering.pause(bridged.bridge_id)
    found = audit(bridged)
    with transaction.atomic():
        again = Job.objects.get(kind="drift").due_at - found.started

    assert round(wait.total_seconds() / 3600) == 24
    assert round(again.total_seconds() / 3600) == 2


def test_a_bridge_that_has_not_begun_is_audited_later(desks: Bridged) -> None:
    """Nothing was listed yet, so nothing can have drifted."""
    desks.join(paused=True)
    with transaction.atomic():
        job.ask(drift.KIND, desks.bridge_id)
    desks.work_once(("drift",))
    with transaction.atomic():
        assert list(DriftAudit.objects.all()) == []
        assert Job.objects.filter(kind="drift").count() == 1


def test_an_audit_of_what_is_gone_ends(bridged: Bridged) -> None:
    """The job of a bridge that there is no more strikes itself out."""
    with transaction.atomic():
        Bridge.objects.all().delete()
    bridged.work_once(("drift",))
    with transaction.atomic():
        assert not Job.objects.filter(kind="drift").exists()
        assert not Write.objects.filter(finished_at=None).exists()
