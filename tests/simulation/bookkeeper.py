"""Who edited what, and what each write replaced. Of the product it asks nothing but what that has stored.

Every edit of a person has a number, and every cell of a remote knows the numbers of the edits that its value has taken
into account. Texts are unique, so a value that is written tells which state of the source it was taken from, and with
that, which edits its writer knew. A write onto a cell that holds edits which the writer did not know overrules them: it
has to stand on record when an answer had shown these edits, and fell into the window of rule 12 when none had.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from tests.simulation import contest
from tests.simulation.approved import Approved
from tests.simulation.belonging import Belonging, told
from tests.simulation.contest import Claim, Contests, Ruling
from tests.simulation.manners import FIELDS, equal, normal
from tests.simulation.remote import Cell, Row, State
from tests.simulation.stored import were_alike
from unified_api.engine.policy import DeleteRule, Direction, Policy, Winner
from unified_api.engine.values import Side, Value


@dataclass(frozen=True)
class Gave:
    """An edit of `row` gave way in a field: what stood there, and what replaced it."""

    row: Row
    field: str
    value: Value
    by: Value
    visible: bool


class Bookkeeper(Belonging):
    """The books of one history."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        super().__init__(policy)
        self.clock = clock
        self.contests = Contests()
        #: What a person has approved, where the bridge plans; None where it never had to ask.
        self.plan: Approved | None = None
        #: Whether a request still travels that nobody waits for.
        self.on_the_way: Callable[[], bool] = lambda: False
        self.arrived = 0
        #: When the writer of what arrives had looked at the record.
        self.since = float("inf")
        self.edits = 0
        self.windows = 0
        self.gave: list[Gave] = []
        #: Fields of what arrives that the product may have met for the first time.
        self.first: set[str] = set()
        #: Records that were written and have to be read back, as the answer does not show them; by which thread.
        self.unread: dict[Row, int] = {}
        #: Records that the thread of a worker wrote in what it is doing now.
        self.written: dict[int, list[Row]] = defaultdict(list)

    # --- what people do ---------------------------------------------------------------------------------

    def number(self) -> int:
        """The number of a new edit."""
        self.edits += 1
        self.contests.made[self.edits] = self.clock()
        return self.edits

    def _undated(self) -> int:
        """The number of an edit of which no answer tells when it was made."""
        self.contests.undated.add(number := self.number())
        return number

    def edit(self, row: Row, name: str, value: Value) -> None:
        """Somebody edits a field in their own system."""
        cell = row.now.cells[name]
        self.told.append(f"somebody makes {name} of {told(row)} {value!r}")
        if cell.value != value:
            self.remotes[row.side].change(row, {name: Cell(value, cell.known | {self.number()})})

    def born(self, side: Side, values: Mapping[str, Value]) -> Row:
        """Somebody makes a record."""
        row = self.remotes[side].add({n: Cell(values.get(n), frozenset({self._undated()})) for n in FIELDS})
        self.told.append(f"somebody makes {told(row)}: {dict(values)}")
        return row

    def remove(self, row: Row) -> None:
        """Somebody removes a record."""
        self.told.append(f"somebody removes {told(row)}")
        self.remotes[row.side].remove(row)

    def bring_back(self, row: Row) -> None:
        """Somebody has a removed record back."""
        self.told.append(f"somebody brings {told(row)} back")
        self.remotes[row.side].bring_back(row)

    def join(self, one: Row, other: Row) -> None:
        """Two records belong together."""
        self.told.append(f"{told(one)} and {told(other)} belong together")
        self.of(one).partner, self.of(other).partner = other, one

    def rule(self, ruling: Ruling) -> None:
        """A person decides what the product had shown as a conflict, which it has to be."""
        name, rows, seen = ruling.field, ruling.rows, ruling.seen
        self.told.append(
            f"somebody rules about {name} of {told(rows[0])} and {told(rows[1])}: {ruling.winner}, {seen}"
        )
        known = [self._known(row, name, value) for row, value in zip(rows, seen, strict=True)]
        doubtful = any(name in self.of(row).doubts or self.is_new(row, name) for row in rows)
        news = (known[0] - self.of(rows[1]).sure[name], known[1] - self.of(rows[0]).sure[name])
        founded = contest.founded(name, seen, news)
        self._blame(
            not founded and not doubtful, f"{name} of {told(rows[0])}: a person was asked without reason"
        )
        self._blame(not self.may_be_pair(*rows), f"{told(rows[0])} and {told(rows[1])} were taken for a pair")
        self._pair(*rows)
        self.contests.rulings.append(ruling)
        if ruling.winner is None:  # what was seen is agreed, different as it is
            for row, value, edits in zip(rows, seen, known, strict=True):
                self.of(row).agreed[name] = value
                self._settle(row, name, frozenset(edits))

    def _known(self, row: Row, name: str, value: Value) -> set[int]:
        """The edits that a value of a record had taken into account."""
        return set[int]().union(*(s.cells[name].known for _, s in row.past if s.cells[name].value == value))

    def approved(self, items: Iterable[tuple[Side, dict[str, Value]]]) -> None:
        """A person approves a plan."""
        self.told.append("somebody approves a plan")
        if self.plan is not None:
            self.plan.items += items

    def retold(self, policy: Policy, choosy: Side | None) -> None:
        """The bridge is told to carry less; a field that it does not name any more does not travel."""
        out = {n: replace(one, direction=Direction.NEVER) for n, one in self.policy.fields.items()}
        self.former.append(self.policy)
        self.policy = replace(policy, fields={**out, **policy.fields})
        if choosy is not self.choosy:
            self.choosy, self.choosy_since = choosy, self.clock()

    def _note_arrival(self, row: Row, sent: Mapping[str, Value]) -> None:
        self.arrived += 1
        unasked = self.plan is not None and self.plan.forbids(row, sent)
        self._blame(unasked, f"{told(row)} was written, {dict(sent)}, which no approved plan shows")

    # --- what the product sees --------------------------------------------------------------------------

    def served(self, shown: Iterable[tuple[Row, State]]) -> None:
        """An answer has arrived."""
        for row, state in shown:
            self.told.append(f"{told(row)} is shown: { {n: state.cells[n].value for n in FIELDS} }")
            if self.unread.get(row) == threading.get_ident():
                del self.unread[row]
            self._note_overtaken(row)
            self.of(row).moments.append(self.clock())
            self.of(row).names.add(normal(state.cells["name"].value))
            for name in FIELDS:
                self.of(row).shown[name] |= state.cells[name].known
                self.contests.shown(row, state.cells[name].known, self.clock())
            # What came late, of an older state, is not what it says.
            if state.version >= self.of(row).version:
                self.of(row).version = state.version
                for name in FIELDS:
                    self.of(row).last[name] = state.cells[name].value
                    self._note_agreement(row, name, state.cells[name])

    def _note_overtaken(self, row: Row) -> None:
        """Who stores this before the answer to a write is stored makes that late, and it teaches nothing any more."""
        mine = threading.get_ident()
        if not self.of(row).doubts and any(
            row in written for thread, written in self.written.items() if thread != mine
        ):
            self.unanswered(row)

    def _note_agreement(self, row: Row, name: str, cell: Cell) -> None:
        """What both sides were seen to say alike, and what went back to what was agreed, is no news."""
        mine, partner = self.of(row), self.maybe(row)
        if partner is None:
            return
        theirs = self.of(partner)
        a, b = (mine, theirs) if row.side is Side.A else (theirs, mine)
        alike = name in a.last and name in b.last and equal(name, a.last[name], b.last[name])
        for memory in (mine, theirs):
            if name in memory.alike or (alike and name not in memory.agreed):
                memory.alike[name] = alike
        if alike:
            for one in (row, partner):
                self._agree(one, name, one.now.cells[name], seen=self.of(one).last[name])
        elif name in mine.agreed and normal(cell.value) == normal(mine.agreed[name]):
            self._settle(row, name, cell.known)

    def _agree(self, row: Row, name: str, cell: Cell, *, seen: Value | None = None) -> None:
        value = cell.value if seen is None else seen
        self.of(row).agreed[name] = value
        self._settle(row, name, frozenset(self._known(row, name, value)))

    def unanswered(self, row: Row) -> None:
        """A write landed, and its answer did not arrive."""
        self.told.append(f"the answer about {told(row)} is lost")
        self.unread.pop(row, None)
        for one in (row, self.maybe(row)):
            if one is not None:
                self.of(one).doubts |= set(FIELDS)

    def broke_off(self, row: Row | None) -> None:
        """A worker gets no further with a record: what it has written of it already teaches nothing any more."""
        if row is not None and row in self.written[threading.get_ident()]:
            self.unanswered(row)

    def silenced(self, thread: int) -> None:
        """A worker died, or somebody else has its job by now: the answers that it had do not count."""
        for mine in self._books.values():
            mine.alike = dict.fromkeys(mine.alike, False)
        for row in self.written.pop(thread, []):
            self.unanswered(row)

    def forget(self, thread: int) -> None:
        """A worker is done: what it has not read back by now is as a lost answer, since others read it later."""
        self.written.pop(thread, None)
        for row in [row for row, reader in self.unread.items() if reader == thread]:
            self.unanswered(row)

    def _unseen(self, row: Row, name: str, edits: frozenset[int]) -> frozenset[int]:
        """Those that nobody was shown, or that were made after the writer had looked, whoever has read them since."""
        made, shown = self.contests.made, self.of(row).shown[name]
        return frozenset(edit for edit in edits if edit not in shown or made[edit] > self.since)

    # --- what the product writes ------------------------------------------------------------------------

    def landed(
        self, row: Row, sent: Mapping[str, Value], stored: Mapping[str, Value], *, create: bool
    ) -> dict[str, Cell]:
        """A write arrives; what becomes of the cells."""
        self.told.append(
            f"{told(row)} is {'created' if create else 'written'}: {dict(sent)}, stored {dict(stored)}"
        )
        self.written[threading.get_ident()].append(row)
        self._note_arrival(row, sent)
        if self.remotes[row.side].manners.answers == "none":
            self.unread[row] = threading.get_ident()
        if create:
            self._find_source(row, sent)
        self.first = {name for name in sent if self.is_new(row, name)}
        source = self._source(row, sent)
        cells = {
            name: self._land(row, name, sent[name], stored[name], source, create=create) for name in sent
        }
        if create:
            self.of(row).made_for = self.of(row).partner
        return cells

    def deleted(self, row: Row) -> None:
        """A delete arrives: its rule wants it, the counterpart is gone, and no edit that was shown is lost."""
        name_of, mine, partner = told(row), self.of(row), self.maybe(row)
        self.told.append(f"{name_of} is deleted")
        self._note_arrival(row, {})
        wanted = DeleteRule.PROPAGATE in self._rules(row.side)
        self._blame(not wanted, f"{name_of} was deleted, which no rule wants")
        self._blame(
            partner is None or not partner.now.gone, f"{name_of} was deleted, and its counterpart is there"
        )
        for name in FIELDS:
            theirs = partner.now.cells[name].known if partner else frozenset[int]()
            unknown = row.now.cells[name].known - theirs - mine.settled[name]
            unseen = self._unseen(row, name, unknown)
            self.windows += len(unseen)
            conditional = self.remotes[row.side].manners.conditional
            self._blame(
                bool(unseen) and conditional, f"{name} of {name_of}: a conditional delete met an unseen edit"
            )
            sure = bool(unknown - unseen) and name not in mine.doubts
            self._blame(sure, f"{name} of {name_of} was edited, and deleted all the same")

    def _land(
        self, row: Row, name: str, sent: Value, stored: Value, source: Row | None, *, create: bool
    ) -> Cell:
        old = row.now.cells[name]
        self._blame(
            not any(policy.fields[name].direction.reaches(row.side) for policy in self.policies),
            f"{name} was written to {row.side} against its direction",
        )
        if source is None:
            alone = not create and not self._is_ambiguous(row)
            self._blame(alone, f"{name} of {told(row)} was written, which has no counterpart")
            changes = not create and normal(stored) != normal(old.value)
            if changes:  # for the sake of one of several, and nobody can tell which
                self.gave.append(Gave(row, name, old.value, sent, visible=False))
            return Cell(stored, old.known)
        writer = self._writer(source, row.side, name, sent)
        if writer is None:
            self._blame(True, f"{name} of {told(row)} became {sent!r}, which the other side never held")
            return Cell(stored, old.known)
        if not create and normal(stored) != normal(old.value):
            self._judge(row, name, sent, source, writer)
        elif self._unseen(row, name, old.known):  # its own author replaced what the writer had seen
            self.gave.append(Gave(row, name, old.value, sent, visible=False))
        known = old.known | writer.known
        self._pair(row, source)
        self._settle(row, name, known)
        for one in (row, source):
            self.of(one).sure[name] |= known
        self.of(row).agreed[name], self.of(source).agreed[name] = stored, writer.value
        decided = stored != sent and name == "status"
        return Cell(stored, known | {self._undated()} if decided else known)

    def _judge(self, row: Row, name: str, sent: Value, source: Row, writer: Cell) -> None:
        """Edits that the writer did not know give way."""
        mine, old = self.of(row), row.now.cells[name]
        unknown = old.known - writer.known - mine.settled[name]
        unseen = self._unseen(row, name, unknown)
        news = writer.known - old.known - mine.sure[name]
        if unseen:
            self.windows += len(unseen)
            self._blame(
                self.remotes[row.side].manners.conditional,
                f"{name} of {told(row)}: a conditional write replaced an edit that it had not seen",
            )
        # Who matched by their names agreed on them, though nobody saw when.
        fills = name in self.first and (normal(old.value) is None or name == "name")
        if old.known - writer.known:
            # What was stored alike a bridge may have met before it was stored otherwise: nothing gave way.
            past = (self.stored(row), self.stored(source))
            met = name in self.first and were_alike(name, old.value, *past)
            visible = bool(unknown) and not unseen and not fills and not met
            self.gave.append(Gave(row, name, old.value, sent, visible=visible))
        limbo = name in self.first and name in mine.agreed
        sure = name not in mine.doubts and not unseen and not fills and not limbo
        if not unknown:
            echo = bool(old.known) and not news
            self._blame(sure and echo, f"{name} of {told(row)}: {sent!r} is an echo, and nobody's edit")
            return
        self._blame(sure and not news, f"{name} of {told(row)}: nobody's value replaced an edit")
        one = self.policy.fields[name]
        fixed = self.remotes[row.side.other].manners.fixed_fields
        # At first contact, a blank may be filled by whom it lacks.
        met = name not in self.first or one.winner is Winner.ASK
        both = one.direction is Direction.BOTH and met and name not in fixed
        wrong = sure and both and bool(news)
        loser, winner = Claim(row, old.value, unknown), Claim(source, writer.value, news)
        self._blame(
            wrong and self.contests.lost_wrongly(one, loser, winner),
            f"{name} of {told(row)}: the winner lost to {sent!r}",
        )
