"""Who and what is behind entries of the log, looked up for a page of them at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from unified_api.sync.models import Change, Run, Write, WriteState
from unified_api.sync.models_bridge import Overruled
from unified_api.sync.models_plan import Plan, PlanItem

#: Whose doing a value is that no write of ours made: of people and programs at the provider. We only read it.
ACCOUNT: Final = "account"
#: Writes that may have changed the record already.
_LEFT: Final = (WriteState.SENT, WriteState.UNCERTAIN, WriteState.DONE)


@dataclass(frozen=True)
class Causes:
    """Runs and writes behind entries, by id; writes that were under way on their records; edits that gave way.

    `plans`: by write, those that a person approved.
    """

    runs: Mapping[uuid.UUID, Run]
    writes: Mapping[uuid.UUID, Write]
    under_way: Sequence[Write]
    overruled: Mapping[tuple[uuid.UUID, str], Overruled]
    plans: Mapping[uuid.UUID, Plan]

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Causes:
        """Of these entries."""
        writes = Write.objects.in_bulk(list({c.write_id for c in changes if c.write_id}))
        under_way = under_way_at(changes)
        written = [one.id for one in (*writes.values(), *under_way) if one.bridge_id]
        gave_way = (
            Overruled.objects.filter(record_id__in=_records(changes), write_id__in=written) if written else ()
        )
        return cls(
            Run.objects.in_bulk(list({c.run_id for c in changes if c.run_id})),
            writes,
            under_way,
            {(one.write_id, one.field): one for one in gave_way},
            _plans(written),
        )

    def run(self, change: Change) -> Run | None:
        """The run that read it."""
        return self.runs.get(change.run_id) if change.run_id else None

    def write(self, change: Change, field: str | None = None) -> Write | None:
        """The write that made a change, or that made a field of it what it is.

        The answer to a write may show more than was sent: that is the account's own doing. And what a write did may
        be read by a run, after a hint or to settle it before the answer is stored: then it is the write's doing all
        the same, and of the whole entry too, whatever else of the record the provider changed with it.
        """
        told = self.writes.get(change.write_id) if change.write_id else None
        if told is not None and change.source == told.source:
            return told if field is None or _sent(told, field) else None
        return next((one for one in (told, *self.under_way) if one and did(one, change, field)), None)

    def plan(self, write: Write) -> Plan | None:
        """The plan by which a write was sent."""
        return self.plans.get(write.id)

    def gave_way(self, write: Write, field: str) -> Overruled | None:
        """The edit that a write replaced."""
        return self.overruled.get((write.id, field))


def by(write: Write | None) -> str:
    """Whose doing it is: the source of the write that did it, such as `api` or `bridge`, or `account`."""
    return ACCOUNT if write is None else write.source


def reason(write: Write, field: str) -> Mapping[str, Any]:
    """Why a bridge wrote a field: `rule`, and `source`, the other side's value that it carried; else empty."""
    found: Mapping[str, Any] = (write.reasons or {}).get(field, {})
    return found


def _plans(writes: Sequence[uuid.UUID]) -> dict[uuid.UUID, Plan]:
    """The plans of writes, by write."""
    items = (
        dict(PlanItem.objects.filter(write_id__in=writes).values_list("write_id", "plan_id"))
        if writes
        else {}
    )
    plans = Plan.objects.in_bulk(list(set(items.values())))
    return {write: plans[plan] for write, plan in items.items() if plan in plans}


def _sent(write: Write, field: str) -> bool:
    return write.operation == "delete" or field in (write.sent or {})


def under_way_at(changes: Iterable[Change]) -> list[Write]:
    """Writes that are on their way or ended well, and were under way while something else changed these records.

    Something else than their own answers: a run, or what was read after a hint.
    """
    read = [c for c in changes if c.write_id is None]
    if not read:
        return []
    left = Write.objects.filter(record_id__in=_records(read), state__in=_LEFT)
    left = left.filter(sent_at__lte=max(c.at for c in read))
    not_over = Q(finished_at=None) | Q(finished_at__gte=min(c.at for c in read))
    return list(left.filter(not_over).order_by("-sent_at"))


#: By which operation a write does what an entry of a kind says of the whole record.
_OPERATION: Final = {"created": "create", "restored": "create", "deleted": "delete"}


def did(write: Write, change: Change, field: str | None) -> bool:
    """Whether a reading met what this write had just done: to a field, or else to any."""
    if write.record_id != change.record_id or change.write_id not in {None, write.id}:
        return False
    if write.sent_at is None or not write.sent_at <= change.at <= (write.finished_at or change.at):
        return False
    if change.kind in _OPERATION:
        return write.operation == _OPERATION[change.kind] and (field is None or _sent(write, field))
    sent = write.sent or {}
    names = change.fields if field is None else {field} & change.fields.keys()
    return any(n in sent and sent[n] == change.fields[n][1] for n in names)


def _records(changes: Iterable[Change]) -> list[uuid.UUID]:
    return list({change.record_id for change in changes})
