"""Undo as a plan: what a bridge did is shown turned round, item by item, before anything is written.

An item is about one record. It puts fields back, each from the value that it has now to the one that stood before; if
one has moved by the time of writing, nothing is written. A record that the bridge made is deleted, unless somebody has
edited it since: then a conflict says what; or has added to it, as people add comments: then a problem says so. One that
it deleted is made again: out of its counterpart, or where that is gone too out of what it said itself last. Who is left
lives alone, whatever the rule for deletes. What cannot or must not be put back is an item as well, with its reason.
`bridge.executing` carries the plan out once it is approved: both bases then say that this is how it stands, so the next
look does not bring the undone value back, and what the other side edited since still travels.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db.models import Q

from unified_api.engine.merge import Rule
from unified_api.engine.values import Side
from unified_api.sync.bridge import asked, bringing_back, plans
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.memory.deeds import Deed, NoDeed
from unified_api.sync.memory.inverse import Inverse, Left, Put, inverse
from unified_api.sync.memory.subject import Subject
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Records that one plan undoes at most: it is made in one transaction.
MOST: Final = 2_000
#: Records whose pairs are looked up together.
AT_ONCE: Final = 200
#: The kind of a problem that an undo shows.
LEFT_ALONE: Final = "left alone"
#: Why a record that the bridge made is not deleted.
EDITED: Final = "The record was created by it, and edited since; an undo does not delete it."


def make(bridge: Bridge, deeds: Iterable[Deed], reason: str) -> Plan:
    """A plan that undoes these deeds, within the transaction that is open; raises NoDeed for too many records.

    It is open; or done, where nothing of them can be put back any more.
    """
    frame = Frame.of(bridge)
    plan = asked.begin(bridge, Plan.Purpose.UNDO, reason)
    plans.add(frame, plan, list(_items(frame, _by_record(deeds))))
    return asked.complete(frame, plan, reason=reason)


def _by_record(deeds: Iterable[Deed]) -> dict[uuid.UUID, list[Deed]]:
    found: dict[uuid.UUID, list[Deed]] = {}
    for deed in deeds:
        if deed.write.record_id is not None:
            found.setdefault(deed.write.record_id, []).append(deed)
    if len(found) > MOST:
        raise NoDeed(
            f"This would undo writes to {len(found)} records, and one plan undoes {MOST} at most; choose less."
        )
    return found


def _items(frame: Frame, by_record: dict[uuid.UUID, list[Deed]]) -> Iterator[PlanItem]:
    records = list(by_record)
    for start in range(0, len(records), AT_ONCE):
        some = records[start : start + AT_ONCE]
        pairs = _pairs(frame, some)
        for record in some:
            pair, deeds = pairs.get(record), by_record[record]
            about = pair or Pair(id=deeds[0].write.pair_id)
            yield from plans.of_pair(about, _of_record(frame, record, deeds, pair, about))


def _pairs(frame: Frame, records: Sequence[uuid.UUID]) -> dict[uuid.UUID, Pair]:
    of_bridge = Pair.objects.filter(bridge_id=frame.bridge.id)
    found = of_bridge.filter(Q(record_a__in=records) | Q(record_b__in=records))
    return {record: pair for pair in found for record in (pair.record_a, pair.record_b) if record}


def _of_record(
    frame: Frame, record: uuid.UUID, deeds: Sequence[Deed], pair: Pair | None, about: Pair
) -> Iterator[PlanItem]:
    side = Side.A if deeds[0].write.linked_account_id == frame.bridge.account_a else Side.B
    found = _inverse(frame, record, deeds, side, pair)
    if found.puts:
        fields = {"fields": {one.field: _told(one) for one in found.puts}}
        yield plans.item_of(about, "update", side.value, fields)
    yield from _whole(frame, about, found, side)
    for one in found.left:
        yield plans.item_of(about, "problem", side.value, _why(one, side), PlanItem.State.SHOWN)


def _whole(frame: Frame, pair: Pair, found: Inverse, side: Side) -> Iterator[PlanItem]:
    """What is about the record itself."""
    if not (found.deletes or found.edited or found.restores):
        return
    (turn,) = turns_of(frame, [pair])
    if found.restores:
        yield from bringing_back.items(turn, side)
    elif found.deletes and not frame.access[side].deletes:
        left = Left("", "It was created by it, and the account deletes no records.")
        yield plans.item_of(pair, "problem", side.value, _why(left, side), PlanItem.State.SHOWN)
    elif found.deletes:
        yield plans.item_of(pair, "delete", side.value, {"fields": _all_of(turn, side)})
    else:
        yield from _edited(turn, found.edited)


def _all_of(turn: Turn, side: Side) -> dict[str, Any]:
    record = turn.look.of(side)
    held = record.values if record else {}
    return {name: _told(Put(name, value, None)) for name, value in held.items()}


def _edited(turn: Turn, names: Sequence[str]) -> Iterator[PlanItem]:
    """What keeps a record from being deleted that the bridge made: people have edited it."""
    held = [record.values if record else {} for record in (turn.look.a, turn.look.b)]
    for name in names:
        told = {"field": name, "a": held[0].get(name), "b": held[1].get(name), "reason": EDITED}
        yield plans.item_of(turn.pair, "conflict", None, told, PlanItem.State.SHOWN)


def _inverse(
    frame: Frame, record: uuid.UUID, deeds: Sequence[Deed], side: Side, pair: Pair | None
) -> Inverse:
    subject = Subject.find(record)
    if subject is None or pair is None:
        return Inverse(left=(Left("", "The bridge has no pair of this record any more."),))
    found = inverse(subject, deeds)
    barred = [Left(one.field, why) for one in found.puts if (why := _bar(frame, side, one))]
    names = {one.field for one in barred}
    puts = tuple(one for one in found.puts if one.field not in names)
    return replace(found, puts=puts, left=(*found.left, *barred))


def _bar(frame: Frame, side: Side, one: Put) -> str:
    """Why a field cannot be put back; empty where it can."""
    if one.field not in frame.policy.fields:
        return "The bridge does not carry this field any more."
    if one.field not in frame.access[side].update:
        return "The account cannot write this field."
    return ""


def _told(one: Put) -> dict[str, Any]:
    return {"was": one.was, "value": one.value, "rule": Rule.UNDO.value, "overrules": False}


def _why(one: Left, side: Side) -> dict[str, Any]:
    return {"kind": LEFT_ALONE, "side": side.value, "field": one.field, "value": None, "reason": one.reason}
