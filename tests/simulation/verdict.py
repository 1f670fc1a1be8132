"""The laws of two-way synchronization, as far as they show at the end: what does not hold, in sentences."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.simulation.belonging import told
from tests.simulation.bookkeeper import Bookkeeper, Gave
from tests.simulation.manners import (
    FIELDS,
    STRANGE,
    equal,
    normal,
    refusable,
    spelt,
    translated,
)
from tests.simulation.remote import Row
from tests.simulation.stage import Stage
from tests.simulation.wire import TIMEOUT
from unified_api.engine.pair import State
from unified_api.engine.policy import DeleteRule, Direction
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync.models import Write, WriteState
from unified_api.sync.models_bridge import Overruled, Pair

#: Seconds after which what two answers showed has reached every bridge.
LONG: Final = 600.0


class Verdict:
    """What the product shows, beside the books."""

    def __init__(self, stage: Stage, books: Bookkeeper) -> None:
        self.stage, self.books = stage, books
        self.mirrored = {side: _standing(stage.mirrored(side)) for side in Side}
        self.pairs = stage.pairs()
        self.overruled = stage.overruled()
        self.writes = stage.writes()
        self.ids = {(side, t.remote_id): t.id for side in Side for t in self.mirrored[side]}

    def rows(self) -> list[Row]:
        """All records that ever were."""
        return [row for side in Side for row in self.books.remotes[side].rows.values()]

    def record_of(self, row: Row) -> uuid.UUID | None:
        """The mirrored record; of one that was made again, that of the one in its place."""
        while (row.side, row.id) not in self.ids and row in self.books.remade:
            row = self.books.remade[row]
        return self.ids.get((row.side, row.id))

    def pair_of(self, row: Row) -> Pair | None:
        """The pair of a record."""
        record = self.ids.get((row.side, row.id))
        return next((p for p in self.pairs if record and record in (p.record_a, p.record_b)), None)


def _standing(mirrored: list[Ticket]) -> list[Ticket]:
    """These without strangers that gave way: a record that was made again, read before its write had ended.

    They stay as deleted, beside the record that is known by their remote id from then on.
    """
    living = {one.remote_id for one in mirrored if not one.remote_was_deleted}
    return [one for one in mirrored if not one.remote_was_deleted or one.remote_id not in living]


def wrongs(stage: Stage, books: Bookkeeper, counts: Counter[str]) -> Iterator[str]:
    """Every law that does not hold."""
    found = Verdict(stage, books)
    books.told += [
        f"on record: {o.field} of {o.side} {o.record_id}: {o.value!r} by {o.by!r}, {o.rule}"
        for o in found.overruled
    ]
    books.told += [
        f"{o.operation} {o.record_id} {o.state}: {o.values} sent {o.sent} {o.error}" for o in found.writes
    ]
    books.told += [f"pair {o.record_a} {o.record_b} {o.state} {o.held} {o.problems}" for o in found.pairs]
    counts["overruled"] += len(found.overruled)
    counts["writes"] += len(found.writes)
    counts["creates"] += sum(one.operation == "create" for one in found.writes)
    counts["review"] += sum(one.held == "review" for one in found.pairs)
    yield from _mirrors(found)
    yield from _counterparts(found)
    yield from _deletions(found)
    yield from _unmade(found)
    yield from _left_alone(found)
    yield from _equality(found)
    yield from _record(found)


# --- mirrors --------------------------------------------------------------------------------------------


def _mirrors(found: Verdict) -> Iterator[str]:
    """Each remote record is mirrored once, and equal."""
    for side in Side:
        shown: dict[str, list[Ticket]] = {}
        for ticket in found.mirrored[side]:
            if not ticket.is_shell:
                shown.setdefault(str(ticket.remote_id), []).append(ticket)
        yield from (f"{side}/{i} is mirrored {len(all_)} times" for i, all_ in shown.items() if len(all_) > 1)
        for row in found.books.remotes[side].rows.values():
            yield from _mirror(row, shown.get(row.id))


def _mirror(row: Row, mirrored: list[Ticket] | None) -> Iterator[str]:
    if mirrored is None or row.now.gone:
        if not row.now.gone:
            yield f"{row.side}/{row.id} is not mirrored"
        elif mirrored is not None and not mirrored[0].remote_was_deleted:
            yield f"{row.side}/{row.id} is gone, and the mirror does not say so"
        return
    if mirrored[0].remote_was_deleted:
        yield f"{row.side}/{row.id} is there, and the mirror says it is gone"
    for name in FIELDS:
        value = row.now.cells[name].value
        if getattr(mirrored[0], name) != value:
            yield f"{row.side}/{row.id} has {name} {value!r}, the mirror {getattr(mirrored[0], name)!r}"


# --- counterparts ---------------------------------------------------------------------------------------


def _counterparts(found: Verdict) -> Iterator[str]:
    """Each record has its counterpart, or is held back for a reason."""
    for row in found.rows():
        pair = found.pair_of(row)
        if row.now.gone or found.books.is_outside(row):
            continue
        if pair is None:
            yield f"{row.side}/{row.id} belongs to no pair"
        elif not (pair.record_a and pair.record_b) and not _held_back(found, row, pair):
            yield f"{row.side}/{row.id} has no counterpart: {pair.state} {pair.held!r} {pair.problems}"


def _held_back(found: Verdict, row: Row, pair: Pair) -> bool:
    if pair.held in {"review", "waiting", "unsettled"}:
        return len(_namesakes(found, row)) > 0
    return bool(pair.problems)


def _namesakes(found: Verdict, row: Row) -> list[Row]:
    """Other records that had a name of this one's."""
    names = {normal(state.cells["name"].value) for _, state in row.past}
    return [
        other
        for other in found.rows()
        if other is not row and names & {normal(state.cells["name"].value) for _, state in other.past}
    ]


# --- deletions ------------------------------------------------------------------------------------------


def _deletions(found: Verdict) -> Iterator[str]:
    """Where a counterpart is gone, the rule of the side was followed, or a problem says why not."""
    for pair in found.pairs:
        for row in [row for row in found.rows() if not row.now.gone and found.pair_of(row) is pair]:
            rule = found.books.policy.deletes[row.side]
            if (
                pair.state != State.GONE
                or rule in {DeleteRule.ASK, DeleteRule.UNLINK}
                or found.books.is_outside(row)
            ):
                continue
            told = {problem["kind"] for problem in pair.problems}
            if not told:
                yield f"{row.side}/{row.id} lost its counterpart, and {rule} was not done"
            elif "edited" in told and (pair.base_a or pair.base_b) and not _was_edited(found, row):
                # Where no look had met both before one was removed, nobody can tell.
                yield f"{row.side}/{row.id} was kept as edited, and nobody edited it"


def _was_edited(found: Verdict, row: Row) -> bool:
    agreed = found.books.of(row).agreed
    return any(
        name not in agreed or normal(row.now.cells[name].value) != normal(agreed[name]) for name in FIELDS
    )


# --- outcomes -------------------------------------------------------------------------------------------


def _unmade(found: Verdict) -> Iterator[str]:
    """No create is told to have made nothing whose record was there for so long that its search has shown it."""
    for write in found.writes:
        if write.operation == "create" and write.state == WriteState.NOT_APPLIED:
            remote = found.books.remotes[found.stage.side_of(write)]
            made = (
                row for row in remote.rows.values() if _was_made_by(write, row, remote.manners.search_lag)
            )
            yield from (f"{told(row)} was made, and its create is told to have made nothing" for row in made)


def _was_made_by(write: Write, row: Row, lag: float) -> bool:
    if write.sent_at is None or write.finished_at is None or write.sent is None or row.maker != "bridge":
        return False
    began, ends = write.sent_at.timestamp(), write.finished_at.timestamp()
    states = [(when, state) for when, state in row.past if when <= ends]
    names = {normal(state.cells["name"].value) for _, state in states} - {None}
    return (
        began <= row.past[0][0] <= ends - lag - TIMEOUT
        and names == {normal(write.sent["name"])}
        and not any(state.gone for _, state in states)
    )


# --- filters --------------------------------------------------------------------------------------------


def _left_alone(found: Verdict) -> Iterator[str]:
    """Nothing is written to a pair of which a record has long left the filter, and was seen to."""
    rows = {record: row for row in found.rows() if (record := found.record_of(row))}
    for write in found.writes:
        if write.operation != "update" or write.record_id not in rows:
            continue
        row, moment = rows[write.record_id], write.journalled_at.timestamp()
        pair = [one for one in (row, found.books.maybe(row)) if one is not None]
        if any(was_outside(found, one, moment) for one in pair):
            yield f"{told(row)} was written, and one of its pair had left the filter long before"


def was_outside(found: Verdict, row: Row, moment: float) -> bool:
    """Whether a record was outside for so long that two answers of another time showed it so."""
    since, books = moment - LONG, found.books
    if since < books.choosy_since:
        return False
    states = [state for when, state in row.past if since < when <= moment] + [row.at(since)]
    shown = [when for when in books.of(row).moments if since < when < since + LONG / 2]
    return len(shown) > 1 and all(state is not None and books.is_outside(row, state) for state in states)


# --- equality -------------------------------------------------------------------------------------------


def _equality(found: Verdict) -> Iterator[str]:
    """Both sides are equal on bridged fields, or a problem names the field, and for a reason."""
    rows = {record: row for row in found.rows() if (record := found.ids.get((row.side, row.id)))}
    for pair in found.pairs:
        a, b = (rows.get(record) if record else None for record in (pair.record_a, pair.record_b))
        if a is None or b is None or a.now.gone or b.now.gone:
            continue
        if any(found.books.is_outside(row) for row in (a, b)):
            continue
        named = {problem["field"] for problem in pair.problems}
        for name in FIELDS:
            if name not in named and not _at_peace(found, a, b, name):
                told = (a.now.cells[name].value, b.now.cells[name].value)
                yield f"{a.side}/{a.id} and {b.side}/{b.id}: {name} differs, {told}"
        for problem in pair.problems:
            if not (_is_carried(found, problem["field"]) and _founded(found, a, b, problem)):
                yield f"a problem that nobody caused: {problem}"


def _at_peace(found: Verdict, a: Row, b: Row, name: str) -> bool:
    one, other = a.now.cells[name].value, b.now.cells[name].value
    manners = {side: found.books.remotes[side].manners for side in Side}
    spelled = name != "status" and (
        other == spelt(manners[Side.B], name, one) or one == spelt(manners[Side.A], name, other)
    )
    stay = found.books.contests.both_stay(name, a, b)
    return equal(name, one, other) or spelled or stay or _far_end(found, a, b, name)


def _far_end(found: Verdict, a: Row, b: Row, name: str) -> bool:
    """Whether a one-way field was edited where nothing leaves from, or never had a reason to travel."""
    direction = found.books.policy.fields[name].direction
    if direction in {Direction.BOTH, Direction.NEVER}:
        return direction is Direction.NEVER
    near = a if direction is Direction.A_TO_B else b
    books = found.books
    if books.is_new(near, name):
        return True
    return normal(near.now.cells[name].value) == normal(books.of(near).agreed[name])


def _is_carried(found: Verdict, name: str | None) -> bool:
    """Whether a problem is about no field that stays where it is."""
    return name not in FIELDS or found.books.policy.fields[name].direction is not Direction.NEVER


def _founded(found: Verdict, a: Row, b: Row, problem: dict[str, str]) -> bool:
    source, target = (a, b) if problem["side"] == "a" else (b, a)
    name, manners = problem["field"], found.books.remotes[target.side].manners
    if problem["kind"] == "unmapped":
        return translated(name, source.now.cells[name].value, target.side) == STRANGE
    if problem["kind"] == "read_only":
        return name in manners.fixed_fields
    if problem["kind"] != "refused":
        return False
    if manners.refusal == "unnamed" and any(refusable(n, c.value) for n, c in source.now.cells.items()):
        return True
    if name == "status":
        return manners.decides or source.now.cells[name].value == STRANGE
    value = source.now.cells[name].value
    cut = normal(spelt(manners, name, value)) == normal(target.now.cells[name].value)
    return (manners.refusal != "never" and refusable(name, value)) or cut


# --- what gave way --------------------------------------------------------------------------------------


def _record(found: Verdict) -> Iterator[str]:
    """Every edit that an answer showed survives or stands on record; no conflict that nobody caused."""
    for gave in found.books.gave:
        lost = gave.row.now.gone and gave.field in found.books.of(gave.row).doubts
        if gave.visible and not lost and not any(_tells(found, one, gave) for one in found.overruled):
            yield f"{gave.field} of {gave.row.side}/{gave.row.id}: {gave.value!r} gave way to {gave.by!r}, unrecorded"
    rows = {str(found.record_of(row)): row for row in found.rows()}
    for one in found.overruled:
        row = rows.get(str(one.record_id))
        if row is None or one.rule == "lost answer" or one.field in found.books.of(row).doubts:
            continue
        if _was_answered_otherwise(found, row, one) or _may_have_been_sent(found, one):
            continue
        same = [gave for gave in found.books.gave if str(found.record_of(gave.row)) == str(one.record_id)]
        if not any(gave.field == one.field for gave in same):
            yield f"a conflict that nobody caused: {one.field} of {row.side}/{row.id}, {one.value!r} to {one.by!r}"


def _was_answered_otherwise(found: Verdict, row: Row, one: Overruled) -> bool:
    """Whether it gave way to what the other side made of it."""
    decides = found.books.remotes[row.side.other].manners.decides
    return one.rule == "answered otherwise" and one.field == "status" and decides


def _may_have_been_sent(found: Verdict, one: Overruled) -> bool:
    """Whether a worker died between noting the field as sent and sending it, which nobody can know."""
    return any(
        write.record_id == one.record_id
        and write.state == WriteState.UNCERTAIN
        and one.field in (write.sent or {})
        for write in found.writes
    )


def _tells(found: Verdict, one: Overruled, gave: Gave) -> bool:
    return (
        str(one.record_id) == str(found.record_of(gave.row))
        and one.field == gave.field
        and normal(one.value) == normal(gave.value)
    )
