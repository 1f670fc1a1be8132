"""The tenant's own product at one side of a bridge, and a system at the other."""

from __future__ import annotations

import json
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.test import Client

from tests.integrations.bridged.house import House
from tests.people import Person
from unified_api.link.linking import Request, link
from unified_api.sync.models import Change, Stream, Write
from unified_api.sync.models_bridge import Bridge

_DAY: Final = 86_400.0
#: Rounds in a row in which nothing may be written.
_QUIET: Final = 10


@dataclass
class Product:
    """What the tenant's own code does with the token of its product's account: its calls come from outside."""

    person: Person
    headers: dict[str, str]

    def push(self, model: str, remote_id: str, **values: Any) -> None:
        """Make or change a record of its own."""
        answer = Context().run(
            Client().put,
            f"/api/sync/v1/records/{model}/{remote_id}",
            data=json.dumps({"model": values}),
            content_type="application/json",
            headers=self.headers,
        )
        assert answer.status_code in {200, 201}, answer.content

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every record of a list."""
        asked = {"page_size": "100"}
        answer = Context().run(Client().get, f"/api/{path}", asked, headers=self.headers).json()
        assert answer["next"] is None
        return list(answer["results"])


class Beside(House):
    """A system, and the product beside it."""

    product: Product

    def begin(self, person: Person, category: str, wish: Request) -> None:
        """Link both for one end user, and have the system read; what it holds by then was there before."""
        self.clock.forward(600)
        there = link(wish)
        made = link(Request("product", wish.end_user_origin_id, {}, category=category))
        with transaction.atomic():
            Stream.objects.update(frequency=_DAY)
        self.work()
        self.accounts = (there.account.id, made.account.id)
        self.product = Product(person, {**person.headers, "X-Account-Token": made.token.reveal()})

    def push(self, model: str, remote_id: str, **values: Any) -> None:
        """Have the product make or change a record of its own, and do what follows from it."""
        self.product.push(model, remote_id, **values)
        self.work()

    def approve_all(self, *models: str) -> None:
        """Approve what bridges have planned, until they go on by themselves: what did not arrive is planned anew."""
        for model in models:
            self.approve(self.plan(model))
            self.rounds()
            while self.bridge(model).mode == Bridge.Mode.PLAN:
                self.approve(self.plan(model))
                self.rounds()

    def stays_quiet(self) -> bool:
        """Whether further rounds write nothing, neither there nor here."""
        before = self._stored()
        for _ in range(_QUIET):
            self.round()
        return self._stored() == before

    def _stored(self) -> tuple[int, int, int]:
        """Requests that change something, as they arrived at the system; writes and changes that Isthmus knows."""
        with transaction.atomic():
            return self.writes(), Write.objects.count(), Change.objects.count()
