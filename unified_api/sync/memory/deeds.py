"""What a bridge did, as a person chooses it: one write, all for one pair, one plan, or what one run had read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from unified_api.models.base import common_model
from unified_api.sync.memory import log, place
from unified_api.sync.memory.cause import reason
from unified_api.sync.models import Change, Run, Stream, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import PlanItem

#: Entries of a run that are looked at together.
AT_ONCE: Final = 200


class NoDeed(ValueError):
    """There is nothing of the kind that this bridge did; the sentence says what was asked for."""


@dataclass(frozen=True)
class Deed:
    """A write that was done, and those of its fields that are meant; none of them where the record itself is meant."""

    write: Write
    fields: frozenset[str]

    @classmethod
    def whole(cls, write: Write) -> Deed:
        """All that a write did."""
        return cls(write, frozenset(write.sent or {}))


def of_write(bridge: Bridge, write_id: uuid.UUID) -> list[Deed]:
    """One write; raises NoDeed."""
    return _some(_done(bridge).filter(id=write_id), "This bridge has carried out no write with this id.")


def of_pair(bridge: Bridge, pair_id: uuid.UUID) -> list[Deed]:
    """All that was written to either side of a pair; raises NoDeed."""
    pair = Pair.objects.filter(id=pair_id, bridge_id=bridge.id).first()
    if pair is None:
        raise NoDeed("This bridge has no pair with this id.")
    records = [record for record in (pair.record_a, pair.record_b) if record]
    return _some(
        _done(bridge).filter(record_id__in=records), "This bridge has written to neither side of the pair."
    )


def of_plan(bridge: Bridge, plan_id: uuid.UUID) -> list[Deed]:
    """All that a plan wrote; raises NoDeed."""
    items = PlanItem.objects.filter(plan_id=plan_id).exclude(write_id=None)
    writes = list(items.values_list("write_id", flat=True))
    return _some(
        _done(bridge).filter(id__in=writes), "This bridge has carried out nothing of a plan with this id."
    )


def of_run(bridge: Bridge, run_id: uuid.UUID) -> list[Deed]:
    """All that carried to the other side what a run had read; raises NoDeed."""
    run = Run.objects.filter(id=run_id).first()
    stream = run and Stream.objects.filter(id=run.stream_id).first()
    if run is None or stream is None or stream.linked_account_id not in {bridge.account_a, bridge.account_b}:
        raise NoDeed("No run with this id has read a side of this bridge.")
    read = _read(bridge, run, stream.linked_account_id)
    found = [deed for portion in read for deed in _carrying(bridge, portion)]
    if not found:
        raise NoDeed("This bridge has carried nothing of what this run had read to the other side.")
    return found


def _done(bridge: Bridge) -> QuerySet[Write]:
    return Write.objects.filter(bridge_id=bridge.id, state=WriteState.DONE)


def _some(writes: Iterable[Write], otherwise: str) -> list[Deed]:
    found = [Deed.whole(write) for write in writes]
    if not found:
        raise NoDeed(otherwise)
    return found


def _read(bridge: Bridge, run: Run, account_id: uuid.UUID) -> Iterator[list[Change]]:
    """What a run read of the bridge's model, found by the account's index between beginning and end of the run."""
    entries = Change.objects.filter(linked_account_id=account_id, model=bridge.model, run_id=run.id)
    last = place.first_at(run.finished) if run.finished else place.end() + 1
    portion, position = None, place.first_at(run.started)
    while portion is None or len(portion) == AT_ONCE:
        within = entries.filter(position__gte=position, position__lt=last)
        portion = list(within.order_by("position")[:AT_ONCE])
        yield portion
        position = portion[-1].position + 1 if portion else last


def _carrying(bridge: Bridge, changes: Sequence[Change]) -> Iterator[Deed]:
    """The writes to counterparts that carried values of these changes."""
    counterparts = _counterparts(bridge, {change.record_id for change in changes})
    writes: dict[uuid.UUID | None, list[Write]] = {}
    for write in _done(bridge).filter(record_id__in=counterparts.values()):
        writes.setdefault(write.record_id, []).append(write)
    for change in changes:
        for write in writes.get(counterparts.get(change.record_id), ()):
            fields = _carried(write, change)
            made = change.kind == "created" and write.operation == "create"
            if write.journalled_at >= change.at and (fields or made):
                yield Deed(write, fields)


def _counterparts(bridge: Bridge, records: set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    pairs = Pair.objects.filter(Q(record_a__in=records) | Q(record_b__in=records), bridge_id=bridge.id)
    found: dict[uuid.UUID, uuid.UUID] = {}
    for pair in pairs:
        if pair.record_a and pair.record_b:
            found |= {pair.record_a: pair.record_b, pair.record_b: pair.record_a}
    return found


def _carried(write: Write, change: Change) -> frozenset[str]:
    """The fields of a write whose value is the one that a change brought to the other side."""
    model, sent = common_model(write.model), write.sent or {}
    return frozenset(
        name
        for name, (_, new) in change.fields.items()
        if name in sent
        and "source" in (why := reason(write, name))
        and log.same(model, name, new, why["source"])
    )


#: What a person can name to say which deeds are meant, and how they are found.
CHOICES: Final = {"write": of_write, "pair": of_pair, "plan": of_plan, "run": of_run}
