"""The bookkeeper, who knows who edited what, and judges each write of the engine before it leaves.

Every edit has a number, and every cell knows the numbers of the edits that its value has taken into account. So an
edit that was replaced by somebody who knew it can be told from one that was lost. What goes wrong is collected, each
under the law that it breaks, in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.laws.fields import (
    CELLS,
    FIELD,
    OWNER_TO_B,
    PARTS,
    STATUS_TO_A,
    STATUS_TO_B,
    WORDY,
    kind,
    normal,
)
from tests.laws.remote import Remote, Seen, Wire
from unified_api.engine.merge import Rule
from unified_api.engine.normal import blank
from unified_api.engine.pair import Move, Pair
from unified_api.engine.policy import Field, FirstContact, Policy, Shape, Winner
from unified_api.engine.values import Both, Side, Value


class Law(StrEnum):
    """What holds in every history."""

    EQUAL = "once edits stop, both sides are equal, or something says why not"
    QUIET = "then nothing is written, and nothing is remembered anew"
    KEPT = "every edit that a read could see survives, or is on record as overruled, by the rule"
    FOUNDED = "there is no conflict and no problem that nobody caused"
    SINGLE = "no second record is made, and no second write leaves while one is in flight"
    ALLOWED = "nothing is written against a direction, to a closed side, or for what stands outside"
    NEWEST = "the later edit prevails where the clocks can tell, the fixed side where they cannot"
    ASKED = "what is left to a person waits for one, and a ruling about values that moved is void"
    SPARED = "a blank overwrites nothing that never blanks, and a filling field nothing that is filled"
    DELETED = "a delete follows its rule, and no edit is deleted unseen"
    PURE = "the same pair and event give the same outcome"


@dataclass
class Ledger:
    """The book: what was agreed per side and cell, and what nobody can know."""

    policy: Policy
    remotes: Both[Remote]
    mirror: Both[Seen | None]
    agreed: Both[dict[str, Value]]
    wrongs: list[tuple[Law, str]] = field(default_factory=list)
    doubts: set[str] = field(default_factory=set)  # cells whose last write has an outcome that nobody knows
    decided: set[str] = field(default_factory=set)  # cells that a remote answered with a word of its own
    left: set[str] = field(default_factory=set)  # cells that had no reason to travel to a new record
    parted: set[str] = field(default_factory=set)  # cells that may differ, as somebody said
    ruled: dict[str, Side | None] = field(
        default_factory=dict
    )  # who prevails in a field, as somebody said last
    edits: int = 0

    @property
    def cells(self) -> list[str]:
        """All cells of the bridged fields."""
        return [cell for name in self.policy.fields for cell in CELLS[name]]

    def of(self, cell: str) -> Field:
        """The policy of a cell's field."""
        return self.policy.fields[FIELD[cell]]

    def number(self) -> int:
        """The number of a new edit."""
        self.edits += 1
        return self.edits

    def blame(self, law: Law, wrong: bool, sentence: str) -> None:  # noqa: FBT001 - reads as: blame if
        """Note what is wrong."""
        if wrong:
            self.wrongs.append((law, sentence))

    # --- what is known ----------------------------------------------------------------------------------

    def share(self, cell: str, side: Side, known: frozenset[int]) -> None:
        """A side has taken edits into account."""
        cells, seen = self.remotes[side].cells, self.mirror[side]
        for held in (cells, seen.cells if seen else None):
            if held is not None and not known <= held[cell].known:
                held[cell] = replace(held[cell], known=held[cell].known | known)

    def renew(self, side: Side) -> None:
        """What a record says counts as somebody's word when a new counterpart is made from it."""
        for cell in self.cells:
            self.share(cell, side, frozenset({self.number()}))

    def note_agreement(self, pair: Pair) -> None:
        """What is equal when both are compared has been taken into account by both; so has what went back."""
        a, b = self.mirror.a, self.mirror.b
        if a is None or b is None or not (a.live and b.live):
            return
        for cell in self.cells:
            self._note_cell(cell, Both(a, b), pair)

    def _note_cell(self, cell: str, seen: Both[Seen], pair: Pair) -> None:
        held = Both(seen.a.cells[cell], seen.b.cells[cell])
        if self.equal(cell, held.a.value, held.b.value) or self._may_differ(cell, seen, pair):
            self.agreed.a[cell], self.agreed.b[cell] = held.a.value, held.b.value
            self.doubts.discard(cell)
        for side in Side:
            if self.went_back(cell, side, held[side].value):
                self.share(cell, side.other, held[side].known)

    def went_back(self, cell: str, side: Side, value: Value) -> bool:
        """Whether a side says what was agreed: whatever it said in between is no news."""
        agreed = self.agreed[side]
        return cell in agreed and normal(cell, value) == normal(cell, agreed[cell])

    def _may_differ(self, cell: str, seen: Both[Seen], pair: Pair) -> bool:
        values = Both(seen.a.cells[cell].value, seen.b.cells[cell].value)
        met = cell in self.agreed.a or cell in self.agreed.b or cell in self.doubts
        made = self.remotes.a.creates or self.remotes.b.creates  # then the new record was given what it holds
        kept = not (met or made) and self.of(cell).first is FirstContact.KEEP and cell not in _PARTED_OUT
        if kept and not any(blank(values[side]) for side in Side) and self.routes(cell):
            self.parted.add(cell)
            return True
        for one in pair.rulings:
            told = normal(cell, one.seen.a), normal(cell, one.seen.b)
            if (
                one.field == cell
                and one.winner is None
                and told == (normal(cell, values.a), normal(cell, values.b))
            ):
                self.parted.add(cell)
                return True
        return False

    def routes(self, cell: str) -> list[Side]:
        """The sides that an edit of the cell may travel to."""
        return [side for side in Side if self.of(cell).direction.reaches(side)]

    def equal(self, cell: str, a: Value, b: Value) -> bool:
        """Whether the two sides say the same."""
        if cell == "status":
            if a not in STATUS_TO_B and b not in STATUS_TO_A:
                return a == b
            return STATUS_TO_B.get(str(a), "?") == b or STATUS_TO_A.get(str(b), "?") == a
        if cell == "owner":
            words = self.policy.fields["owner"].words
            assert words is not None
            return a == b is None or (a in words.b and OWNER_TO_B.get(str(a)) == b)
        if FIELD[cell] in WORDY:
            types = {kind(a), kind(b)} - {None}
            return (a is None) == (b is None) and len(types) <= 1
        return normal(cell, a) == normal(cell, b)

    # --- what is judged ---------------------------------------------------------------------------------

    def judge(self, cell: str, move: Move, to: Side, wire: Wire) -> None:
        """What the engine means to do, against what the bookkeeper knows."""
        one, seen = self.of(cell), self.mirror[to]
        gives_way, news = wire.saw[cell] - wire.knows[cell], wire.knows[cell] - wire.saw[cell]
        empty = seen is None or seen.gone or normal(cell, seen.cells[cell].value) is None
        fresh, sure = cell in self.agreed.a or cell in self.agreed.b, cell not in self.doubts
        may_fill = empty and not one.blanks
        self.blame(
            Law.KEPT,
            bool(gives_way) and not move.overrules and (fresh or not empty) and not may_fill,
            f"{cell}: an edit of {to} is lost",
        )
        unfounded = move.overrules and sure and not gives_way and fresh and cell not in self.decided
        self.blame(Law.FOUNDED, unfounded, f"{cell}: a conflict that nobody caused")
        self.blame(
            Law.KEPT,
            sure and not news and bool(gives_way),
            f"{cell}: nobody's value replaces an edit of {to}",
        )
        if (
            len(self.routes(cell)) > 1
            and news
            and gives_way
            and fresh
            and sure
            and move.rule is not Rule.FILL
        ):
            self._judge_winner(cell, move, to)
        self.blame(
            Law.FOUNDED,
            fresh and not news and not move.overrules,
            f"{cell}: written to {to} though nobody edited it",
        )
        self._judge_sparing(cell, move, to, empty=empty)

    def _judge_winner(self, cell: str, move: Move, to: Side) -> None:
        winner = self.of(cell).winner
        if move.rule is Rule.RULED:
            self.blame(
                Law.ASKED, self.ruled.get(cell) is not to.other, f"{cell}: nobody ruled for {to.other}"
            )
            return
        self.blame(Law.KEPT, winner.value == to, f"{cell}: the winner {to} lost")
        self.blame(Law.ASKED, winner is Winner.ASK, f"{cell}: nobody asked a person")
        if winner is Winner.NEWEST:
            self._judge_newest(cell, move, to)

    def _judge_newest(self, cell: str, move: Move, to: Side) -> None:
        times, clocks = (
            Both(self.edited(cell, Side.A), self.edited(cell, Side.B)),
            [self.remotes[side].manners.clock for side in Side],
        )
        doubt = sum(clock.doubt for clock in clocks if clock)
        source, target = times[to.other], times[to]
        can_tell = None not in {*clocks, source, target}
        later = can_tell and (source or 0) > (target or 0)
        by_time = move.rule is Rule.NEWEST
        self.blame(Law.NEWEST, by_time and not later, f"{cell}: the earlier edit won by its time")
        fixed = to.other is self.of(cell).otherwise
        self.blame(Law.NEWEST, not by_time and not fixed, f"{cell}: within doubt the wrong side won")
        clear = can_tell and abs((source or 0) - (target or 0)) > 2 * doubt
        self.blame(Law.NEWEST, clear and not by_time, f"{cell}: the times were not heeded")

    def edited(self, cell: str, side: Side) -> int | None:
        """When somebody last edited the field of a cell, in true time, as far as the mirror has seen."""
        seen = self.mirror[side]
        times = [seen.cells[one].at for one in CELLS[FIELD[cell]]] if seen else []
        return max((at for at in times if at is not None), default=None)

    def _judge_sparing(self, cell: str, move: Move, to: Side, *, empty: bool) -> None:
        one = self.of(cell)
        if one.fills and FIELD[cell] in WORDY:
            self.blame(Law.SPARED, self._is_filled(cell, to), f"{cell}: added at {to}, which was filled")
        if empty or move.rule is Rule.RULED:
            return
        never = not one.blanks or one.shape is Shape.LOG
        self.blame(Law.SPARED, never and blank(move.value), f"{cell}: emptied at {to}")
        self.blame(Law.SPARED, one.fills, f"{cell}: overwritten at {to}, which was filled")

    def _is_filled(self, cell: str, side: Side) -> bool:
        """Whether there is anything in the whole list of a cell."""
        seen = self.mirror[side]
        if seen is None or seen.gone:
            return False
        return any(seen.cells[one].value is not None for one in CELLS[FIELD[cell]])


#: Parts that meet for the first time are united, whatever their field says.
_PARTED_OUT = frozenset(cell for name in PARTS for cell in CELLS[name])
