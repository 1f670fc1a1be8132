"""Issues: one per cause, from its first incident to its end."""

from __future__ import annotations

import threading
import uuid

import pytest
import structlog
from django.db import connection, transaction

from tenants.models import AuditEvent
from tenants.scope import scope
from unified_api.sync import issues
from unified_api.sync.models_watch import Issue


def opened(subject: uuid.UUID, description: str = "too many creates", kind: str = "budget") -> Issue:
    """Open an issue in a transaction of its own."""
    with transaction.atomic():
        return issues.open_issue(kind, subject, description, bridge_id=subject, details={"wanted": 12})


def resolved(subject: uuid.UUID) -> bool:
    """End it in a transaction of its own."""
    with transaction.atomic():
        return issues.resolve("budget", subject)


def stored() -> list[Issue]:
    """All issues, in the order in which they began."""
    with transaction.atomic():
        return list(Issue.objects.order_by("first_incident_time"))


def test_a_second_incident_moves_the_last_time(tenant: uuid.UUID) -> None:
    """One cause has one issue: since when stays, and what is told is what is true now."""
    bridge = uuid.uuid4()
    first = opened(bridge)
    second = opened(bridge, "still too many creates")
    (issue,) = stored()

    assert first.id == second.id == issue.id
    assert issue.first_incident_time == first.first_incident_time < issue.last_incident_time
    assert (issue.description, issue.bridge_id) == ("still too many creates", bridge)
    assert (issue.status, issue.details, issue.resolved_at) == ("ONGOING", {"wanted": 12}, None)


def test_another_kind_or_subject_is_another_issue(tenant: uuid.UUID) -> None:
    """What one bridge does says nothing of another, nor of its drift."""
    bridge = uuid.uuid4()
    opened(bridge)
    opened(uuid.uuid4())
    opened(bridge, kind="drift")

    assert len(stored()) == 3


def test_the_end_of_the_cause_ends_the_issue(tenant: uuid.UUID) -> None:
    """It is resolved at a time, once; a cause that comes back has a new one, which nobody muted."""
    bridge = uuid.uuid4()
    first = opened(bridge)
    with transaction.atomic():
        issues.mute(first, muted=True)

    assert (resolved(bridge), resolved(bridge)) == (True, False)
    again = opened(bridge)
    old, new = stored()
    assert (old.status, old.is_muted, new.status, new.is_muted) == ("RESOLVED", True, "ONGOING", False)
    assert old.resolved_at is not None
    assert old.last_incident_time < old.resolved_at < again.first_incident_time


def test_what_was_found_and_its_issue_are_kept_together(tenant: uuid.UUID) -> None:
    """A transaction that is undone leaves no issue behind."""
    with transaction.atomic():
        issues.open_issue("budget", uuid.uuid4(), "too many creates")
        transaction.set_rollback(True)

    assert stored() == []


def test_beginning_and_end_are_on_record(tenant: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the audit trail and in the log, once each however often the cause is met."""
    bridge = uuid.uuid4()
    monkeypatch.setattr(
        issues, "log", structlog.get_logger()
    )  # one that was used before keeps its way of writing
    with structlog.testing.capture_logs() as lines:
        issue = opened(bridge)
        opened(bridge)
        resolved(bridge)
    with transaction.atomic():
        events = AuditEvent.objects.filter(subject=str(issue.id)).order_by("at")
        told = [(event.action, event.detail) for event in events]

    about = {"kind": "budget", "about": str(bridge)}
    assert told == [("issue.opened", about), ("issue.resolved", about)]
    assert [line["event"] for line in lines] == ["issue.opened", "issue.resolved"]


def test_many_who_meet_one_cause_at_once_open_one_issue(tenant: uuid.UUID) -> None:
    """Whoever comes second waits for the first, and moves its time."""
    bridge = uuid.uuid4()
    met: list[uuid.UUID] = []

    def meet() -> None:
        with scope(tenant):
            met.extend(opened(bridge).id for _ in range(5))
        connection.close()

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(met), len(set(met)), len(stored())) == (30, 1, 1)
