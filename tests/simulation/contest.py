"""Who should have prevailed in a field that both sides moved, as far as it is certain.

A side that always wins may not lose. Where the newest edit wins, one made later, by more than all clocks can be
wrong, loses to nobody but the side that prevails in doubt; and not to that one either if it was made when the other
edit had been seen already. Where a person is asked, nobody loses without a ruling about these very values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.manners import equal, normal
from tests.simulation.remote import Row
from unified_api.engine.policy import Field, Winner
from unified_api.engine.values import Side, Value

#: Seconds that two stamps and two clocks in whole seconds can be wrong by.
GRANULARITY: Final = 6.0


@dataclass(frozen=True)
class Ruling:
    """What a person said of a field of two records, having seen these values; no winner: both stay."""

    field: str
    rows: tuple[Row, Row]
    seen: tuple[Value, Value]
    winner: Side | None

    def is_about(self, row: Row, name: str) -> bool:
        """Whether it is about this field of this record."""
        return self.field == name and row in self.rows

    def saw(self, row: Row, value: Value) -> bool:
        """Whether this is what the record said."""
        return normal(self.seen[self.rows.index(row)]) == normal(value)


@dataclass(frozen=True)
class Claim:
    """One side of a contest: a record, its value, and the edits behind it that the other side did not know."""

    row: Row
    value: Value
    edits: frozenset[int]


@dataclass
class Contests:
    """Times of edits, and rulings. slack: seconds by which the product may be wrong about when edits were made."""

    slack: float = GRANULARITY
    made: dict[int, float] = field(default_factory=dict)
    #: Edits of which the product cannot know when they were made: values of new records, a remote's own decisions.
    undated: set[int] = field(default_factory=set)
    seen: dict[tuple[Row, int], float] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)

    def shown(self, row: Row, edits: Iterable[int], moment: float) -> None:
        """An answer shows edits of a record."""
        for edit in edits:
            self.seen.setdefault((row, edit), moment)

    def lost_wrongly(self, one: Field, loser: Claim, by: Claim) -> bool:
        """Whether the loser should have won."""
        match one.winner:
            case Winner.ASK:
                return not any(_says(ruling, one.name, loser, by) for ruling in self.rulings)
            case Winner.NEWEST:
                return self._is_later(loser, by, in_doubt=one.otherwise)
            case _:
                return one.winner.value == loser.row.side.value

    def both_stay(self, name: str, a: Row, b: Row) -> bool:
        """Whether a person said that both values stay as they are now."""
        return any(one.winner is None and _is_of(one, name, a, b) for one in self.rulings)

    def _is_later(self, loser: Claim, by: Claim, in_doubt: Side) -> bool:
        """Whether the loser's edit is so much later that it may not lose to this side.

        Who is not to prevail in doubt prevails only where it was seen to be later, so the edits themselves count. A
        remote tells when a record was edited, not when each of its fields was, so nobody can say more of the other
        side than that what was seen of it was made before.
        """
        mine, theirs = (max(claim.edits, key=self.made.__getitem__, default=0) for claim in (loser, by))
        if self.undated & {mine, theirs} or not mine or (by.row, theirs) not in self.seen:
            return False
        known = self.seen[by.row, theirs] if by.row.side is in_doubt else self.made[theirs]
        return self.made[mine] > known + self.slack


def _is_of(one: Ruling, name: str, *rows: Row) -> bool:
    """Whether a ruling is about what these records say now."""
    return all(one.is_about(row, name) and one.saw(row, row.now.cells[name].value) for row in rows)


def _says(one: Ruling, name: str, loser: Claim, by: Claim) -> bool:
    both = all(one.is_about(claim.row, name) and one.saw(claim.row, claim.value) for claim in (loser, by))
    return both and one.winner is by.row.side


def founded(name: str, seen: tuple[Value, Value], known: tuple[set[int], set[int]]) -> bool:
    """Whether a person is asked with reason: the sides differ, and each has an edit that the other does not know."""
    return not equal(name, *seen) and bool(known[0] - known[1]) and bool(known[1] - known[0])
