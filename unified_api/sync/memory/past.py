"""What happened to a pair, as the engine goes through it again: its edits, and where the bridge decided what to write.

It begins where both records are known to have been agreed: behind the bridge's last write to either before the span,
where that is not known behind the creation of the younger one, or of the bridge. Work grows with the entries of both
records since then.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from unified_api.engine.merge import Rule
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.replay import Edit, Happening, Wrote
from unified_api.engine.values import Both, Side, Values
from unified_api.models.base import CommonModel
from unified_api.sync.bridge import edits
from unified_api.sync.bridge.records import Frame
from unified_api.sync.memory import log, place
from unified_api.sync.memory.cause import Causes, reason
from unified_api.sync.memory.walk import Image, Presence
from unified_api.sync.models import Change, Write, WriteState
from unified_api.sync.models_bridge import Conflict, Pair

#: Rules under which a person had something written.
_ASKED: Final = frozenset({Rule.UNDO, Rule.REPLAY})


class NoPast(ValueError):
    """What happened to a pair cannot be gone through again; the sentence says why."""


@dataclass(frozen=True)
class Span:
    """From when, and until when, what happened is to be decided otherwise. began: the bridge, as a place in the log."""

    since: dt.datetime
    until: dt.datetime
    began: int = 0


@dataclass(frozen=True)
class Past:
    """A pair as it stood at a place in the log, and what happened since; `before` of that, before the span."""

    memory: Memory
    start: Both[Values]
    happened: Sequence[Happening]
    before: int

    def told(self, side: Side) -> Iterator[Values]:
        """All values that a side says in it."""
        yield self.start[side]
        yield from (one.values for one in self.happened if isinstance(one, Edit) and one.side is side)


@dataclass(frozen=True)
class _Anchor:
    """The position from which on things are gone through; what was agreed there, as far as a write says."""

    position: int
    write: Write | None = None
    is_first: bool = False


@dataclass(frozen=True)
class _Doing:
    """A write of the bridge, with what the log has as its answer."""

    write: Write
    answer: dict[str, Any] = field(default_factory=dict)


def past(frame: Frame, pair: Pair, records: Both[CommonModel], span: Span, names: Sequence[str]) -> Past:
    """What happened to a pair of which both records are there, in these fields; raises NoPast."""
    if pair.write_id is not None:
        raise NoPast("A write to one of the records is under way; ask again when it has ended.")
    anchor = _anchor(frame, pair, records, span)
    since = Both(*(_since(record.id, anchor.position) for record in (records.a, records.b)))
    start = Both[Values](_start(records.a, since.a, names), _start(records.b, since.b, names))
    doings = {one.id: _Doing(one) for one in _writes(frame, pair, anchor)}
    timed = [*_edited(frame, since, doings, names), *_written(frame, doings.values())]
    timed = sorted((one for one in timed if one[0] <= span.until), key=lambda one: one[0])
    before = sum(moment < span.since for moment, _ in timed)
    memory = Memory(base=_base(pair, anchor, start, span))
    return Past(memory, start, [happening for _, happening in timed], before)


def _anchor(frame: Frame, pair: Pair, records: Both[CommonModel], span: Span) -> _Anchor:
    last = (
        _of_pair(frame, pair)
        .filter(state=WriteState.DONE, operation="update", finished_at__lt=span.since)
        .order_by("-finished_at")
        .first()
    )
    if last is not None:
        return _Anchor(_answered(last), last)
    younger = max(records.a, records.b, key=lambda one: one.created_at)
    made = Write.objects.filter(record_id=younger.id, bridge_id=frame.bridge.id, operation="create")
    if made.exists():
        return _Anchor(_created(younger.id))
    return _Anchor(max(_created(younger.id), span.began - 1), is_first=True)


def _answered(write: Write) -> int:
    """The position of a write's answer; of its end where it changed nothing here."""
    entry = Change.objects.filter(record_id=write.record_id, write_id=write.id).order_by("-position").first()
    assert write.finished_at is not None  # noqa: S101 - it is done
    return entry.position if entry else place.first_at(write.finished_at) - 1


def _created(record: uuid.UUID) -> int:
    entry = log.entries(record).filter(kind="created").order_by("-position").first()
    return entry.position if entry else 0


def _of_pair(frame: Frame, pair: Pair) -> Any:
    records = [pair.record_a, pair.record_b]
    return Write.objects.filter(record_id__in=records, bridge_id=frame.bridge.id)


def _writes(frame: Frame, pair: Pair, anchor: _Anchor) -> list[Write]:
    """The bridge's updates of both records behind the anchor that were sent, or that the provider refused."""
    ended = _of_pair(frame, pair).filter(state__in=[WriteState.DONE, WriteState.REJECTED], operation="update")
    rows = ended if anchor.write is None else ended.filter(journalled_at__gt=anchor.write.finished_at)
    return [one for one in rows if one.sent is not None or one.state == WriteState.REJECTED]


def _since(record: uuid.UUID, position: int) -> list[Change]:
    """The entries of a record behind a position, newest first; raises NoPast."""
    entries = list(takewhile(lambda change: change.position > position, log.newest_first(record)))
    if any(one.kind != "updated" for one in entries):
        raise NoPast("One of the records was deleted, or made again, in between.")
    return entries


def _start(record: CommonModel, entries: Sequence[Change], names: Sequence[str]) -> Values:
    image = Image.of(record)
    for entry in entries:
        image = image.before(entry)
    assert image.presence is Presence.PRESENT  # noqa: S101 - it is there, and was not made in between
    return {name: image.values[name] for name in names if name in image.values}


def _base(pair: Pair, anchor: _Anchor, start: Both[Values], span: Span) -> Both[Values]:
    """What was agreed at the anchor: what the records said, but for what waited for a person, or had moved on."""
    if anchor.is_first:
        return Both[Values]({}, {})
    base = Both(dict(start.a), dict(start.b))
    if anchor.write is not None:
        to = Side.A if anchor.write.record_id == pair.record_a else Side.B
        sources = {name: one["source"] for name, one in (anchor.write.reasons or {}).items()}
        base[to.other].update({name: value for name, value in sources.items() if name in base[to.other]})
    for one in _contested(pair, anchor, span):
        base.a[one.field], base.b[one.field] = one.base_a, one.base_b
    return Both[Values](base.a, base.b)


def _contested(pair: Pair, anchor: _Anchor, span: Span) -> Iterator[Conflict]:
    """The conflicts that were open at the anchor."""
    at = anchor.write.finished_at if anchor.write and anchor.write.finished_at else span.since
    for one in Conflict.objects.filter(pair_id=pair.id, opened_at__lte=at):
        if one.closed_at is None or one.closed_at > at:
            yield one


def _edited(
    frame: Frame, since: Both[list[Change]], doings: Mapping[uuid.UUID, _Doing], names: Sequence[str]
) -> Iterator[tuple[dt.datetime, Happening]]:
    """Edits of either side; what the bridge's own writes did is noted as their answers."""
    for side in Side:
        causes = Causes.of(since[side])
        for change in reversed(since[side]):
            values: dict[str, Any] = {}
            makers = set[Write | None]()
            for name in (one for one in names if one in change.fields):
                write = causes.write(change, name)
                doing = doings.get(write.id) if write else None
                (values if doing is None else doing.answer)[name] = change.fields[name][1]
                makers |= {write} if doing is None else set()
            if values:
                edit = edits.dated_by(change, frame, side, by=makers.pop() if len(makers) == 1 else None)
                yield change.at, Edit(side, values, edit.made)


def _written(frame: Frame, doings: Any) -> Iterator[tuple[dt.datetime, Happening]]:
    for doing in doings:
        write = doing.write
        to = Side.A if write.linked_account_id == frame.bridge.account_a else Side.B
        told = {name: reason(write, name) for name in write.values}
        yield (
            write.journalled_at,
            Wrote(
                to,
                write.values,
                {name: one["source"] for name, one in told.items() if "source" in one},
                doing.answer if write.state == WriteState.DONE else None,
                any(one.get("rule") in _ASKED for one in told.values()),
            ),
        )
