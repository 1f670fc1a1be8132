"""The laws of a bridge that follows another, as far as they show at the end: what does not hold, in sentences."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from tests.simulation.belonging import told
from tests.simulation.remote import Row
from tests.simulation.stage import Stage
from tests.simulation.threads import Threads, named, texts
from tests.simulation.verdict import Verdict, was_outside
from unified_api.engine.pair import State
from unified_api.engine.policy import DeleteRule
from unified_api.engine.values import Side
from unified_api.sync.models import Write, WriteState
from unified_api.sync.models_bridge import Pair

#: As often is a create tried in vain, or so long held up, until nobody waits for it any more.
TRIES: Final = 3
LONG: Final = dt.timedelta(minutes=15)


class ThreadVerdict:
    """What the product shows of comments, beside the books."""

    def __init__(self, stage: Stage, threads: Threads, tickets: Verdict) -> None:
        self.threads, self.tickets = threads, tickets
        self.mirrored: dict[tuple[Side, str], list[Any]] = {}
        for side in Side:
            for comment in stage.mirrored(side):
                if not comment.is_shell:
                    self.mirrored.setdefault((side, comment.remote_id), []).append(comment)
        self.pairs, self.writes, self.planned = stage.pairs(), stage.writes(), stage.planned()
        self.rows = [row for side in Side for row in threads.remotes[side].rows.values()]
        self.by_record = {self.record_of(row): row for row in self.rows}
        self._tickets = {tickets.ids.get((row.side, row.id)): row for row in tickets.rows()}

    def record_of(self, row: Row) -> uuid.UUID | None:
        """The mirrored comment."""
        found = self.mirrored.get((row.side, row.id))
        return found[0].id if found else None

    def pair_of(self, row: Row) -> Pair | None:
        """The pair of a comment."""
        record = self.record_of(row)
        return next((p for p in self.pairs if record and record in (p.record_a, p.record_b)), None)

    def opposite(self, ticket: Row) -> Row | None:
        """The counterpart of a ticket, where both are there and take part."""
        pair = self.tickets.pair_of(ticket)
        record = pair and (pair.record_b if ticket.side is Side.A else pair.record_a)
        other = self._tickets.get(record) if record else None
        both = [ticket, other]
        books = self.tickets.books
        return None if any(one is None or one.now.gone or books.is_outside(one) for one in both) else other

    def is_left_out(self, ticket: Row) -> bool:
        """Whether a ticket that is there takes no part."""
        return not ticket.now.gone and self.tickets.books.is_outside(ticket)

    def creates(self, row: Row) -> list[Write]:
        """The journalled creates of counterparts of a comment."""
        pair, said = self.pair_of(row), texts(row)
        mine = [one for one in self.writes if pair is not None and one.pair_id == pair.id]
        mine = [one for one in mine if one.operation == "create" and one.values["body"] in said]
        return [one for one in mine if self._side_of(one) is not row.side]

    def decided(self, write: Write) -> dt.datetime:
        """When it was settled that this leaves next: as it was journalled, or shown to a person."""
        return self.planned.get(write.id, write.journalled_at)

    def known_since(self, row: Row) -> dt.datetime:
        """When the product first stored a comment."""
        return self.mirrored[row.side, row.id][0].created_at  # type: ignore[no-any-return] # of a model

    def _side_of(self, write: Write) -> Side:
        return self.tickets.stage.side_of(write)


def wrongs(stage: Stage, threads: Threads, tickets: Stage) -> Iterator[str]:
    """Every law that does not hold."""
    found = ThreadVerdict(stage, threads, Verdict(tickets, threads.tickets))
    threads.told += [
        f"comments: {o.operation} {o.record_id} {o.state}: {o.values} {o.error}" for o in found.writes
    ]
    threads.told += [
        f"pair of comments {o.record_a} {o.record_b} {o.state} {o.held!r} {o.problems} awaits {o.awaits}"
        for o in found.pairs
    ]
    for row in found.rows:
        yield from _mirror(found, row)
        if not row.now.gone:
            yield from _counterpart(found, row)
    yield from _doubles(found)
    yield from _order(found)
    yield from _never_over(found)


def _mirror(found: ThreadVerdict, row: Row) -> Iterator[str]:
    """Each comment is mirrored once, equal, on its ticket, and as deleted when it is gone."""
    mirrored = found.mirrored.get((row.side, row.id), [])
    if len(mirrored) > 1:
        yield f"{named(row)} is mirrored {len(mirrored)} times"
    if not mirrored:
        if not row.now.gone:
            yield f"{named(row)} is not mirrored"
        return
    if mirrored[0].remote_was_deleted != row.now.gone:
        yield f"{named(row)} is {'gone' if row.now.gone else 'there'}, and the mirror does not say so"
    if not row.now.gone and mirrored[0].body != row.now.cells["body"].value:
        yield f"{named(row)} says {row.now.cells['body'].value!r}, the mirror {mirrored[0].body!r}"


def _counterpart(found: ThreadVerdict, row: Row) -> Iterator[str]:
    """What is said on a ticket that takes part stands on the other side; what is not is no problem."""
    assert row.whole is not None
    pair, opposite = found.pair_of(row), found.opposite(row.whole)
    if pair is None:
        yield f"{named(row)} belongs to no pair"
    elif opposite is not None:
        if pair.awaits:
            yield f"{named(row)} still waits, and {told(row.whole)} has its counterpart: {_shown(pair)}"
        yield from _beside(found, row, pair, opposite)
    elif found.is_left_out(row.whole) and pair.state == State.ALONE and pair.problems:
        yield f"{named(row)} has a problem, and its ticket takes no part: {pair.problems}"


def _beside(found: ThreadVerdict, row: Row, pair: Pair, opposite: Row) -> Iterator[str]:
    """It stands on the counterpart of its ticket, and says the same, or a rule or a problem says why not."""
    other = found.by_record.get(pair.record_b if row.side is Side.A else pair.record_a)
    refused = any(_is_refused(found, one, pair) for one in (row, other) if one)
    if other is None:
        if not refused:
            yield f"{named(row)} has no counterpart, and its ticket has: {_shown(pair)}"
    elif other.now.gone:
        rule = found.threads.policy.deletes[row.side]
        if rule in {DeleteRule.PROPAGATE, DeleteRule.RESTORE} and not pair.problems:
            yield f"{named(row)} lost its counterpart, and {rule} was not done: {_shown(pair)}"
    elif other.whole is not opposite:
        yield f"{named(row)} belongs to {named(other)}, and their tickets do not"
    elif row.now.cells["body"].value != other.now.cells["body"].value and not refused:
        yield f"{named(row)} and {named(other)} do not say the same: {_shown(pair)}"


def _is_refused(found: ThreadVerdict, row: Row, pair: Pair) -> bool:
    """Whether the other side does not take what a comment says, and a problem says so."""
    refuses = found.threads.remotes[row.side.other].refuses(row.now.cells["body"].value)
    return refuses and any(problem["kind"] == "refused" for problem in pair.problems)


def _shown(pair: Pair) -> str:
    return f"{pair.state} {pair.held!r} {pair.problems}"


def _doubles(found: ThreadVerdict) -> Iterator[str]:
    """Nothing stands twice on one ticket."""
    seen: dict[tuple[Row | None, Any], Row] = {}
    for row in found.rows:
        if (
            not row.now.gone
            and (first := seen.setdefault((row.whole, row.now.cells["body"].value), row)) is not row
        ):
            yield f"{named(first)} and {named(row)} say the same on one ticket"


def _never_over(found: ThreadVerdict) -> Iterator[str]:
    """Nothing goes over of a ticket that never took part, or that has long left the filter, and was seen to."""
    for row in found.rows:
        for write in found.creates(row):
            moment = write.journalled_at.timestamp()
            assert row.whole is not None
            past = [state for when, state in row.whole.past if when <= moment]
            books = found.tickets.books
            never = books.choosy_since < row.whole.past[0][0] and all(
                books.is_outside(row.whole, state) for state in past
            )
            if never or was_outside(found.tickets, row.whole, moment):
                yield f"{named(row)} went over, and {told(row.whole)} took no part"


def _order(found: ThreadVerdict) -> Iterator[str]:
    """What was said one after the other stands on the other side in that order."""
    made: dict[Row | None, list[tuple[Row, Row]]] = {}
    for row in found.rows:
        mine = [one for one, source in found.threads.made.items() if source is row]
        if row.maker == "person" and mine:
            made.setdefault(row.whole, []).append((row, mine[0]))
    for pairs in made.values():
        for (first, its), (second, other) in combinations(pairs, 2):
            same = its.whole is other.whole
            if same and int(its.id) > int(other.id) and not _may_be_late(found, first, second):
                yield f"{named(second)} was said after {named(first)}, and stands before it over there"


def _may_be_late(found: ThreadVerdict, first: Row, second: Row) -> bool:
    """Whether nobody had to wait for the first: it was tried in vain, held up for long, or not known yet.

    What a person was shown is written as it was shown, whatever is read meanwhile. Where nobody tells when comments
    were made, they come in the order in which they were read. What stood over there already and was removed is made
    again behind what has come since.
    """
    tried, known = found.creates(first), found.known_since(first)
    vain = sum(one.state != WriteState.DONE for one in tried)
    lost = any(one.state in {WriteState.REJECTED, WriteState.UNCERTAIN} for one in tried)
    is_dated = found.threads.remotes[first.side].behaves.dated
    went = [found.decided(one) for one in found.creates(second)] if is_dated else []
    since = min(went, default=found.known_since(second))
    return (
        vain >= TRIES or lost or any(map(_was_long, tried)) or known > since or _is_made_again(found, first)
    )


def _is_made_again(found: ThreadVerdict, row: Row) -> bool:
    """Whether somebody had said the same on the other side, and it was removed."""
    others = found.threads.remotes[row.side.other].rows.values()
    gone = [one for one in others if one.maker == "person" and one.now.gone]
    return any(said in texts(row) for one in gone for said in texts(one))


def _was_long(write: Write) -> bool:
    return write.finished_at is None or write.finished_at - write.journalled_at > LONG
