"""Workers that take turns: threads with a database connection each, of which one runs at a time, chosen by the seed.

A worker can be held, or killed, at each request to a provider, before it arrives and before its answer does, at the
first statement of each transaction, and before every other one, which is where what it had not committed is undone.
One that is dead touches nothing any more: no statement and no request gets out, and the lease of its job runs on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, connections

#: Where a worker can be held.
TRANSACTION: Final = "transaction"
REQUEST: Final = "request"
ANSWER: Final = "answer"


class Killed(BaseException):
    """The process is gone; nothing catches this."""


@dataclass
class Turn:
    """Whose turn it is: a worker's, or the scheduler's."""

    mine: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    theirs: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Worker:
    """One worker. At every point `ask` says whether it goes on, is held, or dies.

    place: where it is held, empty when it is not.
    """

    def __init__(self) -> None:
        self.ask: Callable[[Worker, str], str] = lambda _worker, _place: "go"
        self.place = ""
        self.task: Callable[[], None] | None = None
        self.told = ""
        self.dead = False
        self.error: Exception | None = None
        self._turn = Turn()
        self._transaction: object = None
        self._thread = threading.Thread(target=self._live, name="simulated worker", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.task is None

    @property
    def thread(self) -> int:
        """The identifier of its thread."""
        return self._thread.ident or 0

    @property
    def runs(self) -> bool:
        """Whether this is its own thread."""
        return threading.current_thread() is self._thread

    # --- what the scheduler says ------------------------------------------------------------------------

    def begin(self, task: Callable[[], None]) -> None:
        """Have it do something, until it is held or done."""
        self.task = task
        self._go()

    def go_on(self) -> None:
        """Let it go on from where it is held."""
        self._go()

    def kill(self) -> None:
        """Let it die where it is held."""
        self.dead = True
        self._go()

    def clear(self) -> None:
        """Forget the history; of what it was doing nothing more happens."""
        if not self.idle:
            self.kill()
        self.error = None

    def end(self) -> None:
        """Let the thread end, with its connection."""
        self.clear()
        self._go()
        self._thread.join()

    def _go(self) -> None:
        self.place = ""
        self._turn.mine.release()
        self._turn.theirs.acquire()

    # --- what happens in the thread ---------------------------------------------------------------------

    def _live(self) -> None:
        self._turn.mine.acquire()
        while self.task is not None:
            self._work(self.task)
            self.task, self.dead, self._transaction = None, False, None
            self._turn.theirs.release()
            self._turn.mine.acquire()
        connections.close_all()
        self._turn.theirs.release()

    def _work(self, task: Callable[[], None]) -> None:
        try:
            with connection.execute_wrapper(self._statement):
                task()
        except Killed:
            connection.close()
        except Exception as error:  # noqa: BLE001 - the verdict shows it
            self.error = error

    def _statement(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        outermost = connection.atomic_blocks[0] if connection.atomic_blocks else object()
        begins = outermost is not self._transaction
        self._transaction = outermost
        self.pass_by(TRANSACTION if begins else "statement")
        return execute(sql, params, many, context)

    def pass_by(self, place: str) -> None:
        """A point at which the worker may be held or killed."""
        said = "die" if self.dead else self.ask(self, place)
        if said == "hold":
            self.place = place
            self._turn.theirs.release()
            self._turn.mine.acquire()
            said = "die" if self.dead else "go"
        if said == "die":
            self.dead = True
            raise Killed
