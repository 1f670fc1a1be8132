"""People who steer the bridge while it works: they stop it, have it plan, tell it something else, and let it go on.

What leaves must be allowed at that moment: by a bridge that is not paused, to a side that is not closed, for a pair
that nobody paused, and by what the bridge is told now. Whether it had to be shown in a plan is for `approved`.
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
from unified_api.engine.values import Side
from unified_api.sync.bridge import changing, plans, steering
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair


@dataclass(frozen=True)
class Standing:
    """How a bridge, and a pair of it, stand at a moment."""

    version: int
    paused_by: str | None
    closed: Mapping[str, str]
    pair_paused_by: str | None

    def forbids(self, side: Side, version: int | None) -> str:
        """Why a write to a side may not leave that was journalled by a version of the bridge; empty if it may."""
        if self.paused_by:
            return "its bridge was paused"
        if side in self.closed:
            return "its side was closed"
        if self.pair_paused_by:
            return "its pair was paused"
        return "" if version == self.version else "its bridge had been told something else"


class Steered:
    """Who steers in one history. owner: a connection that sees all that is committed. counts: what they did."""

    def __init__(self, stage: Stage, books: Bookkeeper, owner: Any, chance: Random) -> None:
        self.stage, self.books, self.owner, self.chance = stage, books, owner, chance
        self.counts: Counter[str] = Counter()

    def act(self) -> None:
        """Somebody steers, or lets go what was stopped."""
        act = self.chance.choice(
            [self._pause, self._close, self._pause_pair, self._plan, self._plan, self._tell]
        )
        self.books.told.append(f"   {act.__name__}")
        self.counts["steered"] += 1
        self.stage.of(act)

    def let_go(self) -> None:
        """Nothing is stopped any more."""
        self.stage.of(self._let_go)

    def left(self, write: Write) -> None:
        """A write leaves: nothing may forbid it at this moment."""
        side = self.stage.side_of(write)
        if why := self._standing(write).forbids(side, write.bridge_version):
            self.books.wrongs.append(f"a {write.operation} left to {side}, though {why}")

    def _standing(self, write: Write) -> Standing:
        row = self.owner.execute(
            "SELECT version, paused_by, closed, (SELECT paused_by FROM sync_pair WHERE id = %s)"
            " FROM sync_bridge WHERE id = %s",
            [write.pair_id, self.stage.bridge],
        ).fetchone()
        return Standing(*row)

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
        changing.change(bridge, replace(self.stage.wish, frequency=other))

    def _let_go(self) -> None:
        bridge = self._bridge()
        for side in [side for side in Side if side in bridge.closed]:
            steering.reopen(bridge.id, side)
        for pair in Pair.objects.filter(bridge_id=bridge.id).exclude(paused_by=None).order_by("id"):
            steering.resume_pair(pair.id)
        if bridge.paused_by:
            steering.resume(bridge.id)
