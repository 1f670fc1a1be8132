"""People who steer the bridge while it works: they stop it, have it plan, have it do less, and let it go on.

What leaves must be allowed at that moment: by a bridge that is not paused, to a side that is not closed, for a pair
that nobody paused, and by what the bridge is told now, which has to want all that it says. Whether it had to be shown
in a plan is for `approved`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.stage import FREQUENCY, Stage
from unified_api.engine.policy import DeleteRule, Direction, Policy
from unified_api.engine.values import Side
from unified_api.sync.bridge import changing, plans, steering
from unified_api.sync.bridge.wish import Wish
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair


@dataclass(frozen=True)
class Standing:
    """How a bridge, and a pair of it, stand at a moment."""

    version: int
    paused_by: str | None
    closed: Mapping[str, str]
    pair_paused_by: str | None
    policy: Policy

    def forbids(self, side: Side, write: Write) -> str:
        """Why a write to a side may not leave; empty if it may."""
        if self.paused_by:
            return "its bridge was paused"
        if side in self.closed:
            return "its side was closed"
        if self.pair_paused_by:
            return "its pair was paused"
        if write.bridge_version != self.version:
            return "its bridge had been told something else"
        if write.operation == "delete":
            return "" if self.policy.deletes[side] is DeleteRule.PROPAGATE else "no rule wants that"
        known = self.policy.fields
        held = [n for n in write.values if n not in known or not known[n].direction.reaches(side)]
        return f"{', '.join(held)} may not travel there" if held else ""


class Steered:
    """Who steers in one history. owner: a connection that sees all that is committed. counts: what they did."""

    def __init__(self, stage: Stage, books: Bookkeeper, owner: Any, chance: Random) -> None:
        self.stage, self.books, self.owner, self.chance = stage, books, owner, chance
        #: What the bridge is told.
        self.wish = stage.wish
        self.counts: Counter[str] = Counter()

    def act(self) -> None:
        """Somebody steers, or lets go what was stopped."""
        act = self.chance.choice(
            [
                self._pause,
                self._close,
                self._pause_pair,
                self._plan,
                self._plan,
                self._tell,
                self._narrow,
                self._narrow,
            ]
        )
        self.books.told.append(f"   {act.__name__}")
        self.counts["steered"] += 1
        before = self.wish
        self.stage.of(act)
        if self.wish is not before:
            self.books.retold(
                self.stage.policy, next((side for side in Side if side in self.wish.filter), None)
            )

    def let_go(self) -> None:
        """Nothing is stopped any more."""
        self.stage.of(self._let_go)

    def left(self, write: Write) -> None:
        """A write leaves: nothing may forbid it at this moment."""
        side = self.stage.side_of(write)
        if why := self._standing(write).forbids(side, write):
            self.books.wrongs.append(f"a {write.operation} left to {side}, though {why}")

    def _standing(self, write: Write) -> Standing:
        row = self.owner.execute(
            "SELECT version, paused_by, closed, (SELECT paused_by FROM sync_pair WHERE id = %s),"
            " configuration -> 'policy' FROM sync_bridge WHERE id = %s",
            [write.pair_id, self.stage.bridge],
        ).fetchone()
        version, paused_by, closed, pair_paused_by, policy = row
        return Standing(version, paused_by, closed, pair_paused_by, Policy.parse(policy))

    def _bridge(self) -> Bridge:
        bridge: Bridge = Bridge.objects.get(id=self.stage.bridge)
        return bridge

    def _pause(self) -> None:
        (steering.resume if self._bridge().paused_by else steering.pause)(self.stage.bridge)

    def _close(self) -> None:
        side = self.chance.choice(list(Side))
        (steering.reopen if side in self._bridge().closed else steering.close)(self.stage.bridge, side)

    def _pause_pair(self) -> None:
        if pairs := list(Pair.objects.filter(bridge_id=self.stage.bridge).order_by("id")):
            pair = self.chance.choice(pairs)
            (steering.resume_pair if pair.paused_by else steering.pause_pair)(pair.id)

    def _plan(self) -> None:
        with suppress(plans.PlanRefused):  # one is being carried out
            steering.plan_anew(self.stage.bridge)

    def _tell(self) -> None:
        """Another frequency makes a version, and changes nothing of what is to become of records."""
        bridge = self._bridge()
        other = FREQUENCY - 1 if bridge.frequency == FREQUENCY else FREQUENCY
        changing.change(bridge, replace(self.wish, frequency=other))

    def _narrow(self) -> None:
        """The bridge is to carry less from now on, or has another rule for deletes."""
        narrower = self.chance.choice([self._one_way, self._taken_out, self._filtered, self._deleting])()
        if narrower is not self.wish and changing.change(self._bridge(), narrower).differences:
            self.wish, told = narrower, (narrower.options, narrower.filter, narrower.deletes)
            self.books.told.append(f"   {told}")
            self.counts["narrowed"] += 1

    def _one_way(self) -> Wish:
        """A field travels one way only, or not at all."""
        free, options = self._free(), self.wish.options
        if not free:
            return self.wish
        name = self.chance.choice(free)
        reached = Direction(options[name]["direction"])
        narrower = [*Direction][1:] if reached is Direction.BOTH else [Direction.NEVER]
        direction = self.chance.choice(narrower).value
        return replace(self.wish, options={**options, name: {**options[name], "direction": direction}})

    def _taken_out(self) -> Wish:
        """A field is the bridge's no more."""
        free = self._free()
        if len(free) < 2:  # a bridge over names alone would show little
            return self.wish
        out = self.chance.choice(free)
        options = {name: one for name, one in self.wish.options.items() if name != out}
        words = [word for word in self.wish.words if word[0] != out]
        return replace(self.wish, fields=tuple(options), options=options, words=words)

    def _filtered(self) -> Wish:
        """Records of low priority take no part any more, at one side."""
        side = self.chance.choice(list(Side))
        if self.wish.filter or "priority" not in self.wish.fields:
            return self.wish
        return replace(self.wish, filter={side.value: {"priority": {"not": "LOW"}}})

    def _deleting(self) -> Wish:
        """Something else follows from deletes."""
        return replace(
            self.wish, deletes={side.value: self.chance.choice(list(DeleteRule)).value for side in Side}
        )

    def _free(self) -> list[str]:
        """The fields of the bridge, but for those by which records are known, or take part."""
        known = {"name", "priority"} if self.wish.filter else {"name"}
        return [name for name in self.wish.fields if name not in known]

    def _let_go(self) -> None:
        bridge = self._bridge()
        for side in [side for side in Side if side in bridge.closed]:
            steering.reopen(bridge.id, side)
        for pair in Pair.objects.filter(bridge_id=bridge.id).exclude(paused_by=None).order_by("id"):
            steering.resume_pair(pair.id)
        if bridge.paused_by:
            steering.resume(bridge.id)
