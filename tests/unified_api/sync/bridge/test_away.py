"""A side that is gone for a day: what falls due meanwhile is tried in vain, and all that was missed arrives after it.

Time is passed by ageing rows, two hours at a time, as time itself would have aged them; nobody asks for a round.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace

import pytest
from django.db import transaction
from django.db.models import F

from integrations.kit.endpoints import GET, Since
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged
from unified_api import registry
from unified_api.sync import clock, connect, issues, job, tasks
from unified_api.sync.failing import LONGEST_OUTAGE
from unified_api.sync.models import Job, Run, Stream, Write
from unified_api.sync.models_watch import DriftAudit, Issue

#: Of which some pass.
HOURS = dt.timedelta(hours=2)
KINDS = ("pull", "bridge", "write", "drift")


@pytest.fixture
def bridged(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Bridged:
    """Two tickets on both sides, at rest; the plain desk can be asked for changes alone, and so is swept once a day.

    Between attempts of one request a hundredth of the time passes: a day of refusals has a hundred of them.
    """
    monkeypatch.setattr(
        connect, "OUTSIDE", replace(connect.OUTSIDE, sleep=lambda wait: time.sleep(wait / 100))
    )
    (tickets,) = PLAIN.resources
    assert isinstance(tickets.list, GET)
    asked = replace(tickets, list=replace(tickets.list, since=Since("since")))
    monkeypatch.setitem(registry._providers, PLAIN.slug, replace(PLAIN, resources=(asked,)))
    for title in ("Printer", "Router"):
        desks.a.add(title=title, text="It blinks", state="open", priority="p2")
    desks.join()
    desks.round()
    desks.round()
    return desks


def pass_hours(bridged: Bridged) -> None:
    """Two hours go by: what waits is nearer, what was is further back; and what is due by then is worked on, once."""
    with transaction.atomic():
        Job.objects.filter(tenant_id=bridged.tenant).update(due_at=F("due_at") - HOURS)
        Stream.objects.update(last_sweep=F("last_sweep") - HOURS)
        Write.objects.update(sent_at=F("sent_at") - HOURS, journalled_at=F("journalled_at") - HOURS)
    for kind in KINDS:
        work(bridged, kind)


def work(bridged: Bridged, kind: str) -> None:
    """Each job of a kind that is due."""
    with transaction.atomic():
        due = Job.objects.filter(kind=kind, tenant_id=bridged.tenant, due_at__lte=clock.now())
        references = list(due.values_list("reference", flat=True))
    for reference in references:
        if lease := job.claim(kind, reference):
            tasks.do(lease, time.monotonic() + 20)


def waits(bridged: Bridged, kind: str) -> float:
    """Seconds until the last job of a kind is tried again."""
    with transaction.atomic():
        due = Job.objects.filter(kind=kind, tenant_id=bridged.tenant).values_list("due_at", flat=True)
        return max(((one - clock.now()).total_seconds() for one in due), default=0.0)


def test_a_side_that_was_gone_for_a_day_gets_all_it_missed(bridged: Bridged) -> None:
    """Nothing is tried again later than it may be; the day's sweep and audit fall due; then each edit arrives once."""
    a, b = ({t["title"]: n for n, t in desk.tables["tickets"].items()} for desk in (bridged.a, bridged.b))
    bridged.b.edit(b["Printer"], priority="p1")
    del bridged.b.tables["tickets"][b["Router"]]
    bridged.b.refuse = [503] * 10_000
    bridged.a.edit(a["Printer"], title="Printer upstairs")
    bridged.a.add(title="Switch", text="New", state="open", priority="p3")
    with transaction.atomic():
        usual = max(stream.frequency for stream in Stream.objects.all())
    for _ in range(13):
        pass_hours(bridged)
        assert waits(bridged, "pull") <= max(usual, LONGEST_OUTAGE)
        assert waits(bridged, "write") <= job.backoff(10)
    with transaction.atomic():
        [audit] = DriftAudit.objects.all()
        assert audit.finished
        assert (audit.to_a, audit.to_b) == (0, 0)
        assert {issue.kind for issue in Issue.objects.all()} == {issues.READING}
        away = Stream.objects.get(linked_account_id=bridged.accounts[1].id, model="ticketing.Ticket")
        runs = list(Run.objects.filter(stream_id=away.id).order_by("started").values_list("mode", flat=True))
    assert (runs[-1], runs[-8]) == ("everything", "changes")

    bridged.b.refuse.clear()
    for _ in range(3):
        pass_hours(bridged)
    titles = (["Printer upstairs", "Router", "Switch"], ["Printer upstairs", "Switch"])
    assert bridged.both("title") == titles
    assert [bridged.a.tables["tickets"][a["Printer"]]["priority"], bridged.both("priority")[1]] == [
        "p1",
        ["p1", "p3"],
    ]
    standing = bridged.standing()
    assert [(one["kind"], one["side"]) for one in standing["problems"]] == [("gone", "b")]
    assert (standing["status"], standing["overruled"], standing["uncertain"]) == ("quiet", [], [])
