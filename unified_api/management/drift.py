"""`manage.py bridge drift`: compare both sides of a bridge now, and name what the rounds did not see to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, table, take_json
from unified_api.management.bridge.verb import take_bridge
from unified_api.sync import clock, job, streams, tasks
from unified_api.sync.bridge import drift
from unified_api.sync.models import Job, Stream
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import DriftAudit
from unified_api.sync.waiting import PAUSE, workers_run

#: Seconds after which an audit that workers make is left to them.
PATIENCE: Final = 1_800.0


def take(parser: CommandParser) -> None:
    """The bridge, and how deep to look."""
    take_bridge(parser)
    parser.add_argument(
        "--deep",
        type=int,
        default=drift.DEPTH,
        metavar="N",
        help=f"records of each side to read anew from its provider: {drift.DEPTH} by default",
    )
    parser.add_argument(
        "--mend", action="store_true", help="have the bridge look at the pairs that were found"
    )
    take_json(parser)


def answer(tenant: uuid.UUID, bridge_id: uuid.UUID, options: dict[str, Any]) -> Document:
    """Make an audit, by workers or, where none is running, in this process; what it found."""
    if options["deep"] < 0:
        raise CommandError(f"--deep takes a number of records, not {options['deep']}.")
    with scope(tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=bridge_id)
        if bridge.cursor is None:
            raise CommandError("The bridge has not begun yet, so nothing can have drifted apart.")
        audit = drift.begin(bridge_id, depth=options["deep"])
    ends = time.monotonic() + PATIENCE
    while (found := _finished(tenant, audit.id)) is None:
        if time.monotonic() > ends:
            raise CommandError("Workers are still at it; /api/sync/v1/drift shows the audit when it is over.")
        if workers_run() or not _work(tenant, bridge):
            time.sleep(PAUSE)
    if options["mend"]:
        with scope(tenant), transaction.atomic():
            drift.mend(found)
    return _document(found)


def tell(document: Document) -> Iterable[str]:
    """The numbers, and what was found."""
    yield (
        f"{document['compared']} pairs compared, {document['passed_over']} passed over,"
        f" {document['sampled']} records read anew."
    )
    for side in Side:
        yield (
            f"side {side}: to it {document[f'to_{side}']}, missing there {document[f'missing_{side}']}, unmirrored"
            f" {document[f'unmirrored_{side}']}, edited where a field only arrives {document[f'strayed_{side}']}"
        )
    rows = [
        (one["why"], ", ".join(one["to"]), ", ".join(one["fields"]), one["record_a"], one["record_b"])
        for one in document["findings"]
    ]
    if rows:
        yield from table([("WHY", "TO", "FIELDS", "RECORD A", "RECORD B"), *rows])


def _document(audit: DriftAudit) -> Document:
    document = drift.shown(audit)
    number = sum(drift.numbers(audit).values())
    told = f"Both sides have drifted apart ({number}); docs/operations.md says what to do about each kind."
    return {"drift": True, **document, "failed": told if number else None}


def _finished(tenant: uuid.UUID, audit_id: uuid.UUID) -> DriftAudit | None:
    with scope(tenant), transaction.atomic():
        audit: DriftAudit | None = DriftAudit.objects.filter(id=audit_id).first()
    if audit is None:
        raise CommandError("Somebody began another audit meanwhile, which takes the place of this one.")
    return audit if audit.finished else None


def _work(tenant: uuid.UUID, bridge: Bridge) -> bool:
    """One slice of the audit, or of a reading that it waits for; False when there is none to claim."""
    with scope(tenant), transaction.atomic():
        accounts = (bridge.account_a, bridge.account_b)
        read = Stream.objects.filter(linked_account_id__in=accounts, model=bridge.model)
        due = Job.objects.filter(
            kind=streams.KIND, reference__in=read.values("id"), due_at__lte=clock.now(), tenant_id=tenant
        )
        jobs = [
            *((streams.KIND, one) for one in due.values_list("reference", flat=True)),
            (drift.KIND, bridge.id),
        ]
    for kind, reference in jobs:
        with scope(tenant):
            lease = job.claim(kind, reference)
        if lease is not None:
            tasks.do(lease, time.monotonic() + tasks.SLICE)
            return True
    return False
