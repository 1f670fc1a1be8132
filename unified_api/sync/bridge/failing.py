"""Errors that nobody expected in the work of a bridge: of one pair, and of the whole.

Records are written by anybody, so one of them may hold what nobody thought of. It holds up no other: its pair rests
with the problem `failed` until a side changes or a person asks for a look, and an issue tells of it. What fails as a
whole is tried again, ever later, and an issue tells of that too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import structlog
from django.db import Error, transaction

from unified_api.engine.events import Kind, Problem
from unified_api.engine.values import Side
from unified_api.sync import issues, job, unexpected
from unified_api.sync.models_bridge import Bridge, Pair

log = structlog.get_logger(__name__)
T = TypeVar("T")
#: Kind of the issue of a bridge whose work fails as a whole.
FAILING: Final = "failing"
#: Slices that fail in a row until a person is to look at it.
WORTH_A_LOOK: Final = 5


@dataclass(frozen=True)
class Failed:
    """That one pair, or one record, could not be dealt with, by the kind of the error; the log has it whole."""

    error: str

    def problem(self, pair: Pair) -> Problem:
        """What a person sees of it, at the side whose record there surely is."""
        reason = f"an error in Isthmus ({self.error}); the worker's log has it whole. Please report it"
        return Problem(Kind.FAILED, Side.A if pair.record_a else Side.B, reason=reason)


def alone(act: Callable[[], T], **about: object) -> T | Failed:
    """What comes of an act for one pair or one record, or that it failed.

    The only place at which an error that nobody expected goes no further. An error of the database does, as the
    transaction of all is lost with it. about: what the log says of whose act it was.
    """
    try:
        return act()
    except Error:
        raise
    except Exception as error:
        log.exception("bridge.pair_failed", **about)
        return Failed(type(error).__name__)


def has_failed(pair: Pair) -> bool:
    """Whether a pair could not be dealt with, as far as that was tried."""
    return any(one["kind"] == Kind.FAILED for one in pair.problems)


def rests(pair: Pair) -> bool:
    """Whether a pair rests for that: nobody tries again before its record changes, or a person asks for it."""
    return has_failed(pair) and not pair.dirty


def try_again(bridge_id: uuid.UUID) -> None:
    """Have all pairs of a bridge that rest looked at once more, within the transaction that is open."""
    rows = Pair.objects.filter(bridge_id=bridge_id, problems__contains=[{"kind": Kind.FAILED}])
    failed = rows.order_by("id").select_for_update()  # in the order in which rounds lock them
    Pair.objects.filter(id__in=list(failed.values_list("id", flat=True))).update(dirty=True)


@contextmanager
def on_record(lease: job.Lease) -> Iterator[None]:
    """Have a person look at a bridge whose slices fail one after the other; the error goes on to whoever logs it.

    A slice that was put off, as a provider is away, neither fails nor ends that.
    """
    subject = uuid.uuid5(lease.reference, f"{FAILING} {lease.kind}")
    with unexpected.told(partial(_tell, lease, subject)):
        yield
    if lease.attempts > 1:
        with transaction.atomic(durable=True):
            if not (lease.failures and job.has_failed(lease)):
                issues.resolve(FAILING, subject)


def _tell(lease: job.Lease, subject: uuid.UUID, error: str) -> None:
    with transaction.atomic(durable=True):
        failures = job.count_failure(lease)
        bridge = Bridge.objects.filter(id=lease.reference).first()
        if bridge is None or failures < WORTH_A_LOOK:
            return
        sentence = (
            f"The work of the bridge {bridge.name or bridge.model} ({lease.kind}) failed {failures} times in a"
            f" row, by an error in Isthmus ({error}). The worker's log has it whole: please report it. It is tried"
            " again, ever later; what it has not done until then is not lost."
        )
        details = {"job": lease.kind, "error": error, "failures": failures}
        issues.open_issue(FAILING, subject, sentence, bridge_id=bridge.id, details=details)
