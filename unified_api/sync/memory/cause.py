"""Who and what is behind entries of the log, looked up for a page of them at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unified_api.sync.models import Change, Run, Write, WriteState
from unified_api.sync.models_bridge import Overruled
from unified_api.sync.models_plan import Plan, PlanItem

#: Whose doing a value is that no write of ours made: of people and programs at the provider. We only read it.
ACCOUNT: Final = "account"


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
        under_way = _under_way(changes)
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
        be read by a run before the answer is stored: then it is the write's doing all the same.
        """
        told = self.writes.get(change.write_id) if change.write_id else None
        if told is not None and change.source == told.source:
            return told if field is None or _sent(told, field) else None
        return next((one for one in self.under_way if _did(one, change, field)), None)

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


def _under_way(changes: Sequence[Change]) -> list[Write]:
    """Writes that ended well, and were under way while something else than their answers changed these records."""
    read = [c for c in changes if c.write_id is None]
    if not read:
        return []
    span = {"sent_at__lte": max(c.at for c in read), "finished_at__gte": min(c.at for c in read)}
    done = Write.objects.filter(record_id__in=_records(read), state=WriteState.DONE, **span)
    return list(done.order_by("-sent_at"))


#: By which operation a write does what an entry of a kind says of the whole record.
_OPERATION: Final = {"created": "create", "restored": "create", "deleted": "delete"}


def _did(write: Write, change: Change, field: str | None) -> bool:
    """Whether a run met what this write had just done."""
    if write.record_id != change.record_id or write.sent_at is None or write.finished_at is None:
        return False
    if change.write_id is not None or not write.sent_at <= change.at <= write.finished_at:
        return False
    if change.kind in _OPERATION:
        return write.operation == _OPERATION[change.kind] and (field is None or _sent(write, field))
    sent = write.sent or {}
    names = [field] if field is not None else list(change.fields)
    return bool(names) and all(
        n in sent and n in change.fields and sent[n] == change.fields[n][1] for n in names
    )


def _records(changes: Iterable[Change]) -> list[uuid.UUID]:
    return list({change.record_id for change in changes})
