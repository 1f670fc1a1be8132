"""Undo as a plan: what a bridge did is shown turned round, item by item, before anything is written.

An item is about one record. It puts fields back, each from the value that it has now to the one that stood before; if
one has moved by the time of writing, the write is not sent. What cannot or must not be put back is an item as well,
with its reason. Once written, both bases say that this is how it stands (`engine.plan.propose`): the next look does
not bring the undone value back, and an edit that the other side has made since still travels.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from unified_api.engine.events import Look
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.values import Side
from unified_api.sync.bridge.records import Frame
from unified_api.sync.memory.deeds import Deed
from unified_api.sync.memory.inverse import Inverse, Left, Put, inverse
from unified_api.sync.memory.subject import Subject
from unified_api.sync.models_bridge import Pair

#: Records whose pairs are looked up together.
AT_ONCE: Final = 200
UPDATE: Final = "update"
PROBLEM: Final = "problem"


@dataclass(frozen=True)
class Item:
    """One record's part of an undo: an update of `fields`, or what is left alone (a problem) and the `reason`."""

    pair_id: uuid.UUID
    pair: Pair | None
    side: Side
    action: str
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reason: str = ""


def items(frame: Frame, deeds: Iterable[Deed]) -> Iterator[Item]:
    """What an undo of these deeds would write now, and what it would leave alone; record by record."""
    by_record: dict[uuid.UUID, list[Deed]] = {}
    for deed in deeds:
        if deed.write.record_id is not None:
            by_record.setdefault(deed.write.record_id, []).append(deed)
    records = list(by_record)
    for start in range(0, len(records), AT_ONCE):
        some = records[start : start + AT_ONCE]
        pairs = _pairs(frame, some)
        for record in some:
            yield from _items(frame, record, by_record[record], pairs.get(record))


def moves(
    memory: Memory, look: Look, side: Side, fields: Mapping[str, Mapping[str, Any]]
) -> tuple[Move, ...]:
    """An item's fields as the engine proposes them to `side`.

    The other side counts as standing where it was last agreed: what it said since is news still.
    """
    other = look.of(side.other)
    known = {**(other.values if other else {}), **memory.base[side.other]}
    return tuple(
        Move(name, known.get(name), change["value"], change["was"], Rule.UNDO)
        for name, change in fields.items()
    )


def _pairs(frame: Frame, records: Sequence[uuid.UUID]) -> dict[uuid.UUID, Pair]:
    of_bridge = Pair.objects.filter(bridge_id=frame.bridge.id)
    found = of_bridge.filter(Q(record_a__in=records) | Q(record_b__in=records))
    return {record: pair for pair in found for record in (pair.record_a, pair.record_b) if record}


def _items(frame: Frame, record: uuid.UUID, deeds: Sequence[Deed], pair: Pair | None) -> Iterator[Item]:
    write = deeds[0].write
    assert write.pair_id is not None  # noqa: S101 - every write of a bridge is for a pair
    side = Side.A if write.linked_account_id == frame.bridge.account_a else Side.B
    found = _inverse(frame, record, deeds, side, pair)
    if found.puts:
        yield Item(write.pair_id, pair, side, UPDATE, {one.field: _told(one) for one in found.puts})
    for one in found.left:
        named = {one.field: {"kind": "left alone", "reason": one.reason}} if one.field else {}
        yield Item(write.pair_id, pair, side, PROBLEM, named, one.reason)


def _inverse(
    frame: Frame, record: uuid.UUID, deeds: Sequence[Deed], side: Side, pair: Pair | None
) -> Inverse:
    subject = Subject.find(record)
    if subject is None or pair is None:
        return Inverse((), (Left("", "The bridge has no pair of this record any more."),))
    found = inverse(subject, deeds)
    barred = [Left(one.field, why) for one in found.puts if (why := _bar(frame, side, one))]
    names = {one.field for one in barred}
    puts = tuple(one for one in found.puts if one.field not in names)
    return Inverse(puts, (*found.left, *barred))


def _bar(frame: Frame, side: Side, one: Put) -> str:
    """Why a field cannot be put back; empty where it can."""
    if one.field not in frame.policy.fields:
        return "The bridge does not carry this field any more."
    if one.field not in frame.access[side].update:
        return "The account cannot write this field."
    return ""


def _told(one: Put) -> dict[str, Any]:
    return {"was": one.was, "value": one.value, "rule": Rule.UNDO.value, "overrules": False}
