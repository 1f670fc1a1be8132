"""Records that their provider merged: the pair of the one that is gone goes on with the one that is left.

    the one that is left has no pair     it takes the place of the other one; what differs is news of its side
    it has one as well                   it keeps that; the counterpart of the other one is left to a person, and held
    it has not been read yet             the pair is held until it has
    its counterpart is being created     the pair is held until that has ended

Nothing is deleted and nothing written by this: a merge is not the wish to have the counterpart deleted. An issue tells
of a counterpart that is left over; it ends when that one is gone too, as it is when people merge it over there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from django.db.models import Q, QuerySet

from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.sync import issues
from unified_api.sync.bridge import sharing
from unified_api.sync.bridge.held import COLUMN, FREE, MERGED, NEW
from unified_api.sync.bridge.records import Frame, record_of, set_record
from unified_api.sync.models import Merged
from unified_api.sync.models_bridge import Pair

#: Kind of the issue about a counterpart that is left over.
ISSUE: Final = "merged"


def follow(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> None:
    """Have pairs go on with the records that theirs were merged into; `records`: of a side, that have changed.

    Within the transaction that is open. A pair with a write in flight is left until that has ended.
    """
    known = list(Merged.objects.filter(Q(record_id__in=records) | Q(into_id__in=records)))
    for merged in known:
        pair = _pair(frame, side, merged.record_id)
        if pair is not None and pair.write_id is None:
            _follow(frame, side, pair, _last(merged))
    _end(frame, side, records)


def _last(merged: Merged) -> uuid.UUID:
    """The record that is left in the end, where that one was merged into another one in turn."""
    seen, into = {merged.record_id}, merged.into_id
    while into not in seen:
        seen.add(into)
        further = Merged.objects.filter(record_id=into).values_list("into_id", flat=True).first()
        into = further or into
    return into


def _follow(frame: Frame, side: Side, pair: Pair, into: uuid.UUID) -> None:
    left = frame.model.objects.filter(id=into).first()
    rival = _pair(frame, side, into)
    if left is None or left.is_shell:
        _hold(pair)
    elif left.remote_was_deleted:
        _free(pair)
    elif rival is not None and not (_is_lone(rival) and rival.write_id is None):
        _leave_over(frame, side, pair, rival)
    else:
        if rival is not None:
            _drop(frame, rival)
            pair.paused_by = pair.paused_by or rival.paused_by
        set_record(pair, side, into)
        _free(pair)


def _leave_over(frame: Frame, side: Side, pair: Pair, rival: Pair) -> None:
    """Both had pairs: that of the record that is gone is none any more."""
    if _is_lone(pair):
        _drop(frame, pair)
        return
    _hold(pair)
    if record_of(rival, side.other) is None:
        return  # being created: when that has ended, either there is one that goes on, or this pair does
    a, b = frame.accounts.a, frame.accounts.b
    there = frame.model.objects.filter(id__in=[record_of(one, side.other) for one in (pair, rival)])
    ids = dict(there.values_list("id", "remote_id"))
    over, kept = (ids.get(record_of(one, side.other)) for one in (pair, rival))
    issues.open_issue(
        ISSUE,
        pair.id,
        f"Side {side} ({a if side is Side.A else b}) has merged two records. Of their counterparts at side"
        f" {side.other} ({b if side is Side.A else a}), {kept} goes on with the one that is left, and {over} is left"
        f" over: nothing is written to it any more. Merge it into {kept} there, or delete it there.",
        bridge_id=frame.bridge.id,
        details={"pair": str(pair.id), "goes_on": str(rival.id), "side": side.value},
    )


def _end(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> None:
    """End what was said of counterparts that are left over: they are gone by now, or the merge was undone."""
    for pair in _some(frame, side, records).filter(held=MERGED):
        both = frame.model.objects.filter(id__in=[pair.record_a, pair.record_b])
        gone = set(both.values_list("remote_was_deleted", flat=True))
        if len(gone) == 1:  # both are, or neither is
            pair.state = State.GONE if gone == {True} else pair.state
            _free(pair)
            issues.resolve(ISSUE, pair.id)


def _drop(frame: Frame, lone: Pair) -> None:
    sharing.note(frame, {lone.id: []})
    lone.delete()


def _hold(pair: Pair) -> None:
    pair.held = MERGED
    pair.save(update_fields=["held"])


def _free(pair: Pair) -> None:
    pair.held, pair.dirty = NEW if _is_lone(pair) else FREE, True
    pair.save(update_fields=["record_a", "record_b", "state", "held", "dirty", "paused_by"])


def _is_lone(pair: Pair) -> bool:
    return pair.state == State.ALONE and None in {pair.record_a, pair.record_b}


def _pair(frame: Frame, side: Side, record: uuid.UUID) -> Pair | None:
    return _some(frame, side, [record]).first()


def _some(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> QuerySet[Pair]:
    """Pairs with one of these records of a side, locked: who pauses one meanwhile waits."""
    rows = Pair.objects.filter(bridge_id=frame.bridge.id, **{f"{COLUMN[side]}__in": records})
    return rows.order_by("id").select_for_update()
