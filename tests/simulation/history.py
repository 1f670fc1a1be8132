"""One history: what happens, in which order, all from a seed; then rest, ten quiet rounds, and the verdict."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, Final

from integrations.kit import errors
from tenants.scope import scope
from tests.simulation import clock as clocks
from tests.simulation import comments, manners, stage, terms, verdict
from tests.simulation.adapter import FREQUENCY, SWEEP, provider
from tests.simulation.approved import Approved
from tests.simulation.asked import Asked
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.following import Following
from tests.simulation.grounds import look_again
from tests.simulation.leaving import watched
from tests.simulation.people import REMOVALS, People
from tests.simulation.place import Place
from tests.simulation.remote import Remote, Row
from tests.simulation.result import Result
from tests.simulation.steered import Steered
from tests.simulation.stored import Mirror
from tests.simulation.threads import Threads
from tests.simulation.weather import Weather
from tests.simulation.wire import LATEST, Wires
from tests.simulation.workers import ANSWER, REQUEST, TRANSACTION, Worker
from unified_api.engine.policy import Direction, FirstContact, Winner
from unified_api.engine.values import Side
from unified_api.models.ticketing import Comment, Ticket
from unified_api.sync import by_id, connect, job, store, streams, tasks, write

#: Seconds of a lease, but for the time that passes while a step is made.
LEASE: Final = job.LEASE - 2.0
#: What happens before rest.
STEPS: Final = 40
#: The same where there are two bridges.
STEPS_OF_TWO: Final = 60
#: Rounds in which everything has to come to rest.
MOST_ROUNDS: Final = 25
#: Rounds that are watched after the one that showed rest: ten in every tenth history, as they cost a third of it.
QUIET_ROUNDS: Final = (10, *(9 * [0]))


class History:
    """The history of one seed. world: what decides about remotes, policy and people; chance: about all else.

    follows: a bridge over comments follows, whether the seed has one or not.
    """

    def __init__(self, seed: int, place: Place, *, follows: bool = False) -> None:
        self.follows = follows
        self.seed, self.owner, self.workers = seed, place.owner, place.workers
        self.chance = Random(f"history {seed}")
        self.world, self.name = self.chance, f"seed {seed}"
        self.clock = clocks.Clock(self.owner, seed)
        self.manners = self._manners()
        self.terms = self._terms()
        self.comments = self._manners_of_comments() if self.terms.comments else {}
        self.weather = Weather.drawn(self.chance)
        self.calm = False
        self.held_since: dict[Worker, float] = {}
        self.counts: Counter[str] = Counter()

    def play(self) -> Result:
        """Let it happen."""
        began = time.perf_counter()
        with clocks.chance_of(self.name), stage.opened(self._outside(), self._providers()):
            self.stage = stage.prepared(
                f"tenant of {self.name}", self._options(), self.world.choice(["a", "b"]), self.terms
            )
            self._open_books()
            try:
                with watched(self.stage, self.books, self.following, self.steered, self.owner):
                    self._happen()
                    rounds = self._rest()
                    wrongs = list(self._wrongs(rounds))
            finally:
                for worker in self.workers:
                    worker.clear()
        self.counts |= self.asked.counts + self.steered.counts
        if self.following:
            self.counts |= Counter(self.following.counts)
        self.counts |= Counter(self.wires.faults) + Counter(
            windows=self.books.windows, edits=self.books.edits
        )
        return Result(
            self.seed, wrongs, dict(self.counts), rounds, time.perf_counter() - began, self.books.told
        )

    def _happen(self) -> None:
        """Everything before rest."""
        self.people.found()
        if self.following:
            self.following.found()
        for _ in range(STEPS_OF_TWO if self.following else STEPS):
            self._step()

    # --- the scene --------------------------------------------------------------------------------------

    def _manners(self) -> dict[Side, manners.Manners]:
        return {
            Side.A: manners.drawn(self.world, late=False),
            Side.B: manners.drawn(self.world, late=True),
        }

    def _manners_of_comments(self) -> dict[Side, comments.CommentManners]:
        return comments.by_side(self.manners, self.seed)

    def _terms(self) -> terms.Terms:
        return terms.drawn(self.seed, following=self.follows)

    def _providers(self) -> dict[Side, Any]:
        return {side: provider(side, self.manners[side], self.comments.get(side)) for side in Side}

    def _outside(self) -> connect.Outside:
        self.wires = Wires({}, self.clock, self.chance, self.weather.faults, self._pass_by)
        return connect.Outside(
            wire=self.wires.open,
            clock=self.clock.at,
            monotonic=self.clock,
            sleep=self._pass,
            random=self.chance.random,
        )

    def _options(self) -> dict[str, dict[str, Any]]:
        chance = self.world
        return {
            name: {
                "direction": chance.choice([*(5 * [Direction.BOTH]), *Direction]).value,
                "winner": chance.choice([Winner.A, Winner.B]).value,
                "first": chance.choice([FirstContact.FILL, FirstContact.WINNER]).value,
            }
            | ({"winner": self.terms.winners[name]} if name in self.terms.winners else {})
            for name in manners.FIELDS
        }

    def _is_live(self, bridge: uuid.UUID) -> bool:
        """Whether people are shown a bridge as one that writes by itself."""
        rows = self.owner.execute("SELECT mode FROM sync_bridge WHERE id = %s", [bridge])
        return any(mode == "live" for (mode,) in rows)

    def _open_books(self) -> None:
        self.books = Bookkeeper(self.stage.policy, self.clock)
        self.books.stored = Mirror(self.stage, self.owner)
        if self.terms.plans or self.terms.budget or self.terms.steered:
            self.books.plan = Approved(partial(self._is_live, self.stage.bridge))
        self.books.choosy = self.terms.choosy
        self.books.on_the_way = lambda: bool(self.wires.late)
        self.books.contests.slack += 2 * LATEST if self.weather.held else 0.0
        self.remotes = {side: Remote(side, self.manners[side], self.clock, self.books) for side in Side}
        self.books.remotes = self.remotes
        self.wires.remotes = {("tickets", side): remote for side, remote in self.remotes.items()}
        removals = REMOVALS if self.terms.deletes else 0.0
        self.people = People(self.books, self.world, list(self.terms.winners), removals)
        self.asked = Asked(self.stage, self.books, Random(f"people asked in {self.name}"))
        self.steered = Steered(self.stage, self.books, self.owner, Random(f"people who steer in {self.name}"))
        self.following = self._follow() if self.stage.follower else None
        for worker in self.workers:
            worker.ask = self._ask

    def _follow(self) -> Following:
        told = Following(
            self.stage, self.books, self.remotes, self.comments, self.clock, self.name, self.owner
        )
        if self.terms.comments and self.terms.comments.plans:
            told.plans(partial(self._is_live, told.stage.bridge))
        self.wires.remotes |= {("comments", side): remote for side, remote in told.remotes.items()}
        return told

    # --- one thing that happens -------------------------------------------------------------------------

    def _step(self) -> None:
        acts: list[tuple[int, str, Callable[[], None]]] = [
            (4, "edit", self._edit),
            (7, "work", self._work),
            (4, "go on", self._go_on),
            (1, "hint", self._hint),
            (2, "wait", self._wait),
            (1 if self.weather.killed else 0, "kill", self._kill),
            (2 if self.terms.asks else 0, "decide", self._decide),
            (2 if self.terms.steered else 0, "steer", self.steered.act),
            (1 if self.terms.steered else 0, "look again", self._look_again),
        ]
        (_, name, act) = self.chance.choices(acts, [weight for weight, *_ in acts])[0]
        self.books.told.append(f"-- {name}")
        act()
        self._note_overtaken()
        for worker in self.workers:
            if worker.idle:  # it has read back what it wrote, or never will
                for books in self._all_books():
                    books.forget(worker.thread)
        self._pass(self.chance.uniform(0.001, 1.5))

    def _all_books(self) -> list[Bookkeeper | Threads]:
        return [self.books, *([self.following.threads] if self.following else [])]

    def _silence(self, worker: Worker) -> None:
        for books in self._all_books():
            books.silenced(worker.thread)

    def _decide(self) -> None:
        self.asked.decide()
        if self.following:
            self.following.asked.decide()

    def _look_again(self) -> None:
        self.counts["looked again"] += look_again(self.stage, self.chance)

    def _edit(self) -> None:
        if not (self.following and self.following.act()):
            self.people.act()
        for remote in self.remotes.values():
            if self.chance.random() < 0.3:
                remote.respell()

    def _work(self) -> None:
        idle = [worker for worker in self.workers if worker.idle]
        due = self._due()
        if not (idle and due):
            self._go_on()
            return
        kind, reference = self.chance.choice(due)
        self.books.told.append(f"   {kind}")
        idle[0].begin(partial(self._do, kind, reference))

    def _go_on(self) -> None:
        held = [worker for worker in self.workers if worker.place]
        if held:
            self.chance.choice(held).go_on()

    def _kill(self) -> None:
        held = [worker for worker in self.workers if worker.place]
        if held:
            self.counts["kills"] += 1
            dead = self.chance.choice(held)
            self._silence(dead)
            dead.kill()

    def _hint(self) -> None:
        """A provider's webhook: something happened to this record; it may come twice, late, and out of order."""
        idle = [worker for worker in self.workers if worker.idle]
        rows = [row for remote in self.wires.remotes.values() for row in remote.rows.values()]
        if idle and rows:
            row = self.chance.choice(rows)
            self.counts["hints"] += 1
            idle[0].begin(partial(self._reread, row))

    def _wait(self) -> None:
        self._pass(self.chance.choice([5, 30, 61, 95, 200]))

    def _pass(self, seconds: float) -> None:
        """Let time pass; requests that nobody waits for arrive in their own time, and not after the whole of it."""
        ends = self.clock() + seconds
        while self.wires.late and (arrives := min(late.at for late in self.wires.late)) < ends:
            self.clock.advance(max(0.0, arrives - self.clock()) + clocks.TICK)
            self.wires.deliver_late()
        self.clock.advance(max(0.0, ends - self.clock()))
        self.wires.deliver_late()

    def _ask(self, worker: Worker, place: str) -> str:
        if self.calm:
            return "go"
        if self.chance.random() < self.weather.killed * (0.1 if place == "statement" else 1):
            self.counts["kills"] += 1
            self._silence(worker)
            return "die"
        may = {REQUEST: 1.0, ANSWER: 1.0, TRANSACTION: 0.15}.get(place, 0.0)
        self.held_since[worker] = self.clock()
        return "hold" if self.chance.random() < self.weather.held * may else "go"

    def _note_overtaken(self) -> None:
        """Who is held for longer than its lease has no job any more, whether somebody else has it yet or not."""
        for worker in self.workers:
            if worker.place and self.clock() - self.held_since[worker] > LEASE:
                self._silence(worker)

    def _pass_by(self, place: str) -> None:
        for worker in self.workers:
            if worker.runs:
                worker.pass_by(place)

    # --- what workers do --------------------------------------------------------------------------------

    def _due(self) -> list[tuple[str, uuid.UUID]]:
        return [(kind, reference) for kind, reference, when in self._jobs() if when <= self.clock()]

    def _jobs(self) -> list[tuple[str, uuid.UUID, float]]:
        """Jobs and when each can be claimed."""
        rows = self.owner.execute(
            "SELECT kind, reference, extract(epoch FROM greatest(due_at, leased_until))::float8"
            " FROM sync_job WHERE tenant_id = %s ORDER BY kind, reference",
            [self.stage.tenant],
        )
        return [(str(kind), reference, float(when)) for kind, reference, when in rows]

    def _do(self, kind: str, reference: uuid.UUID) -> None:
        """One slice: a page of a list, a write, or a bridge until nothing is left to do."""
        with scope(self.stage.tenant):
            lease = job.claim(kind, reference)
        if lease is None:
            return
        found = self.books.alike() if reference == self.stage.bridge and self._sees_all() else []
        tasks.do(lease, float("-inf") if kind == streams.KIND else float("inf"))
        self.books.met(found)

    def _sees_all(self) -> bool:
        """Whether a bridge that begins now finds stored all that answers have shown, and takes note of it."""
        may_wait = self.terms.plans or self.terms.budget or self.terms.steered
        return not may_wait and all(worker.idle or worker.runs for worker in self.workers)

    def _reread(self, row: Row) -> None:
        account, model = self.stage.accounts[row.side], Comment if row.whole else Ticket
        with scope(self.stage.tenant), suppress(errors.ProviderError), connect.line(account) as line:
            resource = line.client.provider.resource(model)
            assert resource is not None
            by_id.read_one(line, resource, row.id, store.Cause("read"))

    # --- rest -------------------------------------------------------------------------------------------

    def _rest(self) -> int:
        """No more edits and faults: go on until nothing is written and nothing changes; rounds that it took."""
        self.calm = True
        self.wires.rates = {}
        self.steered.let_go()
        for worker in self.workers:
            while worker.place:
                worker.go_on()
        # What is gone is found by a complete read that begins now, after the one that may be under way.
        for _ in range(2):
            self._drain()
            self._pass(SWEEP)
        return self._until_quiet()

    def _until_quiet(self) -> int:
        for number in range(1, MOST_ROUNDS + 1):
            before = self._marks()
            self._round()
            if self._marks() == before and not self._pending() and not self._decide_all():
                return number
        return MOST_ROUNDS + 1

    def _decide_all(self) -> bool:
        decided = self.asked.decide_all()
        return bool(self.following and self.following.asked.decide_all()) or decided

    def _round(self) -> None:
        """Both sides are read, and all that is due is done; then the next round's time comes."""
        for remote in self.remotes.values():
            remote.respell()
        self._pass(FREQUENCY + 1)
        self._drain()

    def _drain(self) -> None:
        """Do all that is due."""
        while due := self._due():
            kind, reference = self.chance.choice(due)
            self.workers[0].begin(partial(self._do, kind, reference))
            self._pass(0.01)

    def _pending(self) -> bool:
        """Whether something is under way that is not a regular round; its time comes at once."""
        later = [when for kind, _, when in self._jobs() if kind == write.KIND]
        later += [late.at for late in self.wires.late]
        if later:
            self._pass(max(0.0, min(later) - self.clock() - FREQUENCY))
        return bool(later)

    def _marks(self) -> tuple[int, int]:
        return sum(remote.writes for remote in self.wires.remotes.values()), self.stage.changes()

    def _wrongs(self, rounds: int) -> Iterator[str]:
        if rounds > MOST_ROUNDS:
            yield f"not at rest after {MOST_ROUNDS} rounds"
        yield from self.wires.wrongs
        yield from self.books.wrongs
        yield from (f"unexpected: {worker.error!r}" for worker in self.workers if worker.error)
        yield from verdict.wrongs(self.stage, self.books, self.counts)
        if self.following:
            yield from self.following.wrongs()
        before = self._marks()
        for _ in range(QUIET_ROUNDS[self.seed % len(QUIET_ROUNDS)]):
            self._round()
        if self._marks() != before:
            yield f"after quiet, writes and changes went from {before} to {self._marks()}"
