"""Performing journalled writes: read just before, send only what differs, store the answer, settle what is unknown."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.http import Patience
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.models.base import OWN, CommonModel, common_model, wire_fields
from unified_api.sync import (
    by_id,
    connect,
    hosted,
    job,
    journal,
    problems,
    settle,
    store,
    targets,
    transfer,
    values,
)
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Write, WriteState
from unified_api.sync.moved import refuse_moved

log = structlog.get_logger(__name__)
KIND: Final = journal.KIND
#: While a caller waits, a provider that hangs is not asked again: callers give up after a minute, and repeat.
WAITED_FOR: Final = Patience(total=15.0)


class Performance:
    """One attempt at one write."""

    def __init__(self, write: Write, lease: job.Lease, line: connect.Line, resource: Resource) -> None:
        self.write = write
        self.lease = lease
        self.line = line
        self.resource = resource
        self.model: type[CommonModel] = resource.model
        self.wanted = journal.wanted(write)
        self.cause = store.Cause(write.source, write_id=write.id)
        self.seen: Observation | None = None
        #: What an earlier attempt has sent of an update, and its record shows.
        self.arrived: frozenset[str] = frozenset()

    def go(self) -> None:
        """Send what was journalled."""
        _refuse_disabled(self.write, self.resource)
        if self.write.operation == "create":
            self._create()
        elif self.write.operation == "update":
            self._update()
        else:
            self._delete()

    def _create(self) -> None:
        told = values.for_adapter(self.model, self.wanted, self.line.account_id)
        with transfer.brought(self.write, self.resource, self.line, self.lease) as file:
            journal.mark_sent(self.write, self.lease, self.wanted, None)
            # A bridge owes what was left out, and takes what the answer shows for spelling: nobody's edit may be in it.
            bridged = self.write.pair_id is not None
            self.store_answer(self.line.client.create(self.resource, told, file, unmoved=bridged))

    def _update(self) -> None:
        record = values.current(self.model, self.write.record_id)
        told = values.for_adapter(self.model, self.wanted, self.line.account_id)
        try:
            answer = self.line.client.update(
                self.resource, str(record.remote_id), told, before=self._before_sending
            )
        except (errors.Rejected, errors.Forbidden):
            self._read_refused()
            raise
        if self.write.state == WriteState.JOURNALLED:
            self._land(answer)
            journal.close_alone(self.write, self.lease, WriteState.DONE, "")
        else:
            self.store_answer(answer)

    def _read_refused(self) -> None:
        """Take in what the first calls of an update changed, of which a later one was refused."""
        several = self.resource.update is not None and self.resource.update.send is not None
        if several and self.write.state == WriteState.SENT:
            with suppress(errors.ProviderError):  # the refusal is what counts; the next list shows the record
                self.read_again()

    def _before_sending(self, there: Observation) -> None:
        """Take in the record as it is just before the write, refuse if it moved, and journal what is sent."""
        self.seen = there
        record = self._land(there)
        refuse_moved(self.write, record, self.arrived)
        before = self.shown(record, self.wanted)
        differing = {name: value for name, value in self.wanted.items() if before[name] != value}
        sent, stood = self._known_of(self.write.sent), self._known_of(self.write.pre_image)
        journal.mark_sent(
            self.write, self.lease, sent | differing, stood | {name: before[name] for name in differing}
        )

    def _known_of(self, told: dict[str, Any] | None) -> dict[str, Any]:
        """What the journal has of the fields that have arrived."""
        known = values.from_json(self.model, told or {})
        return {name: known[name] for name in self.arrived if name in known}

    def shown(self, record: CommonModel, names: Iterable[str]) -> dict[str, Any]:
        """What a record says; of fields of the provider's own what was seen last of it, as no record has them."""
        own = self.seen.values if self.seen else {}
        return {name: own.get(name) if name.startswith(OWN) else getattr(record, name) for name in names}

    def _land(self, there: Observation) -> CommonModel:
        cause = store.Cause("read", write_id=self.write.id)
        with store.entry(self.line.account_id, began=self.line.moments.time_of) as entry:
            job.hold(self.lease)
            tally = entry.land([there.common()], cause, mapping_version=self.resource.version)
            entry.flush()
            entry.settle_news(tally, self.model, there.remote_id, self.resource.read_lag)
            return values.current(self.model, self.write.record_id)

    def _delete(self) -> None:
        record = self.read_again()
        refuse_moved(self.write, record)
        journal.mark_sent(self.write, self.lease, {}, values.image(record))
        # It was there just before: who does not find it now had our call before, or agrees with it.
        with suppress(errors.Gone):
            self.line.client.delete(self.resource, str(record.remote_id))
        self.store_deletion()

    def read_again(self) -> CommonModel:
        """The record as the provider shows it now; raises Gone."""
        record = values.current(self.model, self.write.record_id)
        cause = store.Cause("read", write_id=self.write.id)
        there = str(record.remote_id)
        if not by_id.read_one(self.line, self.resource, there, cause, self.lease, saw=self._see):
            raise errors.Gone(f"{self.model.__name__} {record.remote_id} is gone")
        return values.current(self.model, self.write.record_id)

    def _see(self, there: Observation) -> None:
        self.seen = there

    def store_answer(self, answer: Observation, *, is_ours: Callable[[], bool] = lambda: True) -> bool:
        """Land what the provider answered, together with the end of the write; False if it is not ours after all.

        is_ours: asked while no other write of the account can be stored.
        """
        with store.entry(self.line.account_id, began=self.line.moments.time_of) as entry:
            if not is_ours():
                return False
            if self.write.operation == "create" and self.write.record_id is not None:
                entry.adopt(self.model, answer.remote_id, self.write.record_id, self.cause)
            tally = entry.land([answer.common()], self.cause, mapping_version=self.resource.version)
            record = tally.ids[self.model, answer.remote_id]
            self._note_merge(entry, record, answer.remote_id)
            if not tally.late and own_names(self.wanted):
                entry.keep_raw(record, answer, self.cause)
            self.write.record_id, self.write.remote_id = record, answer.remote_id
            entry.settle(self.model, record, self.resource.read_lag)
            if self.write.pair_id:
                entry.flush()  # its pair learns what the answer says
            if not tally.late:
                journal.close(self.write, self.lease, WriteState.DONE)
        if tally.late:
            self._read_late(answer.remote_id)
            journal.close_alone(self.write, self.lease, WriteState.DONE, "")
        return True

    def _note_merge(self, entry: store.Store, record: uuid.UUID, into: str) -> None:
        """An update that another record answers to, where merged ones are led on, met a merge after the last look."""
        written = self.write.record_id
        if self.write.operation == "update" and self.resource.redirects and written not in {None, record}:
            entry.merge(self.model, written, into, self.cause)

    def _read_late(self, remote_id: str) -> None:
        """Read by id what something newer than the write's answer was stored of; else the next list tells."""
        if not self.resource.can("get"):
            return
        try:
            by_id.read_one(self.line, self.resource, remote_id, self.cause, self.lease)
        except errors.ProviderError as error:  # the write is done, whatever becomes of this read
            log.warning("write.not_read_back", write=str(self.write.id), error=type(error).__name__)

    def store_loss(self, remote_id: str, told: str) -> None:
        """End a create whose record somebody has removed before it was finished: that is for its bridge's rule."""
        with store.entry(self.line.account_id) as entry:
            if self.write.record_id is not None:
                entry.adopt(self.model, remote_id, self.write.record_id, self.cause)
            record = entry.refer(self.model, remote_id)
            entry.remove(self.model, [record], self.cause)
            entry.settle(self.model, record, self.resource.read_lag)
            self.write.record_id, self.write.remote_id = record, remote_id
            entry.flush()  # its pair sees that it is gone
            journal.close(self.write, self.lease, WriteState.DONE, error=told)

    def store_deletion(self) -> None:
        """Mark the record as deleted, together with the end of the write."""
        assert self.write.record_id is not None  # noqa: S101 - deletes name their record
        with store.entry(self.line.account_id) as entry:
            entry.remove(self.model, [self.write.record_id], self.cause)
            entry.settle(self.model, self.write.record_id, self.resource.read_lag)
            journal.close(self.write, self.lease, WriteState.DONE)


def perform(write: Write, lease: job.Lease, account: LinkedAccount, *, patient: bool) -> Write:
    """Send a journalled write, or settle one that was sent; returns it with its state.

    patient: a provider that asks to come back later is tried again by a worker; else the write ends as not applied.
    """
    if write.state == WriteState.SENT:
        write.state = WriteState.UNCERTAIN
    try:
        resource = _resource(write, account)
        if resource.hosted:
            _refuse_disabled(write, resource)
            hosted.perform(write, lease, resource)
            return write
        purpose = Purpose.NEWS if write.bridge_id else Purpose.WAITED_FOR
        with connect.line(account, lease, purpose=purpose, patience=None if patient else WAITED_FOR) as line:
            performance = Performance(write, lease, line, resource)
            if write.state == WriteState.JOURNALLED:
                performance.go()
            else:
                settle.settle(performance)
    except journal.Stopped as stopped:
        journal.close_alone(write, lease, WriteState.NOT_APPLIED, str(stopped))
    except _Impossible as error:
        _end_impossible(write, lease, error)
    except errors.ProviderError as error:
        _failed(write, lease, account, error, patient=patient)
    return write


class _Impossible(Exception):
    """There is no adapter that could do this, or it may not. `state`: how a write ends that did not leave.

    fields: those that it is about.
    """

    def __init__(
        self,
        why: str,
        state: WriteState,
        problem_type: str = "MISCONFIGURED",
        fields: Sequence[str] = (),
    ) -> None:
        super().__init__(why)
        self.state = state
        self.problem_type = problem_type
        self.fields = fields


def _resource(write: Write, account: LinkedAccount) -> Resource:
    try:
        resource = connect.provider_of(account).resource(common_model(write.model))
    except registry.UnknownIntegration as error:
        # Not a refusal of the values: a bridge still owes them.
        told = f"The adapter of this account is not installed: {error}"
        raise _Impossible(told, WriteState.NOT_APPLIED) from error
    if not account.may("write", write.model):
        told = f"{write.model} may not be written at this linked account, by its scopes."
        raise _Impossible(told, _barred(write), "DISABLED_MODEL_WRITE")
    if resource is None or not resource.can(write.operation):  # type: ignore[arg-type]
        raise _Impossible(f"{account.integration} cannot {write.operation} this.", WriteState.REJECTED)
    own = [name.removeprefix(OWN) for name in own_names(write.values)]
    return resource.with_own(own) if own else resource


def _refuse_disabled(write: Write, resource: Resource) -> None:
    """Raise _Impossible where a field that is asked for was disabled at the account since."""
    disabled = resource.mapping.withheld
    names = sorted(disabled & journal.wanted(write).keys()) if disabled else []
    if names:
        told = f"{', '.join(names)} of {write.model} may not be written at this linked account any more, by its scopes."
        raise _Impossible(told, _barred(write), "UNSUPPORTED_FIELD", names)


def _barred(write: Write) -> WriteState:
    """How a write ends that the scopes keep back: a bridge's is no refusal of the values, which it may owe still."""
    return WriteState.NOT_APPLIED if write.bridge_id else WriteState.REJECTED


def own_names(names: Iterable[str]) -> list[str]:
    """The names of fields of the provider's own among some."""
    return [name for name in names if name.startswith(OWN)]


def _end_impossible(write: Write, lease: job.Lease, error: _Impossible) -> None:
    """What did not leave ends here; of what left only a person can tell, or the adapter once it is back."""
    why = str(error)
    log.warning("write.impossible", write=str(write.id), why=why)
    if write.state == WriteState.JOURNALLED:
        title = "The write cannot be carried out; nothing was changed"
        found = [problems.problem(error.problem_type, title, why, name) for name in error.fields or (None,)]
        journal.close_alone(write, lease, error.state, why, found)
        return
    with transaction.atomic(durable=True):
        journal.abandon(
            write, lease, f"{why} It had left before; have it looked at again, or tell what became of it."
        )


def _failed(
    write: Write, lease: job.Lease, account: LinkedAccount, error: errors.ProviderError, *, patient: bool
) -> None:
    """Turn a named error into the write's state."""
    log.warning("write.failed", write=str(write.id), error=type(error).__name__, request=error.request)
    if isinstance(error, errors.Uncertain):
        write.remote_id = error.remote_id or write.remote_id
    if isinstance(error, errors.Uncertain) or _left_open(write, error):
        journal.postpone(write, lease, WriteState.UNCERTAIN, str(error), settle.delay(write, error))
    elif isinstance(error, errors.RetryLater) and patient:
        after = error.after if error.after is not None else job.backoff(lease.attempts)
        journal.postpone(write, lease, WriteState.JOURNALLED, str(error), after)
    else:
        if isinstance(error, errors.Gone):
            _note_gone(write, lease, error.merged_into)
        _refused(write, lease, error)
    if isinstance(error, errors.NeedsReauthorisation):
        connect.pause(account, str(error))


def _left_open(write: Write, error: errors.ProviderError) -> bool:
    """Whether the write had left before, and settling it only met an obstacle."""
    return write.state == WriteState.UNCERTAIN and not isinstance(error, errors.Gone | errors.Moved)


def _note_gone(write: Write, lease: job.Lease, into: str | None) -> None:
    """The provider does not know the record any more; `into`: it was merged into this one."""
    if write.record_id is None:
        return
    with store.entry(write.linked_account_id) as entry:
        job.hold(lease)
        model, cause = common_model(write.model), store.Cause(write.source, write_id=write.id)
        if into:
            entry.merge(model, write.record_id, into, cause)
        else:
            entry.remove(model, [write.record_id], cause)


def _refused(write: Write, lease: job.Lease, error: errors.ProviderError) -> None:
    applied = WriteState.NOT_APPLIED if isinstance(error, errors.RetryLater) else WriteState.REJECTED
    state = WriteState.MOVED if isinstance(error, errors.Moved) else applied
    known = {*wire_fields(common_model(write.model)), *write.values}
    write.retry_after = error.after if isinstance(error, errors.RetryLater) else None
    journal.close_alone(write, lease, state, str(error), problems.of(error, known))


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - one write is one slice
    """Perform or settle the write that the job names."""
    write, account, stopped = values.in_transaction(lambda: _named_by(lease))
    if write is None or account is None or write.state in journal.FINAL:
        job.finish(lease)
        return
    if stopped:
        journal.close_alone(write, lease, WriteState.NOT_APPLIED, stopped)
        return
    if account.status == connect.PAUSED_FOR_RELINK:
        job.put_off(lease, settle.LAST)
        return
    perform(write, lease, account, patient=True)


def _named_by(lease: job.Lease) -> tuple[Write | None, LinkedAccount | None, str]:
    """The write of a job, its account with its custom fields, and who stopped what has not left."""
    write: Write | None = Write.objects.filter(id=lease.reference).first()
    if write is None:
        return None, None, ""
    account = LinkedAccount.objects.filter(id=write.linked_account_id, deleted_at=None).first()
    targets.look_up([account] if account else [])
    return write, account, journal.why_stopped(write) if write.state == WriteState.JOURNALLED else ""
