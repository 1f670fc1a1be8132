"""Deletions by absence: what a complete, unfiltered sweep did not meet, and its provider does not know by id either.

A sweep spans slices and workers, so what it has met is kept in a table. That table is unlogged: a crash of the
database empties it, so the stream counts the sightings as well, and a sweep whose counts differ begins again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import OuterRef, Subquery

from integrations.kit.observation import Page
from integrations.kit.provider import Resource
from tenants.scope import current_tenant
from unified_api.models.base import CommonModel
from unified_api.sync import clock, issues, job, moments, set_aside, store, tables
from unified_api.sync.identity import Identities
from unified_api.sync.models import Sighting, Stream

if TYPE_CHECKING:
    from unified_api.sync.pull import Pull

log = structlog.get_logger(__name__)
#: A sweep may remove so many records, or this share of those known, whichever is more, before the brake holds it.
FREE_REMOVALS = 10
FREE_SHARE = 0.2
#: Kind of the issue about removals that are held.
ISSUE = "removals"
#: Pages in a row without any record that the sweep had not met yet.
MOST_STALE = 100
#: Records that are gone are looked at so many at once.
AT_ONCE = 1_000

_SIGHT = """
    WITH new AS (
        INSERT INTO sync_sighting (id, tenant_id, sweep_id, record_id)
        SELECT record, %s, %s, record FROM unnest(%s::uuid[]) record
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) FROM new
"""


def begin() -> dict[str, Any]:
    """A new sweep. What arrives after its beginning cannot be missed by it."""
    return {
        "id": str(uuid.uuid4()),
        "began": moments.Moments().draw(),
        "at": clock.now().isoformat(),
        "seen": 0,
        "pages": 0,
        "stale": 0,
        "blind": False,
    }


def sight(stream: Stream, model: type[CommonModel], tally: store.Tally, page: Page) -> None:
    """Note what a page shows, within the transaction that lands it. A bad record is there as well."""
    state = stream.sweep or {}
    ids = [record for (of, _), record in tally.ids.items() if of is model]
    bad = [b.remote_id for b in page.bad if not b.inside]
    # A record that is there but cannot be named makes every absence doubtful.
    state["blind"] = state["blind"] or None in bad
    identities = Identities(stream.linked_account_id)
    identities.learn(b for b in bad if b)
    ids += [identities.of(model, b) for b in bad if b]
    ((new,),) = tables.execute(_SIGHT, [current_tenant(), state["id"], tables.array(ids)])
    state["seen"] += new
    state["pages"] = state.get("pages", 0) + 1
    state["stale"] = 0 if new or not ids else state.get("stale", 0) + 1
    stream.sweep = state


def repeats(stream: Stream) -> bool:
    """Whether the list shows only what it had shown before, page after page, and so will never end."""
    return bool(stream.sweep) and (stream.sweep or {}).get("stale", 0) >= MOST_STALE


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
        stream.held_removals = 0 if usable else stream.held_removals
    if not intact:
        log.warning("sweep.restarted", model=stream.model)
        end(pull_, trusted=False, complete=False)
        return 0
    removed, sure = 0, True
    if missing and not _brake(stream, missing, known):
        gone, sure = (unseen, True) if resource.can("get") else _twice(pull_, unseen, state)
        removed = sum(_is_gone(pull_, resource, remote_id, record) for record, remote_id in _each(gone))
    end(pull_, trusted=sure)
    return removed


def _twice(pull_: Pull, unseen: Any, state: dict[str, Any]) -> tuple[Any, bool]:
    """Of records that can only be missed, those that the sweep before missed, too; and whether these are all.

    While one page after the other is read, a record that moves to an earlier page is on none of them. That does not
    happen to the same one twice, and not at all in a list of one page.
    """
    if state.get("pages", 2) <= 1:
        return unseen, True
    suspects = uuid.uuid5(pull_.stream.id, "missed once")
    earlier = Sighting.objects.filter(sweep_id=suspects)
    with transaction.atomic(durable=True):
        job.hold(pull_.lease)
        known = set(earlier.values_list("record_id", flat=True))
        missed = list(unseen.values_list("id", flat=True))
        earlier.delete()
        tables.execute(
            _SIGHT, [current_tenant(), suspects, tables.array(i for i in missed if i not in known)]
        )
    return unseen.filter(id__in=known & set(missed)), known >= set(missed)


def _known(stream: Stream, model: type[CommonModel]) -> Any:
    return model.objects.filter(
        linked_account_id=stream.linked_account_id, is_shell=False, remote_was_deleted=False
    )


def _unseen(stream: Stream, model: type[CommonModel], state: dict[str, Any]) -> Any:
    """What the sweep did not meet: looked up one by one.

    As a join it is planned by statistics that know nothing of a sweep that has just been made, and may compare
    every record with every sighting.
    """
    seen = Sighting.objects.filter(sweep_id=state["id"], record_id=OuterRef("id")).values("record_id")
    known = _known(stream, model).annotate(seen=Subquery(seen[:1]))
    return known.filter(seen=None, as_of__lt=state["began"]).order_by("id")


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


def _tell_brake(stream: Stream) -> None:
    """Have a person look at removals that are held; none is held any more when the records are back."""
    if not stream.held_removals:
        issues.resolve(ISSUE, stream.id)
        return
    issues.open_issue(
        ISSUE,
        stream.id,
        f"{stream.held_removals} records of {stream.model} are gone at the provider, more than may be removed unasked;"
        " nothing of it was taken over. If they were really deleted, allow it:"
        f" `manage.py sync {stream.linked_account_id} --model {stream.model} --allow-removals`. If not, look for what"
        " hides them: a filter, a permission, another account.",
        linked_account_id=stream.linked_account_id,
        details={"stream": str(stream.id), "model": stream.model, "held": stream.held_removals},
    )


def _is_gone(pull_: Pull, resource: Resource, remote_id: str, record: uuid.UUID) -> bool:
    """Ask by id where that is possible, else believe the sweep; whether the record was marked as deleted."""
    cause = store.Cause("sweep", run_id=pull_.run.id)
    if resource.can("get"):
        return not pull_.is_there(resource, remote_id, cause)
    with store.entry(pull_.stream.linked_account_id) as entry:
        job.hold(pull_.lease)
        return entry.remove(pull_.model, [record], cause) == 1


def end(pull_: Pull, *, trusted: bool = True, complete: bool = True) -> None:
    """Forget the sightings; the next sweep is due in time, or at once where this one cannot be trusted.

    complete: it met everything, so what it did not find bad is not bad any more.
    """
    stream = pull_.stream
    with transaction.atomic(durable=True):
        job.hold(pull_.lease)
        forget(stream)
        if complete:
            _tell_brake(stream)
        if complete and (at := (stream.sweep or {}).get("at")):
            set_aside.clear_older(stream, dt.datetime.fromisoformat(at))
        stream.sweep, stream.last_sweep = None, clock.now() if trusted else None
        stream.removals_allowed = stream.removals_allowed and not trusted
        stream.save(update_fields=["sweep", "last_sweep", "removals_allowed", "held_removals"])


def forget(stream: Stream) -> None:
    """Delete the sightings of the sweep that is under way, within the transaction that ends it."""
    if stream.sweep is not None:
        Sighting.objects.filter(sweep_id=stream.sweep["id"]).delete()
