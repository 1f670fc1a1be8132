"""Both sides of some pairs, compared without writing: what the rounds should have seen to, and did not.

    owed        the bridge would write, were it asked to look: somebody forgot to mark the pair
    unnoticed   a problem or a conflict that no look has noted
    apart       neither side moved from its base, and yet they differ; the journal does not explain it
    unpaired    a record that takes part, and that no pair knows
    lone        a record that takes part, and whose counterpart cannot be made; a problem of its pair says why
    strayed     a field that only arrives at a side was edited there; the bridge neither takes nor undoes that

Left out is what is under way or waits for a person: pairs that are dirty, held, paused, or have a write in flight,
records that changed after the position up to which the bridge has read the log; of pairs of two, problems and conflicts
that are shown. No lone record is one that a side or its file's size keeps from being made, or that waits for a parent.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from unified_api.engine.drift import Apart, apart, strayed
from unified_api.engine.events import Contest, Delete, Effect, Kind, Problem, Push
from unified_api.engine.forecast import forecast
from unified_api.engine.pair import State
from unified_api.engine.plan import plan
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Terms
from unified_api.models.base import CommonModel
from unified_api.sync.bridge.held import COLUMN
from unified_api.sync.bridge.records import Frame, record_of, remembered
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.models import Change, Write, WriteState
from unified_api.sync.models_bridge import Pair

#: Why a lone record stays so without anything amiss: what it belongs to comes first, which is counted there; the
#: account makes none, or the bridge carries none so large, which is known since the bridge was made.
_LEFT_OUT: Final = frozenset({Kind.UNPAIRED, Kind.NO_CREATE, Kind.TOO_LARGE})


class Why(StrEnum):
    """What kind of drift it is."""

    OWED = "owed"
    UNNOTICED = "unnoticed"
    APART = "apart"
    UNPAIRED = "unpaired"
    LONE = "lone"
    STRAYED = "strayed"
    UNMIRRORED = "unmirrored"


@dataclass(frozen=True)
class Finding:
    """A pair, or a record of a side, that is not as it should be. `to`: the sides that lack something."""

    why: Why
    to: tuple[Side, ...]
    fields: tuple[str, ...] = ()
    pair: uuid.UUID | None = None
    record_a: uuid.UUID | None = None
    record_b: uuid.UUID | None = None

    @property
    def is_lone(self) -> bool:
        """Whether it is about a record without a counterpart."""
        return self.record_a is None or self.record_b is None

    def as_data(self) -> dict[str, Any]:
        """The form in which it is stored and shown; without values, which stand in the records."""
        ids = {"pair_id": self.pair, "record_a": self.record_a, "record_b": self.record_b}
        told = {name: None if value is None else str(value) for name, value in ids.items()}
        return {"why": self.why.value, "to": list(self.to), "fields": list(self.fields), **told}


def compare(frame: Frame, pairs: Sequence[Pair]) -> list[Finding]:
    """What is wrong with pairs that are at rest, within the transaction that is open."""
    found, doubtful = [], []
    for turn in turns_of(frame, pairs):
        finding, different = _compare(turn)
        found += [finding] if finding else []
        found += _strayed(turn)
        doubtful += [(turn.pair, different)] if different else []
    found += _unexplained(frame, doubtful)
    return _but_for_news(frame, found)


def unpaired(frame: Frame, side: Side, records: Iterable[CommonModel]) -> list[Finding]:
    """Those of these records of a side that take part, and that no pair knows."""
    there = {one.id for one in records if not (one.is_shell or one.remote_was_deleted)}
    rows = Pair.objects.filter(bridge_id=frame.bridge.id, **{f"{COLUMN[side]}__in": there})
    known = set(rows.values_list(COLUMN[side], flat=True))
    unknown = frame.records().filter(id__in=there - known).order_by("id") if there - known else ()
    none = Both[uuid.UUID | None](None, None)
    here = [none.having(side, record.id) for record in unknown if frame.takes(record, side)]
    lone = [Finding(Why.UNPAIRED, (side.other,), record_a=one.a, record_b=one.b) for one in here]
    return _but_for_news(frame, lone)


def _compare(turn: Turn) -> tuple[Finding | None, tuple[Apart, ...]]:
    """What the engine would do about a pair; and, where that is nothing, what differs all the same."""
    frame, look = turn.frame, turn.look
    memory, effects = plan(remembered(turn.pair), look, policy=turn.policy, access=frame.access)
    if any(isinstance(one, Push | Delete) for one in effects):
        return _owed(turn), ()
    if finding := _unnoticed(turn, effects) or _lone(turn, memory.state, effects):
        return finding, ()
    if memory.state is not State.PAIRED or look.a is None or look.b is None:
        return None, ()
    return None, apart(memory, Both[Values](look.a.values, look.b.values), turn.policy)


def _strayed(turn: Turn) -> Iterator[Finding]:
    memory, look = remembered(turn.pair), turn.look
    if memory.state is State.PAIRED and look.a is not None and look.b is not None:
        found = strayed(memory, Both[Values](look.a.values, look.b.values), turn.policy)
        if found:
            to = {side for one in found for side in one.to}
            yield _of(turn.pair, Why.STRAYED, to, {one.field.name for one in found})


def _owed(turn: Turn) -> Finding:
    foreseen = forecast(remembered(turn.pair), turn.look, Terms(turn.policy, turn.frame.access))
    writes = [one.write for one in foreseen.writes]
    fields = {name for write in writes if isinstance(write, Push) for name in write.fields}
    return _of(turn.pair, Why.OWED, {write.to for write in writes}, fields)


def _unnoticed(turn: Turn, effects: Iterable[Effect]) -> Finding | None:
    noted = {(one["kind"], one["side"], one["field"]) for one in turn.pair.problems}
    asked = {one.field for one in turn.known}
    to: set[Side] = set()
    fields: set[str] = set()
    for one in effects:
        if isinstance(one, Problem) and (one.kind.value, one.side.value, one.field) not in noted:
            to, fields = to | {one.side.other}, fields | {one.field}
        elif isinstance(one, Contest) and one.field not in asked:
            to, fields = to | set(Side), fields | {one.field}
    return _of(turn.pair, Why.UNNOTICED, to, fields - {""}) if to else None


def _lone(turn: Turn, state: State, effects: Iterable[Effect]) -> Finding | None:
    """A record whose counterpart the bridge would make, and that lacks something for it."""
    problems = [one for one in effects if isinstance(one, Problem)]
    if state is not State.ALONE or not problems or any(one.kind in _LEFT_OUT for one in problems):
        return None
    return _of(
        turn.pair, Why.LONE, {one.side.other for one in problems}, {one.field for one in problems} - {""}
    )


def _unexplained(frame: Frame, doubtful: Sequence[tuple[Pair, tuple[Apart, ...]]]) -> Iterator[Finding]:
    """Differences that no write of the bridge explains."""
    records = {record for pair, _ in doubtful for record in (pair.record_a, pair.record_b)}
    journal = _journal(frame, records)
    for pair, different in doubtful:
        left = [one for one in different if not _is_explained(pair, one, journal)]
        if left:
            to = {side for one in left for side in one.to}
            yield _of(pair, Why.APART, to, {one.field.name for one in left})


def _journal(frame: Frame, records: Collection[uuid.UUID | None]) -> dict[uuid.UUID | None, list[Write]]:
    """The bridge's writes to these records, the last first."""
    found: dict[uuid.UUID | None, list[Write]] = {}
    if records:
        rows = Write.objects.filter(record_id__in=records, bridge_id=frame.bridge.id, state=WriteState.DONE)
        for write in rows.only("record_id", "operation", "sent", "pair_id").order_by("-journalled_at"):
            found.setdefault(write.record_id, []).append(write)
    return found


def _is_explained(pair: Pair, one: Apart, journal: dict[uuid.UUID | None, list[Write]]) -> bool:
    """Whether a side spelt what it was sent in its own way, or was made with what the other does not take."""
    for side in Side:
        writes = journal.get(record_of(pair, side), [])
        if side not in one.to and any(write.operation == "create" for write in writes):
            return True
        sent = next((write.sent for write in writes if write.sent and one.field.name in write.sent), None)
        if sent is not None and one.is_spelling_of(sent[one.field.name], side):
            return True
    return False


def _of(pair: Pair, why: Why, to: Collection[Side], fields: Collection[str]) -> Finding:
    sides = tuple(side for side in Side if side in to)
    return Finding(why, sides, tuple(sorted(fields)), pair.id, pair.record_a, pair.record_b)


def _but_for_news(frame: Frame, findings: Sequence[Finding]) -> list[Finding]:
    """Without those of which a record changed after the position up to which the bridge has read the log."""
    records = {one.record_a for one in findings} | {one.record_b for one in findings}
    if not records:
        return []
    news = Change.objects.filter(record_id__in=records - {None}, position__gt=frame.bridge.cursor or 0)
    fresh = set(news.values_list("record_id", flat=True))
    return [one for one in findings if not {one.record_a, one.record_b} & fresh]
