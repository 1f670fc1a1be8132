"""How it goes with a hook after each delivery: it moves on, is tried again ever later, or rests."""

from __future__ import annotations

import datetime as dt
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.db import transaction

from unified_api.events import messages, posting
from unified_api.sync import clock, issues, job
from unified_api.sync.models_hooks import Hook, Notice

log = structlog.get_logger(__name__)
#: Seconds after which a hook looks whether a stir was lost.
LOOK: Final = 60.0
#: Seconds until the first further attempt, and at the most between two.
FIRST: Final = 60.0
LONGEST: Final = 3600.0
#: Attempts that fail in a row until a person is to look at it.
WORTH_A_LOOK: Final = 3
#: After so long of nothing but failures a hook rests.
PATIENCE: Final = dt.timedelta(days=1)
#: What a delivery knows of a hook. All else, such as its secret, may have been stored anew since the hook was read.
_KNOWN: Final = (
    "cursor", "delivered", "last_delivered_at", "failures", "failing_since", "retry_at", "problem", "rests", "broken_at"
)  # fmt: skip


def passed(lease: job.Lease, hook: Hook, one: messages.Next, *, was_told: bool) -> None:
    """The receiver has taken it, or there is nothing to be told of it any more."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        if was_told:
            hook.delivered, hook.last_delivered_at = hook.delivered + 1, clock.now()
        _move(hook, one)


def caught_up(lease: job.Lease, hook: Hook) -> None:
    """Nothing is left to be told: neither is what could not be delivered, which was erased meanwhile."""
    with transaction.atomic(durable=True):
        if hook.failures:
            job.hold(lease)
            _recover(hook)
            hook.save(update_fields=_KNOWN)
        job.again(lease, LOOK)


def _move(hook: Hook, one: messages.Next) -> None:
    """Go on behind it; what failed there fails no more."""
    hook.cursor = one.position
    if one.notice is not None:
        Notice.objects.filter(id=one.notice.id).delete()
    if hook.failures:
        _recover(hook)
    hook.save(update_fields=_KNOWN)


def _recover(hook: Hook) -> None:
    hook.failures, hook.failing_since, hook.retry_at, hook.problem = 0, None, None, ""
    hook.broken_at, hook.rests = None, False
    issues.resolve(issues.DELIVERY, hook.id)


def failed(
    lease: job.Lease, hook: Hook, outcome: posting.Outcome, making: messages.Next | None = None
) -> None:
    """Try again later; after a day of failures, or where the receiver wants nothing any more, rest.

    making: of what no message could be made. After so many times in a row that a person is to look at it, it is passed
    over.
    """
    with transaction.atomic(durable=True):
        job.hold(lease)
        _count(hook, outcome, making)
        if making is not None and hook.failures >= WORTH_A_LOOK:
            _pass_over(hook, making, outcome.problem)
            job.again(lease, 0.0)
            return
        hook.save(update_fields=_KNOWN)
        if hook.rests or hook.failures >= WORTH_A_LOOK:
            told = {"failures": hook.failures, "rests": hook.rests}
            issues.open_issue(issues.DELIVERY, hook.id, _description(hook), details=told)
        if hook.rests:
            job.finish(lease)
        else:
            job.again(lease, _delay(hook))
    log.warning("hook.failed", hook=str(hook.id), problem=outcome.problem, failures=hook.failures)


def _count(hook: Hook, outcome: posting.Outcome, making: messages.Next | None) -> None:
    """Count a failure: those that receivers are to blame for, and ours at one event, each by themselves."""
    now = clock.now()
    broken_at = making.delivery if making else None
    hook.failures = hook.failures + 1 if hook.broken_at == broken_at else 1
    hook.problem, hook.broken_at = outcome.problem, broken_at
    hook.failing_since = hook.failing_since or now
    hook.rests = outcome.is_over or now - hook.failing_since >= PATIENCE
    hook.retry_at = None if hook.rests else now + dt.timedelta(seconds=_delay(hook))


def _delay(hook: Hook) -> float:
    """Seconds until the next try."""
    return min(FIRST * 2.0 ** min(hook.failures - 1, 10), LONGEST)


def _pass_over(hook: Hook, one: messages.Next, problem: str) -> None:
    """Leave an event out for good; an issue of its own says which, and lasts until a person ends it."""
    told = (
        f"{_named(hook)}: {one.event}, delivery {one.delivery}, was passed over after {hook.failures} tries, by"
        f" {problem}. The receiver was not told; what comes behind it is sent. Once the receiver has read what it"
        " missed, resolve this issue."
    )
    about = {"hook": str(hook.id), "event": one.event, "position": one.position}
    issues.open_issue(issues.DELIVERY, one.delivery, told, details=about)
    log.error("hook.passed_over", hook=str(hook.id), what=one.event, delivery=str(one.delivery))
    _move(hook, one)


def _named(hook: Hook) -> str:
    """Addresses may hold secrets: only the host is named."""
    return f"Webhooks to {urlsplit(hook.url).hostname} (hook {hook.id})"


def _description(hook: Hook) -> str:
    told = f"{_named(hook)} are not delivered: {hook.problem}."
    if not hook.rests:
        return f"{told} It is tried again, and nothing is lost meanwhile. Look at the receiver."
    return (
        f"{told} Nothing is sent any more. Once the receiver is well, resume the hook: manage.py webhook resume, or"
        " POST /api/sync/v1/webhooks/{id}/resume. Changes of records are sent from where it stopped."
    )
