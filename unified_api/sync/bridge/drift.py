"""The audit of a bridge: on a schedule, both sides compared with each other, without writing to either.

    pairs   those that are at rest, in the order of side a's records; then lone ones of side b
    a, b    the records of a side: does every one that takes part have a pair?
    sample  some records read anew from their providers
    doubts  those that differed, once more, after their streams have been read

What is found is counted in a row of DriftAudit, an issue is open while it is more than nothing. The job does bounded
slices; where an audit stands is kept in its row, and who takes the job up goes on from there.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from django.db import transaction

from integrations.kit import errors
from tenants import audit as trail
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.engine.pair import State
from unified_api.engine.values import Both, Side
from unified_api.sync import clock, issues, job, steer
from unified_api.sync.bridge import failing, stirring, turns
from unified_api.sync.bridge.comparing import Finding, Why, compare, unpaired
from unified_api.sync.bridge.held import UNDER_WAY
from unified_api.sync.bridge.records import Frame, place
from unified_api.sync.bridge.sampling import Probe, drawn
from unified_api.sync.bridge.work import is_quiet
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_watch import DriftAudit

log = structlog.get_logger(__name__)
#: Kind of the job, and of the issue.
KIND: Final = "drift"
#: Nobody waits for an audit.
PRIORITY: Final = 9
#: Pairs, or records, that one transaction compares; records that one step reads anew.
AT_ONCE: Final = 1_000
READ_AT_ONCE: Final = 5
#: Records a side that are read anew, unless somebody asks for more.
DEPTH: Final = 20
#: What is counted that is not as it should be: by side that lacks something, by side that lacks a record, the mirrors.
NUMBERS: Final = ("to_a", "to_b", "missing_a", "missing_b", "unmirrored_a", "unmirrored_b")
#: What differs as people want it, as far as anybody can tell: no issue is opened for it.
STRAYED: Final = ("strayed_a", "strayed_b")
#: Findings that are kept in detail.
MOST: Final = 100
#: Seconds until a bridge that has not begun is looked at again; until doubts are; and how long they are waited for.
NOT_YET: Final = 3_600.0
DOUBT: Final = 5.0
PATIENCE: Final = dt.timedelta(minutes=15)


def begin(bridge_id: uuid.UUID, *, depth: int = DEPTH) -> DriftAudit:
    """Have an audit made now, in place of one that is under way; within the transaction that is open."""
    job.forget(KIND, bridge_id)  # the job before the audit, as the work itself takes them
    DriftAudit.objects.filter(bridge_id=bridge_id, finished=None).delete()
    audit = _new(bridge_id, depth)
    job.ask(KIND, bridge_id, priority=PRIORITY)
    return audit


def mend(audit: DriftAudit) -> int:
    """Have the bridge look at the pairs that an audit names, within the transaction that is open; how many.

    What they owe each other is written then; sides that stand apart on their bases are for a person.
    """
    turns.take(audit.bridge_id)
    named = [one["pair_id"] for one in audit.findings if one["pair_id"]]
    marked = Pair.objects.filter(id__in=named, bridge_id=audit.bridge_id).update(dirty=True)
    trail.record("bridge.mended", subject=str(audit.bridge_id), audit=str(audit.id), pairs=marked)
    transaction.on_commit(partial(stirring.ask, audit.bridge_id))
    return int(marked)


def work(lease: job.Lease, ends: float) -> None:
    """One slice; `ends`: monotonic time at which to stop."""
    with failing.on_record(lease):
        _work(lease, ends)


def _work(lease: job.Lease, ends: float) -> None:
    while time.monotonic() < ends:
        if not _step(lease):
            return
    with transaction.atomic(durable=True):
        job.go_on(lease)


def shown(audit: DriftAudit) -> dict[str, Any]:
    """An audit as it is shown; its numbers grow until it is finished."""
    names = ("compared", "passed_over", "sampled", *NUMBERS, *STRAYED, "findings", "started", "finished")
    told = {name: getattr(audit, name) for name in names}
    return {"id": str(audit.id), "bridge_id": str(audit.bridge_id), **told}


def _new(bridge_id: uuid.UUID, depth: int) -> DriftAudit:
    audit: DriftAudit = DriftAudit.objects.create(
        bridge_id=bridge_id, started=clock.now(), place={"at": "pairs", "depth": depth, "drawn": {}}
    )
    return audit


def _step(lease: job.Lease) -> bool:
    """A bounded part of the audit; False when the job was given back."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        bridge = Bridge.objects.filter(id=lease.reference).first()
        if bridge is None:
            job.finish(lease)
            return False
        frame = Frame.of(bridge)
        audit = DriftAudit.objects.filter(bridge_id=bridge.id, finished=None).first()
        if bridge.cursor is None:
            job.again(lease, NOT_YET)
            return False
        audit = audit or _new(bridge.id, DEPTH)
        if (part := _PARTS.get(audit.place["at"])) is not None:
            part(frame, audit)
            audit.save()
            return True
    return _read(frame, audit, lease)


# --- both sides, as they are mirrored -------------------------------------------------------------------


def _pairs(frame: Frame, audit: DriftAudit) -> None:
    """Some pairs in the order of side a's records, which an index has."""
    pairs = Pair.objects.filter(bridge_id=frame.bridge.id).exclude(record_a=None)
    if (after := audit.place.get("after")) is not None:
        pairs = pairs.filter(record_a__gt=after)
    some = list(pairs.order_by("record_a")[:AT_ONCE])
    _take(frame, audit, some)
    _move(audit, str(some[-1].record_a) if len(some) == AT_ONCE else None, "lone")


def _lone(frame: Frame, audit: DriftAudit) -> None:
    """Some lone pairs of side b."""
    pairs = Pair.objects.filter(bridge_id=frame.bridge.id, record_a=None, state=State.ALONE)
    if (after := audit.place.get("after")) is not None:
        pairs = pairs.filter(id__gt=after)
    some = list(pairs.order_by("id")[:AT_ONCE])
    _take(frame, audit, some)
    _move(audit, str(some[-1].id) if len(some) == AT_ONCE else None, "a")


def _take(frame: Frame, audit: DriftAudit, some: Sequence[Pair]) -> None:
    """Compare those of some pairs that are at rest, and draw from them for the sample."""
    at_rest = [
        pair
        for pair in some
        if not (pair.dirty or pair.held not in UNDER_WAY or pair.write_id or pair.paused_by)
        and not failing.has_failed(pair)
    ]
    audit.compared += len(at_rest)
    audit.passed_over += len(some) - len(at_rest)
    audit.place["paused"] = audit.place.get("paused", False) or any(pair.paused_by for pair in some)
    _count(audit, compare(frame, at_rest))
    chosen, depth = audit.place["drawn"], audit.place["depth"]
    for side in Side:
        records = (pair.record_a if side is Side.A else pair.record_b for pair in at_rest)
        chosen[side] = drawn(str(audit.id), chosen.get(side, ()), records, depth)


def _records(side: Side) -> Callable[[Frame, DriftAudit], None]:
    """Some records of a side, in the order of its lists, which an index has."""

    def step(frame: Frame, audit: DriftAudit) -> None:
        some = list(frame.listing(side, audit.place.get("after"))[:AT_ONCE])
        _count(audit, unpaired(frame, side, some))
        last = place(some[-1]) if len(some) == AT_ONCE else None
        _move(audit, last, "b" if side is Side.A else "sample")

    return step


_PARTS: Final[dict[str, Callable[[Frame, DriftAudit], None]]] = {
    "pairs": _pairs,
    "lone": _lone,
    "a": _records(Side.A),
    "b": _records(Side.B),
}


def _move(audit: DriftAudit, after: Any, following: str) -> None:
    """On to the rest of this part, or to the one that follows."""
    audit.place["after"] = after
    audit.place["at"] = audit.place["at"] if after is not None else following


def _count(audit: DriftAudit, findings: Sequence[Finding]) -> None:
    for one in findings:
        what = "strayed" if one.why is Why.STRAYED else "missing" if one.is_lone else "to"
        for side in one.to:
            _add(audit, f"{what}_{side}")
    room = MOST - len(audit.findings)
    audit.findings = [*audit.findings, *(one.as_data() for one in findings[:room])]


def _add(audit: DriftAudit, number: str) -> None:
    setattr(audit, number, getattr(audit, number) + 1)


# --- the sample, as the providers have it ---------------------------------------------------------------


def _read(frame: Frame, audit: DriftAudit, lease: job.Lease) -> bool:
    """Read some of the sample anew, outside of any transaction; False when the job was given back."""
    for side in Side:
        probe = _probe(frame, side, lease)
        left = audit.place["drawn"].get(side)
        if left and probe is not None:
            if audit.place["at"] == "doubts" and not _is_ripe(audit, probe):
                return _wait(audit, lease)
            return _read_some(audit, probe, left)
    if audit.place["at"] == "sample" and audit.place.get("doubts"):
        return _doubt(frame, audit, lease)
    return _finish(frame, audit, lease)


def _probe(frame: Frame, side: Side, lease: job.Lease) -> Probe | None:
    """Who reads a side's records; None where that cannot be done now, which shows elsewhere."""
    account = frame.accounts[side]
    if account is None or account.status != LinkedAccount.Status.COMPLETE or side in frame.scopes.unread:
        return None
    probe = Probe(frame, side, lease)
    try:
        return probe if probe.can_read else None
    except registry.UnknownIntegration:
        return None


def _read_some(audit: DriftAudit, probe: Probe, left: Sequence[Any]) -> bool:
    some, rest = left[:READ_AT_ONCE], left[READ_AT_ONCE:]
    try:
        differing = probe.differing(record for _, record in some)
    except errors.ProviderError as error:
        log.warning("drift.sample_failed", side=probe.side.value, error=type(error).__name__)
        differing, some, rest = {}, [], []
        audit.place["given_up"] = True
    with transaction.atomic(durable=True):
        job.hold(probe.lease)
        audit.place["drawn"][probe.side] = rest
        if audit.place["at"] == "sample":
            audit.sampled += len(some)
            audit.place.setdefault("doubts", {}).update({i: [probe.side, d] for i, d in differing.items()})
        else:
            doubts = audit.place["doubts"]
            _count_unmirrored(audit, probe, [i for i, told in differing.items() if doubts[i][1] == told])
        audit.save()
    return True


def _count_unmirrored(audit: DriftAudit, probe: Probe, records: Sequence[str]) -> None:
    for record in records:
        _add(audit, f"unmirrored_{probe.side}")
        here = Both[uuid.UUID | None](None, None).having(probe.side, uuid.UUID(record))
        finding = Finding(Why.UNMIRRORED, (), record_a=here.a, record_b=here.b)
        audit.findings = [*audit.findings, finding.as_data()][:MOST]


def _doubt(frame: Frame, audit: DriftAudit, lease: job.Lease) -> bool:
    """Have the streams of what differed read, and look at it once more after that."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        again: dict[str, list[Any]] = {side.value: [] for side in Side}
        for record, (side, _told) in audit.place["doubts"].items():
            again[side].append(["", record])
        audit.place |= {"at": "doubts", "drawn": again, "since": clock.now().isoformat()}
        for side in (Side(name) for name, records in again.items() if records):
            if (stream := Probe(frame, side, lease).stream()) is not None:
                steer.read_now(stream.id)
        audit.save()
        job.again(lease, DOUBT)
    return False


def _is_ripe(audit: DriftAudit, probe: Probe) -> bool:
    """Whether a side was read since it was doubted; one that cannot be is not judged."""
    since = dt.datetime.fromisoformat(audit.place["since"])
    with transaction.atomic():
        if probe.was_read_since(since):
            return True
        if probe.stream() is None or clock.now() - since > PATIENCE:
            audit.place["drawn"][probe.side] = []
            audit.place["given_up"] = True
            return True
        return False


def _wait(audit: DriftAudit, lease: job.Lease) -> bool:
    with transaction.atomic(durable=True):
        job.hold(lease)
        audit.save()
        job.again(lease, DOUBT)
    return False


# --- the end --------------------------------------------------------------------------------------------


def _finish(frame: Frame, audit: DriftAudit, lease: job.Lease) -> bool:
    """Close the audit, open or end the issue, and rest until the next one is due."""
    bridge, is_whole = frame.bridge, _is_whole(frame, audit) and not _is_paused(frame.bridge, audit)
    with transaction.atomic(durable=True):
        job.hold(lease)
        audit.finished, audit.place = clock.now(), {}
        audit.save()
        log.info("drift.audited", bridge=str(bridge.id), compared=audit.compared, **numbers(audit))
        _have_it_looked_at(bridge, audit, is_whole=is_whole)
        job.again(lease, frame.configuration.audit * 3_600.0)
    return False


def _is_whole(frame: Frame, audit: DriftAudit) -> bool:
    """Whether all of the sample was read that ever can be: what an outage hides is not gone."""
    unread = (frame.accounts[side] for side in Side if audit.place["drawn"].get(side))
    is_away = any(one is not None and one.status != LinkedAccount.Status.COMPLETE for one in unread)
    return not is_away and not audit.place.get("given_up")


def _is_paused(bridge: Bridge, audit: DriftAudit) -> bool:
    """Whether pairs were passed over that a person has stopped: what they owe each other is seen when they go on."""
    return bool(bridge.paused_by or audit.place.get("paused"))


def numbers(audit: DriftAudit) -> dict[str, int]:
    """How much is not as it should be, by kind."""
    return {name: getattr(audit, name) for name in NUMBERS}


def _have_it_looked_at(bridge: Bridge, audit: DriftAudit, *, is_whole: bool) -> None:
    """Open the issue, or end it; while the bridge is not at rest, what is missing may yet come, and does neither.

    Nor does an audit that found nothing as it could not read its sample whole, or as a person has paused what it found
    before.
    """
    counts = numbers(audit)
    missing = audit.missing_a + audit.missing_b
    if sum(counts.values()) > missing or (missing and is_quiet(bridge.id)):
        told = {"audit": str(audit.id), **counts}
        issues.open_issue(KIND, bridge.id, _told(bridge, audit), bridge_id=bridge.id, details=told)
    elif not missing and is_whole:
        issues.resolve(KIND, bridge.id)


def _told(bridge: Bridge, audit: DriftAudit) -> str:
    return (
        f"The sides of bridge {bridge.name or bridge.id} have drifted apart: of {audit.compared} pairs,"
        f" {audit.to_a} lack something at side a and {audit.to_b} at side b that nothing is under way to bring;"
        f" {audit.missing_a} records have no counterpart at side a, and {audit.missing_b} none at side b;"
        f" of {audit.sampled} records that were read anew, {audit.unmirrored_a} of side a and {audit.unmirrored_b} of"
        " side b are not as the mirror has them."
        f" `manage.py bridge drift {bridge.id}` audits again and names them; docs/operations.md says what to do."
    )
