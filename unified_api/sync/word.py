"""A person's word on a write whose outcome reading back could not tell."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from integrations.kit import errors
from tenants import audit
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.models.base import common_model
from unified_api.sync import clock, connect, job, journal
from unified_api.sync.models import Write, WriteState
from unified_api.sync.write import Performance


class CannotSettle(ValueError):
    """The word does not fit the write as it stands; the sentence says why."""


def look_again(write_id: uuid.UUID) -> Write:
    """Have reading back try once more; raises CannotSettle."""
    with transaction.atomic():
        write = _open_write(write_id)
        job.ask(journal.KIND, write.id, queue=job.INTERACTIVE)
        audit.record("write.look_again", subject=str(write.id))
    return write


def not_applied(write_id: uuid.UUID) -> Write:
    """The write changed nothing at the provider; raises CannotSettle."""
    with _held(write_id) as (write, lease):
        told = "A person said that it changed nothing."
        write.settled_by = _person()
        with transaction.atomic():
            journal.close(write, lease, WriteState.NOT_APPLIED, error=told)
            audit.record("write.settled", subject=str(write.id), state=WriteState.NOT_APPLIED)
    return write


def applied(write_id: uuid.UUID, remote_id: str | None = None) -> Write:
    """The write was carried out; for a create, as this record at the provider, which is read now.

    Raises CannotSettle, and ProviderError when the record cannot be read.
    """
    with _held(write_id) as (write, lease):
        known = write.remote_id or _remote_id(write)
        wanted = remote_id or known
        if wanted is None or (known is not None and wanted != known):
            raise CannotSettle("Name the record at the provider that the create made, by its id there.")
        _read_as_done(write, lease, wanted)
    return write


def _read_as_done(write: Write, lease: job.Lease, remote_id: str) -> None:
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=write.linked_account_id, deleted_at=None).first()
    try:
        resource = account and connect.provider_of(account).resource(common_model(write.model))
    except registry.UnknownIntegration as error:
        raise CannotSettle(f"The adapter of this account is not installed: {error}") from error
    if account is None or resource is None:
        raise CannotSettle("The account of this write is not linked any more.")
    write.settled_by = _person()
    with connect.line(account, lease) as line:
        performance = Performance(write, lease, line, resource)
        try:
            performance.store_answer(line.client.read(resource, remote_id))
        except errors.Gone:
            if write.operation != "delete":
                raise
            performance.store_deletion()
    with transaction.atomic():
        audit.record("write.settled", subject=str(write.id), state=WriteState.DONE, remote_id=remote_id)


@contextmanager
def _held(write_id: uuid.UUID) -> Iterator[tuple[Write, job.Lease]]:
    """The write with its job in our hands; given back if it is still open at the end."""
    with transaction.atomic():
        _open_write(write_id)
        job.ask(journal.KIND, write_id, queue=job.INTERACTIVE, delay=job.LEASE)
    lease = job.claim(journal.KIND, write_id)
    if lease is None:
        raise CannotSettle("A worker is at this write right now; try again in a moment.")
    with transaction.atomic():
        write = _open_write(write_id)
    try:
        yield write, lease
    finally:
        if write.finished_at is None:
            job.put_off(lease, 0.0)


def _person() -> str:
    actor = audit.current_actor()
    return f"{actor.kind} {actor.name}".rstrip()


def _open_write(write_id: uuid.UUID) -> Write:
    write: Write | None = Write.objects.filter(id=write_id).first()
    if write is None:
        raise CannotSettle("There is no write with this id.")
    if write.state in journal.FINAL:
        raise CannotSettle(
            f"The write is {write.state} since {write.finished_at or clock.now():%Y-%m-%d %H:%M}."
        )
    return write


def _remote_id(write: Write) -> str | None:
    if write.record_id is None:
        return None
    with transaction.atomic():
        found = (
            common_model(write.model).objects.filter(id=write.record_id).values_list("remote_id", flat=True)
        )
        return found.first()
