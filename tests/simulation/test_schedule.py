"""Days and hours, in no time: a side that is gone for a day, and a frequency that is obeyed."""

from __future__ import annotations

import uuid
from collections import Counter
from functools import partial
from typing import Any, Final

import psycopg
import pytest

from tests.simulation import manners, place, stage
from tests.simulation.history import History
from tests.simulation.people import People
from tests.simulation.remote import Answer
from tests.simulation.terms import Terms
from tests.simulation.wire import Late
from unified_api.engine.values import Side
from unified_api.sync.bridge import setup

HOUR: Final = 3600.0


class Scripted(History):
    """A history without faults; what happens in it is told by its class."""

    def _manners(self) -> dict[Side, manners.Manners]:
        return dict.fromkeys(Side, manners.PLAIN)

    def _terms(self) -> Terms:
        return Terms()

    def _happen(self) -> None:
        self.calm, self.wires.rates = True, {}
        self.people = People(self.books, self.world)
        self.people.found(kinds=("alone", "alike"))
        self._until_quiet()
        self._tell_pairs()
        self._then()

    def _tell_pairs(self) -> None:
        """At rest, one name on either side is one pair, also where nothing had to be written."""
        a, b = ({row.now.cells["name"].value: row for row in self.remotes[side].living()} for side in Side)
        for name in a.keys() & b.keys():
            self.books.join(a[name], b[name])

    def _then(self) -> None:
        """What happens once all is at rest."""

    def _pass_time(self, seconds: float, pause: float) -> None:
        ends = self.clock() + seconds
        while self.clock() < ends:
            for (
                kind,
                reference,
            ) in self._due():  # each once: what is asked for again meanwhile is due next time
                self.workers[0].begin(partial(self._do, kind, reference))
            self.clock.advance(pause)


class DayAway(Scripted):
    """One side answers nothing for a day, while people go on working in both."""

    away = Side.B

    def _then(self) -> None:
        remote = self.remotes[self.away]
        before = remote.writes
        remote.answer = lambda *_request: Answer(503, {"error": "closed for the day"})  # type: ignore[method-assign]
        for _ in range(24):
            self.people.act()
            self._pass_time(HOUR, HOUR / 2)
        assert remote.writes == before
        del remote.answer


class QuietHours(Scripted):
    """Nobody does anything."""

    looks: Counter[str]
    is_counting = False
    priority = 5

    def _then(self) -> None:
        told = [self.priority, self.stage.bridge]
        self.owner.execute("UPDATE sync_bridge SET priority = %s WHERE id = %s", told)
        self.looks, self.is_counting = Counter(), True
        self._pass_time(2 * HOUR, 60.0)
        self.is_counting = False

    def _do(self, kind: str, reference: uuid.UUID) -> None:
        if self.is_counting:
            self.looks[kind] += 1
        super()._do(kind, reference)


class LateRequests(Scripted):
    """Two requests that nobody waits for any more are under way; much time passes at once."""

    def _then(self) -> None:
        self.began, self.arrived = self.clock(), list[float]()
        for seconds in (70.0000004, 20.0000003):  # no whole microseconds, as the clock has them
            at = self.began + seconds
            self.wires.late.append(Late(at, lambda: self.arrived.append(self.clock() - self.began)))
        self._pass(200.0)
        self.passed = self.clock() - self.began


def test_late_requests_arrive_in_their_own_time(database: psycopg.Connection[Any]) -> None:
    """However far time leaps, nothing arrives later than it may."""
    with place.opened(database) as here:
        history = LateRequests(1, here)
        assert history.play().wrongs == []

    assert history.arrived == pytest.approx([20.0, 70.0])
    assert history.passed == pytest.approx(200.0)


@pytest.mark.parametrize("away", Side)
def test_what_happened_while_a_side_was_gone_for_a_day_arrives(
    database: psycopg.Connection[Any], away: Side
) -> None:
    """Once it is back, all comes to rest within the usual rounds, equal, with every edit accounted for."""
    with place.opened(database) as here:
        history = DayAway(1, here)
        history.away = away
        assert history.play().wrongs == []


@pytest.mark.parametrize("priority", [3, 7])
def test_a_bridge_looks_as_often_and_as_urgently_as_it_was_told(
    database: psycopg.Connection[Any], priority: int
) -> None:
    """Two hours without a change: a look each `frequency`, and no more than that, with its priority to the end."""
    with place.opened(database) as here:
        history = QuietHours(1, here)
        history.priority = priority
        assert history.play().wrongs == []

        sql = "SELECT priority FROM sync_job WHERE kind = %s AND reference = %s"
        (told,) = here.owner.execute(sql, [setup.KIND, history.stage.bridge]).fetchall()
    assert told == (priority,)
    assert history.looks[setup.KIND] == pytest.approx(2 * HOUR / stage.FREQUENCY, abs=1)
