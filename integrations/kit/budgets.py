"""The budgets that an account's requests draw from, and what answers teach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from integrations.kit import verdict
from integrations.kit.errors import ProviderError, RetryLater, Throttled
from integrations.kit.limiter import Limiter, Rate
from integrations.kit.observation import Connection
from integrations.kit.transport import Reply


class Budgets:
    """The account's own, that of its OAuth application, and those of some addresses, where the provider counts so."""

    def __init__(self, connection: Connection, rate: Rate | None) -> None:
        self._connection = connection
        self._rate = rate

    def turn(self, path: str, *, longest: float, request: str) -> float:
        """Take one request from each; the seconds to wait before it is sent. Throttled: more than `longest`.

        What is not waited for is given back: who comes again would else find the budget used up by that, for ever
        where one request takes longer than anybody waits.
        """
        taken: list[Limiter] = []
        wait = 0.0
        for whose, limiter in self._drawn(path):
            taken.append(limiter)
            wait = max(wait, limiter.acquire(1))
            if wait > longest:
                for one in taken:
                    one.give_back(1)
                told = f"the {whose}'s budget of requests is used up, or the provider asked for a pause"
                raise Throttled(told, after=wait, request=request)
        return wait

    def _drawn(self, path: str) -> Iterator[tuple[str, Limiter]]:
        if pace := self._pace(path):
            yield "address", pace
        yield "account", self._connection.limiter
        if shared := self._connection.of_application:
            yield "OAuth application", shared

    def learn(self, reply: Reply) -> None:
        """What an answer says of the limit, and that all who share it are to wait."""
        now, budget = self._connection.clock(), self._meant(reply.headers)
        said = self._said(self._rate, reply.headers, now) if self._rate else None
        if said is not None:
            budget.learn(*said)
        if reply.status in verdict.BUSY and (after := verdict.retry_after(reply.headers, now)):
            budget.pause(after)

    def _said(self, rate: Rate, headers: Mapping[str, str], now: datetime) -> tuple[int, datetime] | None:
        return rate.of_day(headers, now, self._connection.settings) or rate.read(headers, now)

    def rest(self, path: str, reply: Reply) -> None:
        """Have those wait who call an address, of which an answer says that its own limit was met."""
        pace, after = self._pace(path), verdict.retry_after(reply.headers, self._connection.clock())
        if pace and after:
            pace.pause(after)

    def _pace(self, path: str) -> Limiter | None:
        found = (one for begins, one in self._connection.paces.items() if path.startswith(begins))
        return next(found, None)

    def slow_down(self, error: ProviderError, headers: Mapping[str, str]) -> None:
        """Have all who share it wait as long as an answer asks that an adapter takes for "too many"."""
        if isinstance(error, RetryLater) and error.after:
            self._meant(headers).pause(error.after)

    def _meant(self, headers: Mapping[str, str]) -> Limiter:
        """The one that an answer speaks of; the account's where its application has none."""
        shared = self._connection.of_application
        if shared is None or self._rate is None or not self._rate.is_of_application(headers):
            return self._connection.limiter
        return shared
