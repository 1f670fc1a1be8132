"""Striking: hold a process at a chosen point and kill it there, or something beside it; or kill at any moment."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos import points
from tests.chaos.gates import Shut
from tests.chaos.plan import Blow
from tests.chaos.processes import await_end, group_of, is_alive, kill
from tests.chaos.proxy import Proxy, Trap
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

#: Seconds in which a happening has to lead to its point: what was struck before it may have to come up first.
PATIENCE: Final = 20.0
#: Seconds that a process sleeps at least: longer than a lease is trusted without being looked at (RENEWAL).
ASLEEP: Final = 2.6
LONGEST_SLEEP: Final = 8.0


@dataclass
class Struck:
    """What was struck. missed: points that nothing came to."""

    victims: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    overtaken: int = 0


@dataclass
class Striker:
    """Strikes within one history."""

    stage: Stage
    scene: Scene
    struck: Struck = field(default_factory=Struck)

    def at_random(self, blow: Blow) -> None:
        """Kill something now."""
        if self._kill_named(blow.victim):
            self.struck.victims[blow.victim] += 1
            self.struck.places["at random"] += 1

    def at_point(self, blow: Blow, lead: Callable[[], None]) -> None:
        """Arm, have something happen that leads there, and strike."""
        point = points.POINTS[blow.point]
        held: Shut | Wire = self.stage.shut(point.gate) if point.gate else Wire(self.stage, point)
        try:
            lead()
            if not held.reached(PATIENCE):
                self.struck.missed[blow.point] += 1
                return
            self.struck.places[blow.point] += 1
            self.struck.victims[blow.victim] += 1
            self._strike(blow, held)
        finally:
            held.open()

    def _strike(self, blow: Blow, held: Shut | Wire) -> None:
        group = group_of(held.process)
        if blow.victim == points.HOLDER and group:
            kill(group)
            await_end(held.process)
        elif blow.victim == points.SLEEP and group:
            self._sleep(group, held)
        elif blow.victim == points.POSTMASTER:
            self.stage.kill_postmaster()
        elif blow.victim == points.BACKEND and isinstance(held, Shut):
            self.stage.kill_backend(held.backend)
        elif blow.victim == points.REMOTE and isinstance(held, Wire):
            held.kill_remote()
        if isinstance(held, Wire):
            held.open(cut=blow.lost)

    def _sleep(self, group: int, held: Shut | Wire) -> None:
        """Have it overtaken while it sleeps, and wake it."""
        self.stage.processes.sleep(group)
        held.open()
        began = time.monotonic()
        leases = self._leases(group)
        while time.monotonic() < began + LONGEST_SLEEP:
            time.sleep(0.1)
            leases |= self._leases(group)  # a claim that is held at its commit shows a little later
            gone = leases and not self._leases(group)
            if gone and time.monotonic() > began + ASLEEP:
                self.struck.overtaken += 1
                break
        self.stage.processes.wake_all()

    def _leases(self, group: int) -> set[tuple[object, ...]]:
        found = self.stage.sql(
            "SELECT j.id, j.fence FROM sync_job j JOIN chaos.claim c ON c.job = j.id AND c.fence = j.fence"
            " WHERE c.app = %s AND j.tenant_id = %s AND j.leased_until IS NOT NULL",
            f"chaos {group}",
            self.scene.tenant,
        )
        return set(found)

    def _kill_named(self, victim: str) -> bool:
        stage = self.stage
        if victim == points.POSTMASTER:
            return stage.kill_postmaster()
        if victim == points.BACKEND:
            return stage.kill_backend()
        for remote in stage.remotes.values():
            if remote.slug == victim:
                remote.server.kill()
                remote.server.start()
                return True
        if victim == "keeper":
            return _kill_keeper(stage)
        group = stage.processes.pick(victim)
        return bool(group) and kill(group)


class Wire:
    """A trap at the proxies of both remotes: the first call that comes is held."""

    def __init__(self, stage: Stage, point: points.Point) -> None:
        self._stage = stage
        self._traps = {side: Trap(point.wants, after=point.after) for side in stage.remotes}
        for side, trap in self._traps.items():
            stage.remotes[side].proxy.trap = trap

    @property
    def process(self) -> int:
        """The process that calls."""
        return next((trap.process for trap in self._traps.values() if trap.process), 0)

    def reached(self, seconds: float) -> bool:
        """Wait until a call is held; the other trap is taken away."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if any(trap.reached(0.01) for trap in self._traps.values()):
                return True
        return False

    def kill_remote(self) -> None:
        """Kill the server that was called, and start it again."""
        for side, trap in self._traps.items():
            if trap.call is not None:
                self._stage.remotes[side].server.kill()
                trap.open(cut=trap.after)
                self._stage.remotes[side].server.start()
                return

    def open(self, *, cut: bool = False) -> None:
        """Let what is held go on, or cut it; the traps are gone."""
        for side, trap in self._traps.items():
            proxy: Proxy = self._stage.remotes[side].proxy
            proxy.trap = None
            trap.open(cut=cut)


def _kill_keeper(stage: Stage) -> bool:
    """Kill -9 of the process that starts Postgres again; False while there is none, as Postgres is coming up."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        number = int((stage.home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        keeper = stage_parent(number)
        if keeper > 1 and is_alive(keeper):
            os.kill(keeper, 9)
            return True
    return False


def stage_parent(number: int) -> int:
    """The parent of a process."""
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
