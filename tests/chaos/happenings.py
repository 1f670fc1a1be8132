"""What people and the API's client do in a history, and the books about it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import points
from tests.chaos.aging import BRIDGED, read_now, sweep_soon
from tests.chaos.client import Caller, Order, new_key
from tests.chaos.plan import Happening
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage


@dataclass
class Edit:
    """What a person did at one side, between two moments."""

    side: str
    happening: Happening
    value: str
    began: float = 0.0
    ended: float = 0.0


@dataclass
class Books:
    """Everything that happened. told: writes whose end a person had to tell."""

    told: set[str] = field(default_factory=set)
    orders: list[tuple[Happening, Order]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass
class Crowd:
    """Carries out happenings, each in threads of its own."""

    stage: Stage
    scene: Scene
    caller: Caller
    books: Books = field(default_factory=Books)
    _threads: list[threading.Thread] = field(default_factory=list)

    def act(self, happening: Happening) -> None:
        """Begin it."""
        if happening.kind in {points.POST, points.ASYNC, points.PATCH}:
            self._order(happening)
        elif happening.kind == points.READ:
            read_now(self.stage, self.scene)
        else:
            sides = ("a", "b") if happening.side == "both" else (happening.side,)
            values = (happening.value, happening.other)
            for side, value in zip(sides, values, strict=False):
                edit = Edit(side, happening, value)
                self.books.edits.append(edit)
                thread = threading.Thread(target=self._edit, args=(edit,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def busy(self) -> bool:
        """Whether somebody is still at it."""
        return self.caller.busy() or any(thread.is_alive() for thread in self._threads)

    @property
    def told(self) -> set[str]:
        """Writes whose end a person had to tell."""
        return self.books.told

    def removed(self) -> bool:
        """Whether something was deleted."""
        return any(edit.happening.kind == points.REMOVE for edit in self.books.edits)

    def _order(self, happening: Happening) -> None:
        token = self.scene.accounts[happening.side].token
        key = new_key() if happening.key else None
        wait = happening.kind != points.ASYNC
        if happening.kind == points.PATCH:
            path = f"ticketing/v1/tickets/{self._record(happening)}"
            order = Order("PATCH", path, {happening.field: happening.value}, token, key)
        else:
            body: dict[str, Any] = {"name": happening.name, "description": f"text of {happening.name}"}
            body |= {happening.field: happening.value} if happening.field else {}
            order = Order("POST", "ticketing/v1/tickets", body, token, key, wait)
        self.books.orders.append((happening, order))
        self.caller.give(order)

    def _record(self, happening: Happening) -> str:
        from unified_api.models.base import record_id
        from unified_api.models.ticketing import Ticket

        remote_id = self.remote_id(happening.name)
        return str(record_id(self.scene.accounts[happening.side].id, Ticket, remote_id))

    def remote_id(self, name: str) -> str:
        """The id of a base ticket at either server: they were made in the order of their names."""
        return str(int(name.rpartition(" ")[2]))

    def _edit(self, edit: Edit) -> None:
        remote, happening = self.stage.remotes[edit.side], edit.happening
        edit.began = time.monotonic()
        try:
            if happening.kind == points.NEW:
                remote.add(happening.name)
            elif happening.kind == points.REMOVE:
                remote.remove(self.remote_id(happening.name))
                sweep_soon(self.stage, self.scene)
            else:
                remote.edit(self.remote_id(happening.name), happening.field, edit.value)
        except Exception as error:  # noqa: BLE001 - a thread's error belongs to the history
            self.books.failures.append(f"{happening}: {type(error).__name__} {error}")
        edit.ended = time.monotonic()
        read_now(self.stage, self.scene, BRIDGED)
