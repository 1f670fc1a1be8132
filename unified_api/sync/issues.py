"""Issues: what a person has to look at, opened where it is found and ended where its cause ends.

Both belong into the transaction that found out: the issue is there exactly when what it tells of is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import structlog

from tenants import audit
from tenants.events import EventType
from tenants.models import LinkedAccount
from unified_api.events import outbox
from unified_api.sync import clock
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import Issue

log = structlog.get_logger(__name__)
#: Kinds of issues about reading an account: its credential is refused; it may not read a model; reading one fails.
CREDENTIAL: Final = "credential"
PERMISSION: Final = "permission"
READING: Final = "reading"
#: Of the webhooks of an account: none proves to be the provider's; the provider was asked for them in vain.
SIGNATURES: Final = "signatures"
SUBSCRIPTION: Final = "subscription"
#: Of a model at an account: the provider removed fields that custom fields read.
FIELDS: Final = "fields"
#: Of a hook of the tenant's product: what is sent there does not arrive.
DELIVERY: Final = "delivery"
#: Of a tenant's OAuth application: its provider refuses it.
APPLICATION: Final = "oauth application"
OF_READING: Final = (CREDENTIAL, PERMISSION, READING)


def open_issue(
    kind: str,
    subject: uuid.UUID,
    description: str,
    *,
    bridge_id: uuid.UUID | None = None,
    linked_account_id: uuid.UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> Issue:
    """Have a person look at something, within the transaction that is open.

    kind: budget, drift …; subject: the id of what it is about. One cause has one ongoing issue: met again, it tells
    what is true now, and since when stays. description: what happened, where, and what to do next; details: JSON.
    """
    now = clock.now()
    told = {"description": description, "details": dict(details or {}), "last_incident_time": now}
    whose = {"bridge_id": bridge_id, "linked_account_id": linked_account_id, "first_incident_time": now}
    issue: Issue
    issue, is_new = Issue.objects.update_or_create(
        kind=kind,
        subject=subject,
        status=Issue.Status.ONGOING,
        defaults=told,
        create_defaults={**told, **whose},
    )
    if is_new:
        met_before = Issue.objects.filter(kind=kind, subject=subject, status=Issue.Status.RESOLVED).exists()
        _tell(outbox.ISSUE_REOPENED if met_before else outbox.ISSUE_NEW, issue)
        audit.record("issue.opened", subject=str(issue.id), kind=kind, about=str(subject))
        log.warning(
            "issue.opened", issue=str(issue.id), kind=kind, about=str(subject), description=description
        )
    return issue


def resolve(kind: str, subject: uuid.UUID) -> bool:
    """The cause has ended; whether there was an issue to end. Within the transaction that is open."""
    ongoing = Issue.objects.select_for_update().filter(
        kind=kind, subject=subject, status=Issue.Status.ONGOING
    )
    issue: Issue | None = ongoing.first()
    if issue is None:
        return False
    close(issue)
    return True


def resolve_of_account(linked_account_id: uuid.UUID) -> None:
    """The account has been linked again, which ends what was wrong with reading it."""
    ongoing = Issue.objects.select_for_update().filter(
        linked_account_id=linked_account_id, kind__in=OF_READING, status=Issue.Status.ONGOING
    )
    for issue in ongoing.order_by("id"):
        close(issue)


def close(issue: Issue) -> None:
    """End an issue, by its cause's end or by a person's word; one that is over stays as it is."""
    if issue.status == Issue.Status.RESOLVED:
        return
    issue.status, issue.resolved_at = Issue.Status.RESOLVED, clock.now()
    issue.save(update_fields=["status", "resolved_at"])
    _tell(outbox.ISSUE_RESOLVED, issue)
    audit.record("issue.resolved", subject=str(issue.id), kind=issue.kind, about=str(issue.subject))
    log.info("issue.resolved", issue=str(issue.id), kind=issue.kind, about=str(issue.subject))


def mute(issue: Issue, *, muted: bool) -> None:
    """Leave an issue out of lists while it lasts, or not any more. The next one of its cause is heard again."""
    if issue.is_muted == muted:
        return
    issue.is_muted = muted
    issue.save(update_fields=["is_muted"])
    if muted:
        _tell(outbox.ISSUE_MUTED, issue)
    event_type = EventType.MUTED_ISSUE if muted else None
    action = "issue.muted" if muted else "issue.unmuted"
    audit.record(action, subject=str(issue.id), event_type=event_type, kind=issue.kind)


def _tell(event: str, issue: Issue) -> None:
    """Have hooks hear of an issue, as one of its account."""
    of = issue.linked_account_id
    if of is None and issue.bridge_id is not None:
        of = _account_of(issue.bridge_id)
    outbox.tell(event, issue.id, of=of)


def _account_of(bridge_id: uuid.UUID) -> uuid.UUID | None:
    """The account as whose a bridge's issues are told: the first one that is no test account, as these have other ears.

    The first one where both are; None where the bridge is gone.
    """
    sides = Bridge.objects.filter(id=bridge_id).values_list("account_a", "account_b").first() or ()
    real = set(LinkedAccount.objects.filter(id__in=sides, is_test=False).values_list("id", flat=True))
    return next((side for side in sides if side in real), sides[0] if sides else None)
