"""When people edited what two sides disagree about: for policies in which the newest edit wins.

Only asked where it decides: a field whose newest edit prevails, that both sides moved. An edit is the newest change of
the field that no bridge made. It was made between two moments, which may lie far apart: what an outage brought to
light at its end may be as old as its beginning. The later one is the provider's own time of the record, corrected by
how its clock (the Date of its answers) differs from ours, and the reading itself where it keeps none. But that is a
time of the record, which the next edit of another field moves on: so the earlier one is the time at which the record
was shown without the edit, by the provider's account or as the beginning of an earlier reading.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from unified_api.engine.events import Look, Record, Span
from unified_api.engine.policy import Winner
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge.beginning import COMPLETE
from unified_api.sync.memory.cause import did, under_way_at
from unified_api.sync.models import Change, Run, Stream, Write
from unified_api.sync.models_bridge import Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame

#: Seconds by which a provider's time of an edit may be off: it counts whole seconds, and so does its Date.
GRANULARITY: Final = 2.0
#: Entries of a record's log that are looked through; an edit older than these is of unknown time.
MOST: Final = 50


@dataclass(frozen=True)
class Edit:
    """One edit: when it was made at the latest (corrected), and who made it as far as is known.

    doubt: seconds by which it may have been made earlier; infinite where nothing tells a moment at which it was not
    there yet. actor: who wanted it, where a write of ours made it; else only the source tells.
    """

    at: dt.datetime
    source: str
    doubt: float
    actor: str | None = None

    @property
    def made(self) -> Span:
        """Between which moments it was made, as the engine compares."""
        at = self.at.timestamp()
        return Span(at - self.doubt - GRANULARITY, at + GRANULARITY)


def dated(frame: Frame, pairs: Iterable[Pair], looks: Mapping[uuid.UUID, Look]) -> dict[uuid.UUID, Look]:
    """The looks, with the times of edits where a field's newest edit decides."""
    newest = [one.name for one in frame.policy.fields.values() if one.winner is Winner.NEWEST]
    found = dict(looks)
    if not newest:
        return found
    for pair in pairs:
        names = _contested(frame, pair, looks[pair.id], newest)
        if names:
            found[pair.id] = _with_times(frame, pair, looks[pair.id], names)
    return found


def of(frame: Frame, record: uuid.UUID, side: Side, name: str) -> Edit | None:
    """The newest edit of a field that no bridge made; None where the log knows none, or another bridge brought it.

    When what another bridge brought was edited, its own other side would know: here it has no time.
    """
    latest = Change.objects.filter(record_id=record).order_by("-position")[:MOST]
    entries = [one for one in latest if name in one.fields]
    behind = [one.write_id for one in entries if one.write_id]
    writes = Write.objects.only("bridge_id", "source", "actor", "sent").in_bulk(behind)
    met = under_way_at(entries)
    for entry in entries:
        if entry.write_id:
            write = writes.get(entry.write_id)
        else:  # it may have been read before the write's answer was stored
            write = next((one for one in met if did(one, entry, name)), None)
        if write is None or not _made(write, entry, name):
            return dated_by(entry, frame, side)
        if write.bridge_id is None:
            return replace(dated_by(entry, frame, side, by=write), source=write.source, actor=write.actor)
        if write.bridge_id != frame.bridge.id:
            return None
    return None


def _made(write: Write, entry: Change, name: str) -> bool:
    """Whether the write made the entry what it is in this field: what it did not send is somebody's.

    So is what was read before it, or back after it, and is not as it was sent; in its answer that is a spelling.
    """
    sent = write.sent or {}
    return name in sent and (entry.source != "read" or entry.fields[name][1] == sent[name])


def dated_by(entry: Change, frame: Frame, side: Side, *, by: Write | None = None) -> Edit:
    """An entry of the log as an edit. by: a write of ours that made it; what an answer only shows, others made."""
    stream = Stream.objects.filter(linked_account_id=frame.account_id(side), model=frame.bridge.model).first()
    was, told = (_moment(one, stream) for one in entry.fields.get("remote_updated_at", (None, None)))
    at = told or entry.at
    if by is not None and entry.write_id == by.id and entry.source != "read":
        return Edit(at, entry.source, 0.0)  # written through us, at that moment
    lag = dt.timedelta(seconds=frame.read_lag(side))
    known = [one for one in (was, _read_before(entry, stream, at, lag)) if one is not None and one <= at]
    return Edit(at, entry.source, (at - max(known)).total_seconds() if known else math.inf)


def _moment(told: str | None, stream: Stream | None) -> dt.datetime | None:
    """A provider's time by our clock."""
    skew = (stream.skew if stream else None) or 0.0
    return dt.datetime.fromisoformat(told) - dt.timedelta(seconds=skew) if told else None


def _read_before(
    entry: Change, stream: Stream | None, at: dt.datetime, lag: dt.timedelta
) -> dt.datetime | None:
    """The last moment of which a list was read that did not show an edit yet which was made until `at`.

    A later one that did not show it either, as a record that is set aside, says nothing.
    """
    readings = Run.objects.filter(stream_id=stream and stream.id, result__in=COMPLETE, finished__lte=entry.at)
    begun = readings.filter(started__lte=at + lag).order_by("-started").values_list("started", flat=True)
    last = begun.first()
    return None if last is None else last - lag


def _contested(frame: Frame, pair: Pair, look: Look, names: Iterable[str]) -> list[str]:
    """Fields of these that both sides moved from what was agreed."""
    a, b = look.a, look.b
    if a is None or b is None:
        return []
    moved = []
    for name in names:
        one, base = frame.policy.fields[name], Both(pair.base_a, pair.base_b)
        held = Both(a.values.get(name), b.values.get(name))
        if all(name not in base[side] or not one.same(held[side], base[side][name]) for side in Side):
            moved.append(name)
    return moved


def _with_times(frame: Frame, pair: Pair, look: Look, names: Iterable[str]) -> Look:
    a, b = (_times(frame, record, told, side, names) for record, told, side in _sides(pair, look))
    return Look(a, b)


def _sides(pair: Pair, look: Look) -> Iterable[tuple[uuid.UUID | None, Record | None, Side]]:
    return ((pair.record_a, look.a, Side.A), (pair.record_b, look.b, Side.B))


def _times(
    frame: Frame, record: uuid.UUID | None, told: Record | None, side: Side, names: Iterable[str]
) -> Record | None:
    if record is None or told is None:
        return told
    found = {name: edit for name in names if (edit := of(frame, record, side, name))}
    return replace(told, edited={name: edit.made for name, edit in found.items()})
