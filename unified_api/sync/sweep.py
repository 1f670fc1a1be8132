"""Deletions by absence: what a complete, unfiltered sweep did not meet, and its provider does not know by id either.

A sweep spans slices and workers, so what it has met is kept in a table. That table is unlogged: a crash of the
database empties it, so the stream counts the sightings as well, and a sweep whose counts differ begins again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from integrations.kit.observation import Page
from integrations.kit.provider import Resource
from tenants.scope import current_tenant
from unified_api.models.base import CommonModel
from unified_api.sync import by_id, clock, job, moments, store
from unified_api.sync.identity import Identities
from unified_api.sync.models import Sighting, Stream

if TYPE_CHECKING:
    from unified_api.sync.pull import Pull

log = structlog.get_logger(__name__)
#: A sweep may remove so many records, or this share of those known, whichever is more, before the brake holds it.
FREE_REMOVALS = 10
FREE_SHARE = 0.2
#: Records that are gone are looked at so many at once.
AT_ONCE = 1_000

_SIGHT = """
    WITH new AS (
        INSERT INTO sync_sighting (id, tenant_id, sweep_id, record_id)
        SELECT gen_random_uuid(), %s, %s, record FROM unnest(%s::uuid[]) record
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) FROM new
"""


def begin() -> dict[str, Any]:
    """A new sweep. What arrives after its beginning cannot be missed by it."""
    return {"id": str(uuid.uuid4()), "began": moments.Moments().draw(), "seen": 0, "blind": False}


def sight(stream: Stream, model: type[CommonModel], tally: store.Tally, page: Page) -> None:
    """Note what a page shows, within the transaction that lands it. A bad record is there as well."""
    state = stream.sweep or {}
    ids = [record for (of, _), record in tally.ids.items() if of is model]
    bad = [b.remote_id for b in page.bad]
    # A record that is there but cannot be named makes every absence doubtful.
    state["blind"] = state["blind"] or None in bad
    identities = Identities(stream.linked_account_id)
    identities.learn(b for b in bad if b)
    ids += [identities.of(model, b) for b in bad if b]
    with connection.cursor() as cursor:
        cursor.execute(_SIGHT, [current_tenant(), state["id"], ids])
        state["seen"] += cursor.fetchone()[0]
    stream.sweep = state


def conclude(pull_: Pull, resource: Resource) -> int:
    """Remove what is gone, unless the brake holds; how many records were removed."""
    stream = pull_.stream
    state = stream.sweep or {}
    with transaction.atomic(durable=True):
        job.hold(pull_.lease)
        intact = Sighting.objects.filter(sweep_id=state["id"]).count() == state["seen"]
        usable = intact and not state["blind"] and resource.sweep
        unseen = _unseen(stream, pull_.model, state)
        missing = unseen.count() if usable else 0
        known = _known(stream, pull_.model).count() if missing else 0
    if not intact:
        log.warning("sweep.restarted", model=stream.model)
        end(pull_, trusted=False)
        return 0
    removed = 0
    if missing and not _brake(stream, missing, known):
        removed = sum(_is_gone(pull_, resource, remote_id, record) for record, remote_id in _each(unseen))
    end(pull_)
    return removed


def _known(stream: Stream, model: type[CommonModel]) -> Any:
    return model.objects.filter(
        linked_account_id=stream.linked_account_id, is_shell=False, remote_was_deleted=False
    )


def _unseen(stream: Stream, model: type[CommonModel], state: dict[str, Any]) -> Any:
    seen = Sighting.objects.filter(sweep_id=state["id"], record_id=OuterRef("id"))
    return _known(stream, model).filter(~Exists(seen), as_of__lt=state["began"]).order_by("id")


def _each(records: Any) -> Iterator[tuple[uuid.UUID, str]]:
    """Id and remote id of records in the order of ids, of which there may be very many."""
    rest = records.values_list("id", "remote_id")
    while rows := _read(rest[:AT_ONCE]):
        yield from rows
        rest = rest.filter(id__gt=rows[-1][0])


def _read(rows: Any) -> list[tuple[uuid.UUID, str]]:
    with transaction.atomic():
        return list(rows)


def _brake(stream: Stream, missing: int, known: int) -> bool:
    """Whether so many removals must wait for a person, who allows them by `manage.py sync --allow-removals`."""
    held = missing > max(FREE_REMOVALS, FREE_SHARE * known) and not stream.removals_allowed
    stream.held_removals = missing if held else 0
    if held:
        log.warning("sweep.braked", model=stream.model, missing=missing, known=known)
    return held


def _is_gone(pull_: Pull, resource: Resource, remote_id: str, record: uuid.UUID) -> bool:
    """Ask by id where that is possible, else believe the sweep; whether the record was marked as deleted."""
    cause = store.Cause("sweep", run_id=pull_.run.id)
    if resource.can("get"):
        return not by_id.read_one(pull_.line, resource, remote_id, cause, pull_.lease)
    with store.entry(pull_.stream.linked_account_id) as entry:
        job.hold(pull_.lease)
        return entry.remove(pull_.model, [record], cause) == 1


def end(pull_: Pull, *, trusted: bool = True) -> None:
    """Forget the sightings; the next sweep is due in time, or at once where this one cannot be trusted."""
    stream = pull_.stream
    with transaction.atomic(durable=True):
        job.hold(pull_.lease)
        forget(stream)
        stream.sweep, stream.last_sweep = None, clock.now() if trusted else None
        stream.removals_allowed = stream.removals_allowed and not trusted
        stream.save(update_fields=["sweep", "last_sweep", "removals_allowed", "held_removals"])


def forget(stream: Stream) -> None:
    """Delete the sightings of the sweep that is under way, within the transaction that ends it."""
    if stream.sweep is not None:
        Sighting.objects.filter(sweep_id=stream.sweep["id"]).delete()
