"""What became of each person's edit: it is there, or its end is accounted for; anything else is a loss.

    the edit is followed at its side by        then it
    nothing                                    survived (that both sides are equal is checked elsewhere)
    an edit of somebody who had seen it        was replaced
    a write of the bridge, and it is on record as having given way       was overruled
    a write of the bridge, after it had come to the other side           has the fate that it had there
    a write of the bridge, and it was what both sides had last agreed    had returned: its side had no news
    a write of the bridge, and it said what one without an answer sent   was taken for the arrival of that one
    a write of the bridge that went by a read from before it             fell into the window
    a write of either that did not mean the field                        was put back by the server's own save
    an edit of somebody who had opened the ticket before it came         was overwritten unseen
    a conditional write that was on its way when it came                 raced with it in the server

The three before the last can happen only at a server without conditional writes. The last is how Roundup's happen: it
compares the ETag first and writes afterwards, so of two at once it takes both (51 of 60 such pairs that were tried).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final

from tests.soak.shown import Shown, Span, spans
from tests.soak.turns import SLACK, Lines, Turn, Unanswered, Writer

OTHER: Final = {"a": "b", "b": "a"}


class Fate(StrEnum):
    """What became of an edit."""

    SURVIVED = "survived"
    REPLACED = "replaced by somebody who had seen it"
    OVERRULED = "overruled on record"
    RETURNED = "back at what both sides had last agreed, so that only the other side had news"
    TAKEN = "taken for the arrival of a write that had sent the same and got no answer"
    WINDOW = "in the window between our read and our write"
    SAVED = "put back by the server, which saves whole tickets"
    UNSEEN = "overwritten by a person who had opened the ticket before it came"
    RACED = "overwritten by a conditional write that the server took at the same time"
    LOST = "lost without a trace"


@dataclass(frozen=True, eq=False)
class GaveWay:
    """An entry of the bridge's own record: the value of a side that was overruled, under which rule, and when."""

    side: str
    ticket: str
    field: str
    value: str | None
    rule: str
    at: float


@dataclass
class Court:
    """Tells fates.

    unconditional: sides whose server has no conditional writes. unanswered: what writes without an answer had sent.
    shown: what the product took fields for.
    """

    lines: Lines
    record: list[GaveWay]
    unconditional: frozenset[str]
    unanswered: Sequence[Unanswered] = ()
    shown: Shown = field(default_factory=dict)
    rules: dict[Turn, str] = field(default_factory=dict)

    def fate(self, turn: Turn) -> Fate:
        """Of the value that came with this turn."""
        line = self.lines[turn.side, turn.ticket, turn.field]
        place = line.index(turn)
        if place + 1 == len(line):
            return Fate.SURVIVED
        following = line[place + 1]
        assert following.by is not None
        if not following.meant:
            return self._overwritten(turn, following.by, Fate.SAVED, since=following.by.began)
        if following.by.edit is None:
            return self._written_over(turn, following)
        if following.by.edit.seen == turn.new:
            return Fate.REPLACED
        return self._overwritten(turn, following.by, Fate.UNSEEN, since=following.by.read)

    def _overwritten(self, turn: Turn, by: Writer, fate: Fate, *, since: float) -> Fate:
        """This fate, if it came after `since` to a server without conditional writes; else it raced, or is lost."""
        if turn.side not in self.unconditional:
            fate, since = Fate.RACED, by.began
        return fate if turn.ended + SLACK >= since else Fate.LOST

    def _written_over(self, turn: Turn, following: Turn) -> Fate:
        """The bridge wrote something else there."""
        if self._overruled(turn, following):
            return Fate.OVERRULED
        for copy in self._copies(turn, following):
            fate = self.fate(copy)
            if fate not in {Fate.SURVIVED, Fate.LOST}:
                return fate
        if turn.new in self._agreed(turn):
            return Fate.RETURNED
        if self._taken(turn):
            return Fate.TAKEN
        assert following.by is not None
        return self._overwritten(turn, following.by, Fate.WINDOW, since=following.by.read)

    def _overruled(self, turn: Turn, following: Turn) -> bool:
        """Whether it stands in the bridge's record; an entry accounts for one edit, and for the last that said so."""
        place = (turn.side, turn.ticket, turn.field, turn.new)
        line = self.lines[place[:3]]
        again = min((t.at for t in line if t.at > following.at and t.new == turn.new), default=float("inf"))
        for one in self.record:
            told = (one.side, one.ticket, one.field, one.value)
            if told == place and turn.at - SLACK <= one.at < again:
                self.record.remove(one)
                self.rules[turn] = one.rule
                return True
        return False

    def _copies(self, turn: Turn, following: Turn) -> list[Turn]:
        """The same value at the other side, while this one had it, and replaced there before it was here.

        First those that came after it: what stood there before may be somebody's edit, with an end of its own.
        """
        line = self.lines[OTHER[turn.side], turn.ticket, turn.field]
        same = [
            one
            for one, replaced in pairwise(line)
            if one.new == turn.new and turn.at < replaced.at < following.at + SLACK
        ]
        return sorted(same, key=lambda one: one.at < turn.at)

    def _agreed(self, turn: Turn) -> set[str | None]:
        """What the product took both sides for at one time, since it last wrote the field itself, up to this turn."""
        places = [(side, turn.ticket, turn.field) for side in OTHER]
        before = (t for place in places for t in self.lines[place] if t.at < turn.at)
        last = max((t for t in before if t.by and t.by.edit is None), key=lambda t: t.at, default=None)
        since = last.at if last else float("-inf")
        a, b = (self._took(place) for place in places)
        met = ((x, y) for x in a for y in b if x.value == y.value)
        together = {x.value for x, y in met if max(x.since, y.since, since) < min(x.until, y.until, turn.at)}
        return together | ({last.new} if last else set())

    def _took(self, place: tuple[str, str, str]) -> list[Span]:
        """What the product took a field for: for the same all the time, where no change is on record."""
        return self.shown.get(place) or spans([], self.lines[place][0].new)

    def _taken(self, turn: Turn) -> bool:
        """Whether the last that the bridge wrote to the field said the same, and got no answer.

        Who reads it back sees what was sent, and cannot know that a person typed it: it is agreed from then on.
        """
        line = self.lines[turn.side, turn.ticket, turn.field]
        written = max((t.at for t in line if t.at < turn.at and t.by and t.by.edit is None), default=0.0)
        place = (turn.side, turn.ticket, turn.field)
        sent = [one for one in self.unanswered if (one.side, one.ticket, one.field) == place]
        last = max((one for one in sent if written < one.at < turn.at), key=lambda one: one.at, default=None)
        return last is not None and last.value == turn.new

    def story(self, turn: Turn) -> str:
        """What happened to the field on both sides, around that."""
        turns = [t for side in OTHER for t in self.lines[side, turn.ticket, turn.field]]
        near = [t for t in sorted(turns, key=lambda t: t.at) if t.at > turn.at - 20]
        return f"{turn.field} of {turn.ticket}: {turn}; " + "; ".join(map(str, near[:12]))
