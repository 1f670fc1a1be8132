"""The journal of writes: what is intended is committed before it leaves, with the job that sees it through.

        journalled ──▶ sent ──▶ done | rejected | moved
             │           └────▶ uncertain ──▶ done | not applied | (a person)
             └──▶ done (nothing to do) | rejected | moved | not applied (a bridge's that was stopped, too)

A write's job is claimed by whoever performs it. When that process dies, the lease runs out and a worker takes over:
what was journalled is sent, what was sent is settled by reading back, never blindly repeated.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from tenants import secrets
from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from tenants.vault import Secret
from unified_api.models.base import CommonModel, common_model, model_id
from unified_api.sync import clock, issues, job, values
from unified_api.sync.models import Job, Write, WriteState

KIND: Final = "write"
#: The kind of the issue of a write that is left to a person.
ISSUE: Final = "uncertain"
FINAL: Final = frozenset({WriteState.DONE, WriteState.REJECTED, WriteState.MOVED, WriteState.NOT_APPLIED})


class Stopped(Exception):
    """What a write is for, a bridge or a conflict of one, was stopped before it left; the sentence says by whom."""


@dataclass(frozen=True)
class Intent:
    """What somebody wants changed at the provider.

    wanted: stored values by common field. record_id: of a create, the lost record in whose place it is made.
    expected: values that the record must still have, else nothing is sent. if_version: the same as one word, the
    record's version as the caller saw it. source: api, bridge or operator. bridge_version, reasons: a bridge's, see
    `Write`. conflict_id: of a conflict for which a person gave the value. id: of the write, known before it is
    journalled, so that it can be asked for even if nobody knows whether that succeeded. remote_id: of a record that is
    made where the account's own records have no other home than here.
    behind: steps of priority by which it comes behind others of its kind, or before them, if negative.
    """

    account: LinkedAccount
    model: type[CommonModel]
    operation: str
    wanted: Mapping[str, Any] = field(default_factory=dict)
    record_id: uuid.UUID | None = None
    remote_id: str | None = None
    expected: Mapping[str, Any] | None = None
    if_version: str | None = None
    source: str = "api"
    actor: str = ""
    bridge_id: uuid.UUID | None = None
    pair_id: uuid.UUID | None = None
    bridge_version: int | None = None
    reasons: Mapping[str, Any] | None = None
    conflict_id: uuid.UUID | None = None
    idempotency_key: str | None = None
    request_digest: bytes | None = None
    behind: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def draft(intent: Intent) -> Write:
    """The write of an intent, not stored."""
    return Write(
        id=intent.id,
        linked_account_id=intent.account.id,
        model=model_id(intent.model),
        operation=intent.operation,
        record_id=intent.record_id,
        remote_id=intent.remote_id,
        values=values.to_json(intent.wanted),
        expected=None if intent.expected is None else values.to_json(intent.expected),
        if_version=intent.if_version,
        source=intent.source,
        actor=intent.actor,
        bridge_id=intent.bridge_id,
        pair_id=intent.pair_id,
        bridge_version=intent.bridge_version,
        reasons=None if intent.reasons is None else dict(intent.reasons),
        conflict_id=intent.conflict_id,
        idempotency_key=intent.idempotency_key,
        request_digest=intent.request_digest,
    )


def enter(intent: Intent, *, queue: str = job.BACKGROUND, delay: float = 0.0) -> Write:
    """Journal a write within the transaction that is open, to be performed by a worker `delay` seconds from now."""
    write = draft(intent)
    if hidden := {name: told for name, told in intent.wanted.items() if isinstance(told, Secret)}:
        secrets.put(secrets.pack(hidden), write, "sealed_values")
    write.journalled_at = clock.now()
    write.save(force_insert=True)
    job.ask(KIND, write.id, queue=queue, priority=_urgency(intent), delay=delay)
    return write


def wanted(write: Write) -> dict[str, Any]:
    """The values that a write asks for, as they are stored; what is sensitive as a `Secret`."""
    plain = values.from_json(common_model(write.model), write.values)
    return plain | secrets.unpack(secrets.opened(write, "sealed_values")) if write.sealed_values else plain


def _urgency(intent: Intent) -> int:
    """A caller waits for the API's writes, and people for edits; what a bridge makes anew comes behind these."""
    if intent.source == "api":
        return 2
    return (6 if intent.operation == "create" else 4) + intent.behind


def enter_and_claim(intent: Intent, *, first: Callable[[], None] = lambda: None) -> tuple[Write, job.Lease]:
    """Journal a write that this process performs at once; a worker takes over if this process dies.

    first: what comes before it in the same transaction; if it raises, nothing is journalled.
    """
    with transaction.atomic(durable=True):
        first()
        write = enter(intent, queue=job.INTERACTIVE, delay=job.LEASE)
        lease = job.claim(KIND, write.id)
    assert lease is not None  # noqa: S101 - nobody else could see the row
    return write, lease


def mark_sent(
    write: Write, lease: job.Lease, sent: Mapping[str, Any], pre_image: Mapping[str, Any] | None
) -> None:
    """Commit that the call leaves now, with what it says and what stood there before; raises Stopped."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        refuse_stopped(write)
        _end_waiting(write)
        write.sent = values.to_json(sent)
        write.pre_image = None if pre_image is None else values.to_json(pre_image)
        write.state, write.sent_at, write.attempts = WriteState.SENT, clock.now(), write.attempts + 1
        write.save(update_fields=["sent", "pre_image", "state", "sent_at", "attempts"])


def refuse_stopped(write: Write) -> None:
    """Raise Stopped where a write may not leave, as of the transaction that is open, in which it does."""
    if why := why_stopped(write, leaves=True):
        raise Stopped(why)


def why_stopped(write: Write, *, leaves: bool = False) -> str:
    """Why a write may not leave any more, as of the transaction that is open; empty where it may.

    leaves: all is asked that keeps it, as nothing asks after this.
    """
    if write.bridge_id is None and write.conflict_id is None:
        return ""
    from unified_api.sync.bridge import stopping

    return stopping.why(write, leaves=leaves) if write.bridge_id else stopping.why_given(write)


def close(write: Write, lease: job.Lease, state: WriteState, *, error: str | None = None) -> None:
    """End a write within the transaction that is open, and its job with it."""
    job.hold(lease)
    _end_waiting(write)
    answered = write.state == WriteState.SENT and error is None
    unknown = write.state == WriteState.UNCERTAIN
    write.state, write.error, write.finished_at = state, error, clock.now()
    write.sealed_values = b""  # nobody asks for it any more
    write.save()
    _tell_pair(write, witnessed=answered, unknown=unknown)
    job.finish(lease)


def close_alone(
    write: Write,
    lease: job.Lease,
    state: WriteState,
    error: str,
    problems: list[dict[str, Any]] | None = None,
) -> None:
    """End a write that changed nothing here, in a transaction of its own."""
    write.problems = problems or []
    with transaction.atomic(durable=True):
        close(write, lease, state, error=error)


def postpone(write: Write, lease: job.Lease, state: WriteState, error: str, delay: float) -> None:
    """Leave a write open, to be taken up again `delay` seconds from now."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        write.state, write.error = state, error
        write.save()
        job.put_off(lease, delay)


def take_up_again(account: LinkedAccount) -> None:
    """Have the open writes of an account, which was linked again, performed or settled now."""
    hasten(Write.objects.filter(linked_account_id=account.id).exclude(state__in=FINAL), queue=job.INTERACTIVE)


def hasten(writes: QuerySet[Write], *, queue: str = job.BACKGROUND) -> None:
    """Have these writes, as far as somebody sees them through, taken up now, whenever they would be."""
    waiting = Job.objects.filter(kind=KIND, reference__in=writes.values("id"))
    for reference in list(waiting.order_by("id").values_list("reference", flat=True)):
        job.ask(KIND, reference, queue=queue)


def withdraw(write: Write, error: str) -> None:
    """End an open write whoever is at it, within the transaction that is open: where it was to go, nothing is left."""
    job.forget(KIND, write.id)
    write.state, write.error, write.finished_at = WriteState.NOT_APPLIED, error, clock.now()
    write.save(update_fields=["state", "error", "finished_at"])
    _tell_pair(write, witnessed=False)


def abandon(write: Write, lease: job.Lease, error: str) -> None:
    """Leave a write uncertain for a person, within the transaction that is open."""
    job.hold(lease)
    write.state, write.error = WriteState.UNCERTAIN, error
    write.save()
    _tell_pair(write, witnessed=False)
    job.finish(lease)
    account = LinkedAccount.objects.filter(id=write.linked_account_id).first()
    command = f"manage.py write {write.id} --tenant {current_tenant()}"
    issues.open_issue(
        ISSUE,
        write.id,
        f"Nobody knows whether the {write.operation} of a {write.model} of {account} was carried out: {error} Look"
        f" there, then say so: `{command} --applied` (of a create with `--as` its id there) or `--not-applied`;"
        " `--look-again` has Isthmus look once more.",
        bridge_id=write.bridge_id,
        linked_account_id=write.linked_account_id,
        details={"write_id": str(write.id)},
    )


def _end_waiting(write: Write) -> None:
    """Nobody has to tell any more what became of a write of which that was unknown until now."""
    if write.state == WriteState.UNCERTAIN:
        issues.resolve(ISSUE, write.id)


def _tell_pair(write: Write, *, witnessed: bool, unknown: bool = False) -> None:
    """The pair of a bridge learns how its write ended in the same transaction."""
    if write.pair_id is not None:
        from unified_api.sync.bridge import outcome

        outcome.note(write, witnessed=witnessed, unknown=unknown)
