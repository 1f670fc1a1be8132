"""One soak: people edit and processes are killed for a while, then all comes to rest and is judged."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

from tests.chaos import logs
from tests.chaos.aging import Clock
from tests.chaos.blows import Striker, Struck
from tests.chaos.converge import NotSettled, Rest
from tests.chaos.plan import Blow
from tests.chaos.points import AT_RANDOM, POSTMASTER
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage
from tests.soak.editors import Directory, People
from tests.soak.judge import Verdict, judge
from tests.soak.versions import watch
from tests.soak.window import window

#: Rounds at rest that may write nothing.
QUIET: Final = 10
#: What is killed before anything else.
FIRST: Final = ("web", "worker-1", POSTMASTER, "roundup", "django-helpdesk")
#: Seconds between two blows, and between two looks.
BETWEEN: Final = (2.0, 6.0)
LOOK: Final = 0.25
#: Seconds for each wait when it comes to rest: hundreds of edits may be owed to a slow server.
PATIENCE: Final = 900.0
_WRITES: Final = "SELECT source || ' ' || state, count(*) FROM sync_write WHERE tenant_id = %s GROUP BY 1"
_CHANGES: Final = "SELECT count(*) FROM sync_change WHERE tenant_id = %s"


@dataclass(frozen=True)
class Wish:
    """What is wanted. tickets: on each side when it begins. each: people a side; rate: acts a second of all people."""

    seconds: float
    tickets: int
    seed: int
    each: int
    rate: float


@dataclass
class Result:
    """What came of a soak."""

    wish: Wish
    verdict: Verdict = field(default_factory=Verdict)
    struck: Struck = field(default_factory=Struck)
    made: int = 0
    writes: dict[str, int] = field(default_factory=dict)
    windows: dict[str, dict[str, float]] = field(default_factory=dict)
    settled_by_person: int = 0
    rounds_to_equal: int = 0
    quiet: dict[str, int] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """For programs."""
        verdict = self.verdict
        return {
            **vars(self.wish),
            "edits": sum(verdict.fates.values()),
            "edits_by_field": dict(verdict.edits),
            "made": self.made,
            "fates": dict(verdict.fates),
            "overruled_by_rule": dict(verdict.rules),
            "kills": sum(self.struck.victims.values()),
            "kills_by_victim": dict(self.struck.victims),
            "writes": self.writes,
            "settled_by_person": self.settled_by_person,
            "windows": self.windows,
            "rounds_to_equal": self.rounds_to_equal,
            "quiet": self.quiet,
            "phases": {name: round(seconds, 1) for name, seconds in self.phases.items()},
            "violations": verdict.violations,
        }


@dataclass
class Soak:
    """One, on a stage."""

    stage: Stage
    wish: Wish
    tell: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)

    def play(self, keep: Path) -> Result:
        """Play it; when it fails, its logs are kept in a folder of `keep`."""
        result, mark = Result(self.wish), logs.Mark.now(self.stage)
        scene = self.stage.prepare(self.wish.tickets, bridged=True)
        people = People({side: Directory(remote) for side, remote in self.stage.remotes.items()})
        rest, clock = Rest(self.stage, scene, people, PATIENCE), Clock(self.stage, scene)
        clock.start()
        try:
            self._all(scene, people, rest, result)
        except (NotSettled, requests.RequestException) as error:
            result.verdict.violations.append(f"{type(error).__name__}: {error}")
        finally:
            people.end()
            clock.close()
        result.verdict.violations += [clock.error] if clock.error else []
        secrets = [scene.key, *(account.token for account in scene.accounts.values())]
        result.verdict.violations += logs.violations(self.stage, mark, secrets)
        if result.verdict.violations:
            folder = keep / f"seed-{self.wish.seed}"
            logs.keep(self.stage, mark, folder, scene, json.dumps(result.document()))
            (folder / "edits.txt").write_text("\n".join(map(str, people.books.edits)))
            self.tell(f"the logs are in {folder}")
        self.stage.leave(scene)
        return result

    def _all(self, scene: Scene, people: People, rest: Rest, result: Result) -> None:
        rest.round()
        for remote in self.stage.remotes.values():
            watch(remote)
        self._note(result, "begun")
        people.begin(seed=self.wish.seed, each=self.wish.each, rate=self.wish.rate)
        self._strike(scene, people, rest, result)
        people.end()
        self._note(result, "struck")
        self.stage.await_ready()
        rest.come()
        self._note(result, "at rest")
        result.verdict = judge(self.stage, scene, people.books, self.wish.tickets)
        result.quiet = self._stay_quiet(scene, rest)
        if result.quiet["writes"] or result.quiet["changes"]:
            result.verdict.violations.append(f"not quiet: {result.quiet}")
        self._note(result, "quiet")
        self._count(scene, people, rest, result)

    def _strike(self, scene: Scene, people: People, rest: Rest, result: Result) -> None:
        """Kill one thing after the other while people edit; everything comes before something comes again.

        Until the time is up, and on a slow machine until each of the first was killed.
        """
        striker = Striker(self.stage, scene)
        result.struck = striker.struck
        chance = random.Random(f"blows {self.wish.seed}")
        deck = chance.sample(FIRST, len(FIRST))
        began = time.monotonic()
        ends, due, told = began + self.wish.seconds, began + chance.uniform(*BETWEEN), began
        while (now := time.monotonic()) < ends or not striker.struck.victims.keys() >= set(FIRST):
            if now > due:
                deck = deck or chance.sample(AT_RANDOM, len(AT_RANDOM))
                striker.at_random(Blow(deck.pop()))
                due = time.monotonic() + chance.uniform(*BETWEEN)
            if now > told + 10:
                told = now
                edits, kills = len(people.books.edits), sum(striker.struck.victims.values())
                self.tell(f"{now - began:.0f} of {self.wish.seconds:.0f} s: {edits} edits, {kills} kills")
            rest.tell_all()
            time.sleep(LOOK)

    def _stay_quiet(self, scene: Scene, rest: Rest) -> dict[str, int]:
        """More rounds: requests that change something, by the servers' access logs, and entries of the change log."""
        before = self.stage.sql(_CHANGES, scene.tenant)[0][0]
        writes = sum(rest.round() for _ in range(QUIET))
        return {
            "rounds": QUIET,
            "writes": writes,
            "changes": self.stage.sql(_CHANGES, scene.tenant)[0][0] - before,
        }

    def _count(self, scene: Scene, people: People, rest: Rest, result: Result) -> None:
        result.made, result.settled_by_person = len(people.books.made), len(people.told)
        result.rounds_to_equal = rest.rounds
        result.writes = dict(Counter(dict(self.stage.sql(_WRITES, scene.tenant))))
        for remote in self.stage.remotes.values():
            if not remote.conditional:
                result.windows[remote.slug] = window(remote.proxy.calls)

    def _note(self, result: Result, phase: str) -> None:
        result.phases[phase] = time.monotonic() - self.began
        self.tell(f"{phase} after {result.phases[phase]:.0f} s")
