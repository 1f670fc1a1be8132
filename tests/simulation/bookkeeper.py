"""Who edited what, and what each write replaced. It never asks the product.

Every edit of a person has a number, and every cell of a remote knows the numbers of the edits that its value has taken
into account. Texts are unique, so a value that is written tells which state of the source it was taken from, and with
that, which edits its writer knew. A write onto a cell that holds edits which the writer did not know overrules them: it
has to stand on record when an answer had shown these edits, and fell into the window of rule 12 when none had.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.simulation.manners import (
    FIELDS,
    TEXTS,
    default,
    equal,
    normal,
    translated,
)
from tests.simulation.remote import Cell, Remote, Row, State
from unified_api.engine.policy import Direction, Policy
from unified_api.engine.values import Side, Value

Known = frozenset[int]


@dataclass(frozen=True)
class Gave:
    """An edit of `row` gave way in a field: what stood there, and what replaced it."""

    row: Row
    field: str
    value: Value
    by: Value
    visible: bool


@dataclass
class Memory:
    """What is remembered of a record beside what its remote does: per field."""

    partner: Row | None = None
    #: Edits that an answer has shown.
    shown: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The value that an answer showed last.
    last: dict[str, Value] = field(default_factory=dict)
    #: The names by which answers have shown it.
    names: set[Value] = field(default_factory=set)
    #: Edits that are taken into account by both sides, or stand on record.
    settled: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The same, for certain: a write carried them over.
    sure: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The value last agreed.
    agreed: dict[str, Value] = field(default_factory=dict)
    #: Whether the product has shown that it knows of the counterpart, by a write.
    bound: bool = False
    #: Fields of which a write was not answered: the product cannot know what became of it.
    doubts: set[str] = field(default_factory=set)


class Bookkeeper:
    """The books of one history."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.remotes: dict[Side, Remote] = {}
        self.edits = 0
        self.windows = 0
        self.gave: list[Gave] = []
        self.wrongs: list[str] = []
        self.told: list[str] = []
        #: Records that were written and have to be read back, as the answer does not show them; by which thread.
        self.unread: dict[Row, int] = {}
        self._books: dict[Row, Memory] = defaultdict(Memory)

    def of(self, row: Row) -> Memory:
        """What is remembered of a record."""
        return self._books[row]

    # --- what people do ---------------------------------------------------------------------------------

    def number(self) -> int:
        """The number of a new edit."""
        self.edits += 1
        return self.edits

    def edit(self, row: Row, name: str, value: Value) -> None:
        """Somebody edits a field in their own system."""
        cell = row.now.cells[name]
        self.told.append(f"somebody makes {name} of {_told(row)} {value!r}")
        if cell.value != value:
            self.remotes[row.side].change(row, {name: Cell(value, cell.known | {self.number()})})

    def born(self, side: Side, values: Mapping[str, Value]) -> Row:
        """Somebody makes a record."""
        row = self.remotes[side].add({n: Cell(values.get(n), frozenset({self.number()})) for n in FIELDS})
        self.told.append(f"somebody makes {_told(row)}: {dict(values)}")
        return row

    def remove(self, row: Row) -> None:
        """Somebody removes a record."""
        self.told.append(f"somebody removes {_told(row)}")
        self.remotes[row.side].remove(row)

    def join(self, one: Row, other: Row) -> None:
        """Two records belong together."""
        self.told.append(f"{_told(one)} and {_told(other)} belong together")
        self.of(one).partner, self.of(other).partner = other, one

    # --- what the product sees --------------------------------------------------------------------------

    def served(self, shown: Iterable[tuple[Row, State]]) -> None:
        """An answer has arrived."""
        for row, state in shown:
            self.told.append(f"{_told(row)} is shown: { {n: state.cells[n].value for n in FIELDS} }")
            if self.unread.get(row) == threading.get_ident():
                del self.unread[row]
            self.of(row).names.add(normal(state.cells["name"].value))
            for name in FIELDS:
                self.of(row).shown[name] |= state.cells[name].known
                self.of(row).last[name] = state.cells[name].value
                self._note_agreement(row, name, state.cells[name])

    def _note_agreement(self, row: Row, name: str, cell: Cell) -> None:
        """What both sides were seen to say alike, and what went back to what was agreed, is no news."""
        mine, partner = self.of(row), self.maybe(row)
        if partner is None:
            return
        theirs = self.of(partner)
        a, b = (mine, theirs) if row.side is Side.A else (theirs, mine)
        if name in a.last and name in b.last and equal(name, a.last[name], b.last[name]):
            for one in (row, partner):
                self._agree(one, name, one.now.cells[name], seen=self.of(one).last[name])
        elif name in mine.agreed and normal(cell.value) == normal(mine.agreed[name]):
            self._settle(row, name, cell.known)

    def _agree(self, row: Row, name: str, cell: Cell, *, seen: Value | None = None) -> None:
        value = cell.value if seen is None else seen
        self.of(row).agreed[name] = value
        known = set[int]().union(*(s.cells[name].known for _, s in row.past if s.cells[name].value == value))
        self._settle(row, name, frozenset(known))

    def _settle(self, row: Row, name: str, known: Known) -> None:
        for one in (row, self.maybe(row)):
            if one is not None:
                self.of(one).settled[name] |= known

    def unanswered(self, row: Row) -> None:
        """A write landed, and its answer did not arrive."""
        self.told.append(f"the answer about {_told(row)} is lost")
        self.unread.pop(row, None)
        for one in (row, self.maybe(row)):
            if one is not None:
                self.of(one).doubts |= set(FIELDS)

    def forget(self, thread: int) -> None:
        """A worker is done: it reads nothing back any more."""
        self.unread = {row: reader for row, reader in self.unread.items() if reader != thread}

    # --- what the product writes ------------------------------------------------------------------------

    def landed(
        self, row: Row, sent: Mapping[str, Value], stored: Mapping[str, Value], *, create: bool
    ) -> dict[str, Cell]:
        """A write arrives; what becomes of the cells."""
        self.told.append(
            f"{_told(row)} is {'created' if create else 'written'}: {dict(sent)}, stored {dict(stored)}"
        )
        if self.remotes[row.side].manners.answers == "none":
            self.unread[row] = threading.get_ident()
        if create:
            self._find_source(row, sent)
        return {name: self._land(row, name, sent[name], stored[name], create=create) for name in sent}

    def _land(self, row: Row, name: str, sent: Value, stored: Value, *, create: bool) -> Cell:
        old, source = row.now.cells[name], self._source(row, name, sent)
        self._blame(
            not self.policy.fields[name].direction.reaches(row.side),
            f"{name} was written to {row.side} against its direction",
        )
        if source is None:
            alone = not create and not self._is_ambiguous(row)
            self._blame(alone, f"{name} of {_told(row)} was written, which has no counterpart")
            return Cell(stored, old.known)
        writer = self._writer(source, row.side, name, sent)
        if writer is None:
            self._blame(True, f"{name} of {_told(row)} became {sent!r}, which the other side never held")
            return Cell(stored, old.known)
        if not create and normal(stored) != normal(old.value):
            self._judge(row, name, sent, writer)
        known = old.known | writer.known
        self._pair(row, source)
        self._settle(row, name, known)
        for one in (row, source):
            self.of(one).sure[name] |= known
        self.of(row).agreed[name], self.of(source).agreed[name] = stored, writer.value
        decided = stored != sent and name == "status"
        return Cell(stored, known | {self.number()} if decided else known)

    def _judge(self, row: Row, name: str, sent: Value, writer: Cell) -> None:
        """Edits that the writer did not know give way."""
        mine, old = self.of(row), row.now.cells[name]
        unknown = old.known - writer.known - mine.settled[name]
        unseen = unknown - mine.shown[name]
        news = writer.known - old.known - mine.sure[name]
        if unseen:
            self.windows += len(unseen)
            self._blame(
                self.remotes[row.side].manners.conditional,
                f"{name} of {_told(row)}: a conditional write replaced an edit that it had not seen",
            )
        # Who matched by their names agreed on them, though nobody saw when.
        fills = name not in mine.agreed and (normal(old.value) is None or name == "name")
        if old.known - writer.known:
            visible = bool(unknown) and not unseen and not fills
            self.gave.append(Gave(row, name, old.value, sent, visible=visible))
        if not unknown:
            return
        sure = name not in mine.doubts and not unseen and not fills
        self._blame(sure and not news, f"{name} of {_told(row)}: nobody's value replaced an edit")
        one = self.policy.fields[name]
        fixed = self.remotes[row.side.other].manners.fixed_fields
        both = one.direction is Direction.BOTH and name in mine.agreed and name not in fixed
        self._blame(
            sure and both and bool(news) and one.winner.value == row.side.value,
            f"{name} of {_told(row)}: the winner lost to {sent!r}",
        )

    def _writer(self, source: Row, to: Side, name: str, sent: Value) -> Cell | None:
        """The state of the source that the value was taken from, with all edits that it may have known."""
        cells = [state.cells[name] for _, state in source.past]
        exact = [cell for cell in cells if translated(name, cell.value, to) == sent]
        found = exact or [cell for cell in cells if normal(cell.value) == normal(sent) and name in TEXTS]
        if not found:
            return None
        return Cell(found[-1].value, frozenset[int]().union(*(cell.known for cell in found)))

    # --- who belongs to whom ----------------------------------------------------------------------------

    def maybe(self, row: Row) -> Row | None:
        """The counterpart of a record, or else the one record that answers have shown by a name of it."""
        if partner := self.of(row).partner:
            return partner
        others = self.remotes[row.side.other].rows.values()
        found = [other for other in others if self.of(other).names & self.of(row).names]
        return found[0] if len(found) == 1 and self.of(found[0]).partner is None else None

    def _source(self, row: Row, name: str, sent: Value) -> Row | None:
        """Where a value came from: the counterpart, or a namesake that held it."""
        if partner := self.of(row).partner:
            return partner
        found = [one for one in self._namesakes(row) if not self._is_paired(one)]
        found = [one for one in found if self._writer(one, row.side, name, sent)]
        if len(found) > 1:
            now = normal(self.of(row).last.get("name"))
            found = [one for one in found if normal(self.of(one).last.get("name")) == now]
        return found[0] if len(found) == 1 else None

    def _find_source(self, made: Row, sent: Mapping[str, Value]) -> None:
        """The record whose counterpart was created; what had no reason to travel is agreed as it stands."""
        others = self.remotes[made.side.other].rows.values()
        named = [row for row in others if _had(row, sent.get("name"))]
        free = [row for row in named if not self._is_paired(row)]
        self._blame(not named, f"{sent.get('name')!r} was created, which the other side never held")
        self._blame(bool(named) and not free, f"a second counterpart of {sent.get('name')!r} was created")
        self._blame(
            self._was_found(made, sent), f"{sent.get('name')!r} was created, which its search had shown"
        )
        if len(free) > 1:  # no answer has shown the others by this name
            free = [row for row in free if normal(sent.get("name")) in self.of(row).names]
        if len(free) != 1:
            return
        (source,) = free
        self._pair(source, made)
        for name in FIELDS:
            cell = source.now.cells[name]
            if name not in sent and (normal(cell.value) is None or not self._reaches(name, made.side)):
                self._settle(source, name, cell.known)
                self.of(source).agreed[name], self.of(made).agreed[name] = cell.value, default(name)

    def _was_found(self, made: Row, sent: Mapping[str, Value]) -> bool:
        """Whether the search before a create has shown a record that it doubles.

        One that was renamed may be paired by its old name, and is left out.
        """
        name = normal(sent.get("name"))
        found = [row for row in self.remotes[made.side].found.get(str(name), []) if not row.now.gone]
        return any(
            not self._is_paired(row) and all(normal(s.cells["name"].value) == name for _, s in row.past)
            for row in found
        )

    def _is_paired(self, row: Row) -> bool:
        """Whether a record has a counterpart as far as the product can know; a removed one may never have been seen."""
        partner = self.of(row).partner
        known = self.of(row).bound and not self.of(row).doubts
        return partner is not None and (known or not partner.now.gone)

    def _pair(self, one: Row, other: Row) -> None:
        self.of(one).partner, self.of(other).partner = other, one
        self.of(one).bound = self.of(other).bound = True

    def _reaches(self, name: str, side: Side) -> bool:
        return self.policy.fields[name].direction.reaches(side)

    def _namesakes(self, row: Row) -> list[Row]:
        others = self.remotes[row.side.other].rows.values()
        names = {normal(state.cells["name"].value) for _, state in row.past}
        return [other for other in others if any(_had(other, name) for name in sorted(names, key=str))]

    def _is_ambiguous(self, row: Row) -> bool:
        return len(self._namesakes(row)) != 0

    def _blame(self, wrong: bool, sentence: str) -> None:  # noqa: FBT001 - reads as: blame if
        if wrong:
            self.wrongs.append(sentence)


def _had(row: Row, name: Value) -> bool:
    """Whether the record ever had this name."""
    return any(normal(state.cells["name"].value) == normal(name) for _, state in row.past)


def _told(row: Row) -> str:
    return f"{row.side}/{row.id}"
