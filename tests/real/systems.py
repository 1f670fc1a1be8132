"""Two real systems and the bridge between them, as tests of bridges use them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from demo import directly
from demo.servers import HelpDesk, Roundup, Server
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.sync import streams
from unified_api.sync.bridge import showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models_bridge import Bridge

#: The desk's numbers.
OPEN, CLOSED, DUPLICATE, CRITICAL, NORMAL, LOW = 1, 4, 5, 1, 3, 4


@dataclass
class Real:
    """Both servers and the bridge between them."""

    tenant: uuid.UUID
    roundup: Roundup
    desk: HelpDesk
    bridge_id: uuid.UUID

    def turn(self) -> Round:
        """A round of the bridge."""
        return Round(self.tenant, self.bridge_id, patience=60)

    def round(self) -> dict[str, Any]:
        """Read both and settle all; how the bridge stands then."""
        turn = self.turn()
        turn.read(lambda: None)
        assert turn.settle()
        with transaction.atomic():
            return showing.standing(Bridge.objects.get(id=self.bridge_id))

    def issue(self, title: str) -> dict[str, Any]:
        """Roundup's issue of this title, of which there has to be one."""
        found = directly.find_issue(self.roundup, title=title)
        assert found is not None
        return found

    def tickets(self, title: str) -> list[dict[str, Any]]:
        """The desk's tickets of this title."""
        page = self.desk.rest("GET", "tickets/", page_size=100)
        assert page["next"] is None
        return [one for one in page["results"] if one["title"] == title]

    def ticket(self, title: str) -> dict[str, Any]:
        """The desk's ticket of this title, of which there has to be one."""
        (found,) = self.tickets(title)
        return found

    def writes(self) -> int:
        """Requests that change something, by both servers' own logs."""
        return self.roundup.writes() + self.desk.writes()


def link(slug: str, server: Server, end_user: str = "customer-1") -> LinkedAccount:
    """Link a server for an end user, of whom all tests here but one have just this."""
    settings, secrets = registry.by_slug(slug).accept({**server.settings, **server.secrets})
    account, _, _ = accounts.link(
        category="ticketing",
        integration=slug,
        end_user_origin_id=end_user,
        settings=settings,
        credential={name: Secret(value) for name, value in secrets.items()},
    )
    with transaction.atomic():
        streams.start(account)
    return account


def empty(roundup: Roundup, desk: HelpDesk) -> None:
    """Remove all issues and tickets."""
    for issue in roundup.rest("GET", "issue", **{"@verbose": 1})["collection"]:
        roundup.rest("DELETE", f"issue/{issue['id']}")
    for ticket in desk.rest("GET", "tickets/", page_size=100)["results"]:
        desk.rest("DELETE", f"tickets/{ticket['id']}/")
