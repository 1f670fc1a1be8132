"""Two simulated remotes, a mirror of each, a wire between, and people who edit, delete and decide.

The engine sees what the shell would show it: the mirrored records, and the outcome of its writes. The bookkeeper sees
more, see `ledger`; the world tells it what happens.
"""

from __future__ import annotations

import json
from dataclasses import replace

from tests.laws import wires
from tests.laws.fields import OWNER_TO_A, OWNER_TO_B, normal
from tests.laws.ledger import Law, Ledger
from tests.laws.remote import Cell, Remote, Seen, Wire, spelt
from unified_api.engine.events import (
    Answered,
    Contest,
    Create,
    Delete,
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
    Span,
    Withheld,
)
from unified_api.engine.pair import Pair, Ruling
from unified_api.engine.plan import plan
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Value
from unified_api.engine.weigh import Access


class World:
    """A history in the making. Each public method is one thing that can happen; some do nothing."""

    def __init__(self, policy: Policy, access: Both[Access], remotes: Both[Remote], pair: Pair) -> None:
        self.access, self.remotes, self.pair = access, remotes, pair
        self.ledger = Ledger(policy, remotes, Both(None, None), Both({}, {}))
        self.closed: frozenset[Side] = frozenset()
        self.wire: Wire | None = None
        self.problems: tuple[Problem, ...] = ()
        self.contests: tuple[Contest, ...] = ()
        self.effects: tuple[Effect, ...] = ()
        self.overruled: list[Overruled] = []
        self.sent: list[Push | Delete] = []
        self.windows = 0
        self.time = 0

    def __repr__(self) -> str:
        return (
            f"World({self.remotes.a.manners}, {self.remotes.b.manners}, {self.ledger.policy}, {self.pair}, "
            f"{self.ledger.wrongs})"
        )

    @property
    def policy(self) -> Policy:
        """What the bridge wants at this moment."""
        return self.ledger.policy

    @property
    def mirror(self) -> Both[Seen | None]:
        """What is known of both records."""
        return self.ledger.mirror

    # --- what people and remotes do ---------------------------------------------------------------------

    def edit(self, side: Side, cell: str, value: Value) -> None:
        """Somebody edits a record in their own system."""
        remote = self.remotes[side]
        if remote.cells is None or remote.gone or remote.cells[cell].value == value:
            return
        known = remote.cells[cell].known | {self.ledger.number()}
        remote.cells[cell] = Cell(spelt(remote.manners, cell, value), known, self.time)
        remote.version += 1

    def delete(self, side: Side) -> None:
        """Somebody deletes a record in their own system."""
        if self.remotes[side].lives:
            self.remotes[side].gone = True

    def cross(self, side: Side, outside: bool) -> None:  # noqa: FBT001 - where it stands then
        """A record leaves the filter, or comes back."""
        self.remotes[side].outside = outside

    def close(self, side: Side, closed: bool) -> None:  # noqa: FBT001 - what it is then
        """Somebody closes the way to a side, or opens it."""
        self.closed = self.closed | {side} if closed else self.closed - {side}

    def rule(self, winner: Side | None) -> None:
        """Somebody decides the first contest that is shown, by the values that they see."""
        if self.contests:
            ruling = Ruling(self.contests[0].field, winner, self.contests[0].now)
            kept = tuple(one for one in self.pair.rulings if one.field != ruling.field)
            self.pair = replace(self.pair, rulings=(*kept, ruling))
            self.ledger.ruled[ruling.field] = winner

    def introduce(self) -> None:
        """The record that an owner refers to is paired."""
        if "owner" in self.policy.fields:
            self.ledger.policy = self.policy.speaking({"owner": Both(OWNER_TO_A, OWNER_TO_B)})

    def poll(self, side: Side) -> None:
        """The mirror reads the remote."""
        remote = self.remotes[side]
        if remote.cells is None:
            return
        for cell in sorted(remote.unspelt):
            self._respell(remote, cell)
        remote.unspelt.clear()
        remote.read_at = remote.version
        seen = Seen(dict(remote.cells), remote.gone, remote.outside)
        self.ledger.mirror = self.mirror.having(side, seen)

    def _respell(self, remote: Remote, cell: str) -> None:
        assert remote.cells is not None
        held = remote.cells[cell]
        value = spelt(remote.manners, cell, held.value)
        if value != held.value:  # a robot's edit, but an edit
            remote.cells[cell] = Cell(value, held.known | {self.ledger.number()}, self.time)
            remote.version += 1

    # --- what the shell does ----------------------------------------------------------------------------

    def look(self) -> None:
        """The pair is dirty: show the engine both mirrored records."""
        if self.mirror.a is None and self.mirror.b is None:
            return
        if self.pair.sent is None:
            self.ledger.note_agreement(self.pair)
        effects = self._tell(self.shown())
        self.problems = tuple(one for one in effects if isinstance(one, Problem))
        self.contests = tuple(one for one in effects if isinstance(one, Contest))

    def record(self, side: Side) -> Record | None:
        """What the shell would show the engine of a mirrored record."""
        seen, clock = self.mirror[side], self.remotes[side].manners.clock
        if seen is None:
            return None
        values = wires.composed({cell: held.value for cell, held in seen.cells.items()}, side)
        if clock is None:
            return Record(values, seen.gone, seen.outside)
        times = {name: self.ledger.edited(wires.CELLS[name][0], side) for name in self.policy.fields}
        edited = {n: Span.around(clock.shows(at), clock.doubt) for n, at in times.items() if at is not None}
        return Record(values, seen.gone, seen.outside, edited)

    def _tell(self, event: Event) -> tuple[Effect, ...]:
        stored = Pair.load(json.loads(json.dumps(self.pair.as_data())))
        pair, effects = plan(stored, event, policy=self.policy, access=self.access, closed=self.closed)
        if self.time % 4 == 0:
            again = plan(stored, event, policy=self.policy, access=self.access, closed=self.closed)
            self.ledger.blame(Law.PURE, again != (pair, effects), "the same pair and event gave two outcomes")
        self.pair, self.effects = pair, effects
        for effect in effects:
            if isinstance(effect, Push | Delete):
                self._send(effect)
            elif isinstance(effect, Overruled):
                self.overruled.append(effect)
        return effects

    @property
    def rests(self) -> bool:
        """Whether nothing is to be done until something happens."""
        waits = any(isinstance(one, Settled | Withheld) for one in self.effects)
        return self.wire is None and waits

    def shown(self) -> Look:
        """Both mirrored records, as the shell would show them."""
        return Look(self.record(Side.A), self.record(Side.B))

    def _send(self, push: Push | Delete) -> None:
        self.ledger.blame(Law.SINGLE, self.wire is not None, "a second write left while one was in flight")
        self.sent.append(push)
        self.wire = wires.wire(push, self.ledger)
        wires.inspect(self.wire, self.ledger, self.access[push.to], self.closed)

    # --- what the wire does -----------------------------------------------------------------------------

    def land(self) -> None:
        """The write reaches the remote."""
        if self.wire is None or self.wire.landed:
            return
        self.wire.landed = True
        self.windows += wires.land(self.wire, self.ledger)

    def answer(self) -> None:
        """The outcome of the write comes back, and the mirror stores what was answered."""
        if self.wire is None or self.wire.outcome is None:
            return
        wire, self.wire = self.wire, None
        assert wire.outcome is not None
        self._tell_outcome(wire, wire.outcome)

    def drop(self) -> None:
        """The write never left."""
        if self.wire is not None and not self.wire.landed:
            wire, self.wire = self.wire, None
            self._tell_outcome(wire, Dropped())

    def lose(self) -> None:
        """The answer is lost. Updates are read back; creates are looked for."""
        if self.wire is None:
            return
        wire, self.wire = self.wire, None
        to, remote = wire.push.to, self.remotes[wire.push.to]
        if isinstance(wire.push, Delete):
            self._tell_outcome(wire, Lost())
        elif isinstance(wire.push, Create):
            self._lose_create(wire, remote)
        elif remote.gone:
            self.ledger.doubts |= set(wire.knows)
            self.poll(to)
            self._tell_outcome(wire, Lost(gone=True))
        else:
            self._lose_update(wire, to, remote)

    def _lose_create(self, wire: Wire, remote: Remote) -> None:
        self._tell(Lost())
        made = wire.landed and isinstance(wire.outcome, Answered)
        found = made and remote.lives  # else it was removed before anybody found it
        for cell in wire.took if found else ():
            self._note_read_back(wire, cell)
        self.ledger.doubts |= set(self.ledger.cells) if made else set()
        self._tell_outcome(wire, Lost(remote.values(), landed=True) if found else Dropped())

    def _lose_update(self, wire: Wire, to: Side, remote: Remote) -> None:
        self.poll(to)
        for cell in wire.took:
            self._note_read_back(wire, cell)
        wrote = bool(wire.took)
        reverted = any(remote.holds(cell) != self.ledger.agreed[to].get(cell) for cell in wire.took)
        told = wrote if remote.manners.versioned or reverted else None
        for cell, value in wires.meant(wire).items() if told is None else ():
            self._note_coincidence(wire, cell, value)
            held, before = remote.holds(cell), wire.before[cell].value
            untouched = cell not in wire.took and normal(cell, held) == normal(cell, before)
            if normal(cell, held) != normal(cell, value) and not untouched:
                self.ledger.doubts.add(cell)
        self._tell_outcome(wire, Lost(remote.values(), told))

    def _note_read_back(self, wire: Wire, cell: str) -> None:
        """A spelling that came with no answer is news, as if somebody had typed it."""
        side, sent = wire.push.to, wires.meant(wire)[cell]
        cells = self.remotes[side].cells
        if cells is not None and normal(cell, cells[cell].value) != normal(cell, sent):
            known = cells[cell].known | {self.ledger.number()}
            cells[cell] = replace(cells[cell], known=known)
            self.ledger.agreed[side][cell] = sent
            self.poll(side)

    def _note_coincidence(self, wire: Wire, cell: str, sent: Value) -> None:
        """Who reads back what was sent cannot know that somebody typed the same."""
        to, cells = wire.push.to, self.remotes[wire.push.to].cells
        if cells is None or cell in wire.took or normal(cell, cells[cell].value) != normal(cell, sent):
            return
        self.ledger.share(cell, to.other, cells[cell].known)
        self.ledger.share(cell, to, wire.knows[cell])
        self.ledger.agreed[to.other][cell] = wire.source[cell].value
        self.ledger.agreed[to][cell] = cells[cell].value

    def _tell_outcome(self, wire: Wire, outcome: Event) -> None:
        if isinstance(outcome, Answered | Lost):
            self.poll(wire.push.to)
        before = len(self.overruled)
        self._tell(outcome)
        wires.account(wire, outcome, self.overruled[before:], self.ledger)

    # --- what is counted --------------------------------------------------------------------------------

    def writes(self) -> int:
        """Writes that reached a remote, ever."""
        return self.remotes.a.writes + self.remotes.b.writes
