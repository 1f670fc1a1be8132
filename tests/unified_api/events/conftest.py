"""What tests of events share: an account at the help desk, whose adapter says that it sends webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from integrations.kit.signatures import Header, Hmac, Unsigned
from integrations.kit.webhooks import Webhooks
from tenants import secrets
from tenants.scope import scope
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller, desk, link
from unified_api import registry
from unified_api.events import addresses, following
from unified_api.models.ticketing import Attachment, Tag, Ticket
from unified_api.sync import job, tasks
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent

__all__ = ["desk", "link"]

SIGNED = Webhooks(
    proof=Hmac("X-Desk-Signature", base="{timestamp}{body}", timestamp=Header("X-Desk-Time")),
    models={"ticket": Ticket, "tag": Tag},
    word="what",
    until=".",
    remote_id="id",
    event_id=Header("X-Desk-Event"),
)
UNSIGNED = replace(SIGNED, proof=Unsigned())
assert Attachment not in SIGNED.models.values()


@dataclass
class Desk:
    """An account, and what its help desk sends."""

    linked: Linked
    path: str
    secret: str

    def send(self, body: Any, *, secret: str | None = None, **headers: str) -> int:
        """Send a delivery, signed as the adapter says; the status of the answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = headers.pop("stamp", str(int(time.time())))
        key = (secret or self.secret).encode()
        signed = hmac.new(key, stamp.encode() + content, hashlib.sha256).hexdigest()
        told = {
            "X-Desk-Time": stamp,
            "X-Desk-Signature": signed,
            **{f"X-Desk-{n}": v for n, v in headers.items()},
        }
        return caller().post(self.path, content, "application/json", headers=told).status_code

    def follow(self) -> None:
        """Do what the events have to do, due or not."""
        with scope(self.linked.person.tenant_id):
            lease = job.claim(following.KIND, self.linked.account.id)
        if lease:
            tasks.do(lease, time.monotonic() + 20)

    def events(self) -> list[WebhookEvent]:
        """What was stored, in the order in which it came."""
        return list(self.linked.stored(lambda: list(WebhookEvent.objects.order_by("received_at"))))

    def outcomes(self) -> list[str]:
        """What came of each."""
        return [event.outcome for event in self.events()]

    def address(self) -> WebhookAddress:
        """Where they arrive, with figures."""
        found: WebhookAddress = self.linked.stored(WebhookAddress.objects.get)
        return found

    def names(self) -> list[str]:
        """The names of tickets, as the API has them."""
        return [row["name"] for row in self.linked.get("tickets").json()["results"]]


MakeDesk = Callable[..., Desk]


@pytest.fixture
def hooked(alice: Person, link: Link, monkeypatch: pytest.MonkeyPatch) -> MakeDesk:
    """Link an account at a help desk that sends webhooks as it is told."""

    def made(webhooks: Webhooks = SIGNED, person: Person = alice, **more: Any) -> Desk:
        monkeypatch.setitem(registry._providers, "stub", replace(stub.PROVIDER, webhooks=webhooks))
        linked = link(person, **more)
        with person.at_work():
            address = addresses.made(linked.account)
            assert address
            key, secret = (secrets.opened(address, name).reveal() for name in ("sealed_key", "sealed_secret"))
        return Desk(linked, f"/webhooks/{key}", secret)

    return made
