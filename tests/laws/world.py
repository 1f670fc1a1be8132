"""Two simulated remotes, a mirror of each, a wire, and a bookkeeper who knows who edited what.

The engine sees what the shell would show it: the mirrored records, and the outcome of its writes. The
bookkeeper sees more: every edit has a number, and every cell knows the numbers of the edits that its value
has taken into account. So it can tell an edit that was replaced by somebody who knew it from one that was
lost. It does its own comparing, by tables, and never asks the engine what is equal.

What goes wrong between the two is collected in `wrongs`, each in a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from tests.laws.remote import (
    STATUS_TO_A,
    STATUS_TO_B,
    Cell,
    Remote,
    Wire,
    default,
    fault,
    normal,
    refusable,
    spelt,
)
from unified_api.engine.events import (
    Answered,
    Create,
    Dropped,
    Effect,
    Event,
    Look,
    Lost,
    Overruled,
    Problem,
    Push,
    Record,
    Settled,
)
from unified_api.engine.pair import Move, Pair
from unified_api.engine.plan import plan
from unified_api.engine.policy import Direction, Policy
from unified_api.engine.values import Both, Side, Value
from unified_api.engine.weigh import Access


class World:
    """A history in the making. Each public method is one thing that can happen; some do nothing."""

    def __init__(self, policy: Policy, access: Both[Access], remotes: Both[Remote], pair: Pair) -> None:
        self.policy, self.access, self.remotes = policy, access, remotes
        self.mirror: Both[dict[str, Cell] | None] = Both(None, None)
        self.pair = pair
        self.wire: Wire | None = None
        self.agreed: Both[dict[str, Value]] = Both(dict(pair.base.a), dict(pair.base.b))
        self.problems: tuple[Problem, ...] = ()
        self.overruled: list[Overruled] = []
        self.wrongs: list[str] = []
        self.settled = False
        self.doubts: set[str] = set()  # fields whose last write has an outcome that nobody knows
        self.left: set[str] = set()  # fields that had no reason to travel to a new record
        self.edits = 0
        self.windows = 0

    def __repr__(self) -> str:
        fields = [
            (o.name, o.direction.value, o.winner.value, o.first.value) for o in self.policy.fields.values()
        ]
        return (
            f"World({self.remotes.a.manners}, {self.remotes.b.manners}, {fields}, {self.pair}, {self.wrongs})"
        )

    # --- what people and remotes do ---------------------------------------------------------------------

    def edit(self, side: Side, name: str, value: Value) -> None:
        """Somebody edits a record in their own system."""
        remote = self.remotes[side]
        if remote.cells is None or remote.cells[name].value == value:
            return
        known = remote.cells[name].known | {self.number()}
        remote.cells[name] = Cell(spelt(remote.manners, value), known)
        remote.version += 1

    def number(self) -> int:
        """The number of a new edit."""
        self.edits += 1
        return self.edits

    def poll(self, side: Side) -> None:
        """The mirror reads the remote."""
        remote = self.remotes[side]
        if remote.cells is None:
            return
        for name in sorted(remote.unspelt):
            self._respell(remote, name)
        remote.unspelt.clear()
        remote.read_at = remote.version
        self.mirror = self.mirror.having(side, dict(remote.cells))

    def _respell(self, remote: Remote, name: str) -> None:
        assert remote.cells is not None
        cell = remote.cells[name]
        value = spelt(remote.manners, cell.value)
        if value != cell.value:  # a robot's edit, but an edit
            remote.cells[name] = Cell(value, cell.known | {self.number()})
            remote.version += 1

    # --- what the shell does ----------------------------------------------------------------------------

    def look(self) -> None:
        """The pair is dirty: show the engine both mirrored records."""
        if self.mirror.a is None and self.mirror.b is None:
            return
        if self.pair.sent is None:
            self._note_agreement()
        self._tell(Look(record(self.mirror.a), record(self.mirror.b)))

    def _tell(self, event: Event) -> tuple[Effect, ...]:
        stored = Pair.load(json.loads(json.dumps(self.pair.as_data())))
        pair, effects = plan(stored, event, policy=self.policy, access=self.access)
        again = plan(stored, event, policy=self.policy, access=self.access)
        self._blame(again != (pair, effects), "the same pair and event gave two outcomes")
        self.pair = pair
        if isinstance(event, Look):
            self.problems = tuple(one for one in effects if isinstance(one, Problem))
        self.settled = any(isinstance(one, Settled) for one in effects)
        for effect in effects:
            if isinstance(effect, Push):
                self._send(effect)
            elif isinstance(effect, Overruled):
                self.overruled.append(effect)
        return effects

    def _send(self, push: Push) -> None:
        self._blame(self.wire is not None, "a second write left while one was in flight")
        access = self.access[push.to]
        allowed = access.create if isinstance(push, Create) else access.update
        self._blame(
            not set(push.fields) <= allowed, f"{sorted(push.fields)} sent, only {sorted(allowed)} can be"
        )
        source, target = self.mirror[push.to.other] or {}, self.mirror[push.to] or {}
        blank = Cell(None)
        self.wire = Wire(
            push,
            {name: source[name].known for name in push.fields},
            {name: target.get(name, blank).known for name in push.fields},
            self.remotes[push.to].read_at,
            {name: source[name].value for name in push.fields},
        )
        for move in push.moves:
            self._judge(move, push.to)
            wrong_way = not self.policy.fields[move.field].direction.reaches(push.to)
            self._blame(wrong_way, f"{move.field}: sent to {push.to} against its direction")

    def _judge(self, move: Move, to: Side) -> None:
        """What the engine means to do, against what the bookkeeper knows."""
        name, overrules = move.field, move.overrules
        assert self.wire is not None
        gives_way = self.wire.saw[name] - self.wire.knows[name]
        news = self.wire.knows[name] - self.wire.saw[name]
        fresh = name in self.agreed.a or name in self.agreed.b
        blank = self.mirror[to] is None or normal(self.mirror[to][name].value) is None  # type: ignore[index]
        self._blame(
            bool(gives_way) and not overrules and (fresh or not blank), f"{name}: an edit of {to} is lost"
        )
        sure = name not in self.doubts
        self._blame(overrules and sure and not gives_way and fresh, f"{name}: a conflict that nobody caused")
        self._blame(sure and not news and bool(gives_way), f"{name}: nobody's value replaces an edit of {to}")
        both_ways = self.policy.fields[name].direction is Direction.BOTH
        lost_anyway = both_ways and bool(news) and bool(gives_way) and fresh and sure
        self._blame(
            lost_anyway and self.policy.fields[name].winner.value == to, f"{name}: the winner {to} lost"
        )
        self._blame(fresh and not news and not overrules, f"{name}: written to {to} though nobody edited it")

    # --- what the wire does -----------------------------------------------------------------------------

    def land(self) -> None:
        """The write reaches the remote."""
        if self.wire is None or self.wire.landed:
            return
        wire, remote = self.wire, self.remotes[self.wire.push.to]
        wire.landed = True
        if isinstance(wire.push, Create):
            self._land_create(wire, remote)
        else:
            self._land_update(wire, remote)

    def _land_create(self, wire: Wire, remote: Remote) -> None:
        refusal = fault(remote.manners, wire.push.fields)
        if refusal:
            wire.outcome = refusal
            return
        self._blame(remote.creates > 0, "a second record was created")
        source = self.mirror[wire.push.to.other] or {}
        remote.creates += 1
        remote.cells = {name: Cell(default(name, wire.push.to)) for name in self.policy.fields}
        self._write(wire, remote)
        for name, cell in source.items():
            self._leave(name, wire.push.to, cell)

    def _leave(self, name: str, to: Side, cell: Cell) -> None:
        """What had no reason to travel to a new record is agreed as it stands."""
        if normal(cell.value) is None or not self.policy.fields[name].direction.reaches(to):
            self._share(name, to, cell.known)
            self.agreed[to.other][name], self.agreed[to][name] = cell.value, default(name, to)
            self.left.add(name)

    def _land_update(self, wire: Wire, remote: Remote) -> None:
        refusal = fault(remote.manners, wire.push.fields)
        if remote.manners.conditional and remote.version != wire.version:
            refusal = Dropped()
        if refusal:
            wire.outcome = refusal
            return
        self._write(wire, remote)

    def _write(self, wire: Wire, remote: Remote) -> None:
        assert remote.cells is not None
        remote.writes += 1
        remote.version += 1
        for name, value in wire.push.fields.items():
            if remote.manners.refusal == "silent" and refusable(value):
                continue
            self._overwrite(wire, remote, name, value)
        terse = remote.manners.terse and not isinstance(wire.push, Create)
        answered = wire.push.fields if terse else remote.cells
        wire.outcome = Answered({name: remote.cells[name].value for name in answered})

    def _overwrite(self, wire: Wire, remote: Remote, name: str, value: Value) -> None:
        assert remote.cells is not None
        cell, create = remote.cells[name], isinstance(wire.push, Create)
        late = remote.manners.late and not create
        decided = remote.manners.decides and value == "closed"
        stored = "waiting" if decided else value if late else spelt(remote.manners, value)
        unchanged = normal(stored) == normal(cell.value)
        if (create and decided) or (unchanged and not create and cell.known == wire.saw[name]):
            remote.cells[name] = replace(cell, value=stored)
            return
        if cell.known - wire.saw[name] - wire.knows[name] and not unchanged:
            self.windows += 1  # rule 12: edited after the read, overwritten unseen
        wire.took.add(name)
        wire.took.add(name)
        self.doubts.discard(name)
        self.left.discard(name)
        remote.unspelt |= {name} if late else set()
        known = cell.known | wire.knows[name]
        remote.cells[name] = Cell(stored, known | {self.number()} if decided else known)
        self._share(name, wire.push.to.other, known)
        self.agreed[wire.push.to.other][name] = wire.source[name]
        self.agreed[wire.push.to][name] = value if decided else stored

    def answer(self) -> None:
        """The outcome of the write comes back, and the mirror stores what was answered."""
        if self.wire is None or self.wire.outcome is None:
            return
        wire, self.wire = self.wire, None
        assert wire.outcome is not None
        self._tell_outcome(wire, wire.outcome)

    def lose(self) -> None:
        """The answer is lost. Updates are read back; creates are looked for."""
        if self.wire is None:
            return
        wire, self.wire = self.wire, None
        remote = self.remotes[wire.push.to]
        if isinstance(wire.push, Create):
            self._tell(Lost())
            found = wire.landed and isinstance(wire.outcome, Answered)
            for name in wire.took:
                self._note_read_back(wire.push.to, name, wire.push.fields[name])
            self.doubts |= set(self.policy.fields) if found else set()
            self._tell_outcome(wire, Lost(remote.values(), landed=True) if found else Dropped())
            return
        self.poll(wire.push.to)
        for name in wire.took:
            self._note_read_back(wire.push.to, name, wire.push.fields[name])
        wrote = bool(wire.took)
        reverted = any(remote.values()[name] != self.agreed[wire.push.to].get(name) for name in wire.took)
        told = wrote if remote.manners.versioned or reverted else None
        for name, value in wire.push.fields.items() if told is None else ():
            self._note_coincidence(wire, name, value)
            self.doubts |= {name} if normal(remote.values()[name]) != normal(value) else set()
        self._tell_outcome(wire, Lost(remote.values(), told))

    def _note_read_back(self, side: Side, name: str, sent: Value) -> None:
        """A spelling that came with no answer is news, as if somebody had typed it."""
        cells = self.remotes[side].cells
        if cells is not None and normal(cells[name].value) != normal(sent):
            cells[name] = replace(cells[name], known=cells[name].known | {self.number()})
            self.agreed[side][name] = sent
            self.poll(side)

    def _note_coincidence(self, wire: Wire, name: str, sent: Value) -> None:
        """Who reads back what was sent cannot know that somebody typed the same."""
        to = wire.push.to
        cells = self.remotes[to].cells
        if cells is not None and name not in wire.took and normal(cells[name].value) == normal(sent):
            self._share(name, to.other, cells[name].known)
            self._share(name, to, wire.knows[name])
            self.agreed[to.other][name], self.agreed[to][name] = wire.source[name], cells[name].value

    def drop(self) -> None:
        """The write never left."""
        if self.wire is not None and not self.wire.landed:
            wire, self.wire = self.wire, None
            self._tell_outcome(wire, Dropped())

    def _tell_outcome(self, wire: Wire, outcome: Event) -> None:
        if isinstance(outcome, (Answered, Lost)):
            self.poll(wire.push.to)
        before = len(self.overruled)
        self._tell(outcome)
        told = {one.field for one in self.overruled[before:]}
        meant = {move.field for move in wire.push.moves if move.overrules}
        unsure = isinstance(outcome, Lost) and not outcome.landed  # may say too much then, not too little
        most = meant if unsure else meant & wire.took
        self._blame(not meant & wire.took <= told <= most, f"{sorted(most)} gave way, told of {sorted(told)}")
        for one in self.overruled[before:]:
            self._blame(one.side is not wire.push.to, f"{one.field}: overruled on the wrong side")

    # --- the bookkeeper ---------------------------------------------------------------------------------

    def _note_agreement(self) -> None:
        """What is equal when both are read has been taken into account by both; so has what went back."""
        if self.mirror.a is None or self.mirror.b is None:
            return
        for name in self.policy.fields:
            held = Both(self.mirror.a[name], self.mirror.b[name])
            if self.equal(name, held.a.value, held.b.value):
                self.agreed.a[name], self.agreed.b[name] = held.a.value, held.b.value
                self.doubts.discard(name)
            for side in Side:
                if name in self.agreed[side] and normal(held[side].value) == normal(self.agreed[side][name]):
                    self._share(name, side.other, held[side].known)

    def _share(self, name: str, side: Side, known: frozenset[int]) -> None:
        for cells in (self.remotes[side].cells, self.mirror[side]):
            if cells is not None:
                cells[name] = replace(cells[name], known=cells[name].known | known)

    def equal(self, name: str, a: Value, b: Value) -> bool:
        """Whether the two sides say the same, by the tables of this file."""
        if name != "status":
            return normal(a) == normal(b)
        return STATUS_TO_B.get(str(a), "?") == b or STATUS_TO_A.get(str(b), "?") == a or a == b is None

    def writes(self) -> int:
        """Writes that reached a remote, ever."""
        return self.remotes.a.writes + self.remotes.b.writes

    def _blame(self, wrong: bool, sentence: str) -> None:  # noqa: FBT001 -- reads as: blame if
        if wrong:
            self.wrongs.append(sentence)


def record(cells: Mapping[str, Cell] | None) -> Record | None:
    """What the shell would show the engine of a mirrored record."""
    return None if cells is None else Record({name: cell.value for name, cell in cells.items()})
