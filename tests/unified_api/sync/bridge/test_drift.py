"""The audit finds what the rounds did not see to, says how much of it there is, and writes to neither side."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.models.ticketing import Ticket
from unified_api.sync import job
from unified_api.sync.bridge import drift, steering
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
    return found.to_a, found.to_b, found.unmirrored


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
    """On either side."""
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
    assert numbers(found) == (1, 1, 0)


def test_the_sample_shows_that_the_mirror_is_not_true(bridged: Bridged) -> None:
    """A record that the mirror has otherwise than the provider, also after one more reading, is counted."""
    bridged.read()
    with transaction.atomic():
        Ticket.objects.filter(linked_account_id=bridged.accounts[1].id).update(name="Nonsense")
        Pair.objects.update(base_b={**Pair.objects.get().base_b, "name": "Nonsense"})
    found = audit(bridged)

    assert found.unmirrored == 1
    assert [one["record_b"] for one in found.findings if one["why"] == "unmirrored"] == [
        str(bridged.pairs()[0].record_b)
    ]
    assert issues() == [("drift", "ONGOING")]


def test_an_edit_since_the_last_reading_is_not_held_against_the_mirror(bridged: Bridged) -> None:
    """It is seen with the next reading, which the audit has done and waits for."""
    bridged.a.edit("1", title="Plotter")
    del bridged.b.tables["tickets"]["1"]
    found = audit(bridged)

    assert (found.sampled, found.unmirrored) == (2, 0)


def test_a_provider_that_cannot_be_read_is_not_judged(bridged: Bridged) -> None:
    """The comparison of the mirrors goes on; the sample of that side is left out."""
    bridged.b.refuse = [403] * 50
    found = audit(bridged)

    assert (found.compared, found.sampled, numbers(found)) == (1, 1, (0, 0, 0))


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
