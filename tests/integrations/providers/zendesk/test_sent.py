"""What a desk sends by itself, and what it tells of its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import RetryLater
from integrations.kit.http import Patience
from integrations.kit.limiter import LocalLimiter
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback, Hint
from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import people, ticket
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.integrations import listener
from tests.integrations.lines import Key, Learner, connection
from tests.integrations.listener import Told, listening
from tests.integrations.providers.zendesk.desk import (
    old_ticket,
    resource_of,
)
from unified_api.models.ticketing import Comment, Contact, Ticket


def test_webhooks_are_asked_for_proved_and_followed(desk: Emulator, client: Client) -> None:
    """In the place of what was asked for before; signed by the secret that the system chose; naming what to read."""
    webhooks = client.provider.webhooks
    assert webhooks is not None
    seen: list[listener.Seen] = []

    def takes(one: listener.Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        callback = Callback(f"{server.url}/hook", Key("not used"))
        desk.faults.refuse(422, f"POST {API}/webhooks", body={"error": "no such event"})
        client.subscribe(callback)
        kept = client.subscribe(callback)
        made = old_ticket(desk.world)
        ticket.change_ticket(desk.world, made, comment={"body": "On my way."}, priority="low")
        people.add_user(desk.world, "Eve", "eve@acme.example")
        client.check()  # any exchange has the engine look at what happened
        assert set(desk.deliver()) == {200}
    headers = [{name.lower(): value for name, value in one.headers.items()} for one in seen]
    deliveries = [Delivery(told, one.body) for told, one in zip(headers, seen, strict=True)]
    now = desk.world.clock.now()
    hints = [hint for one in deliveries for hint in webhooks.hints(one)]

    assert len(desk.world.rows("webhook")) == 1
    assert kept.secret is not None
    assert all(webhooks.proof.holds(one, [Key(kept.secret)], now) for one in deliveries)
    assert not any(webhooks.proof.holds(one, [Key("other")], now) for one in deliveries)
    said = [f"{made['id']}-{one['id']}" for one in desk.world.rows("comment")]
    assert {(hint.model, hint.remote_id) for hint in hints} >= {
        (Ticket, str(made["id"])),
        *((Comment, one) for one in said),
        (Contact, str(desk.world.rows("user")[-1]["id"])),
    }
    assert Hint("zen:event-type:ticket.priority_changed", Ticket, str(made["id"])) in hints
    assert client.read(resource_of(client, Comment), said[-1]).values["body"] == "On my way."
    client.unsubscribe(kept.id)
    assert desk.world.rows("webhook") == []


def test_its_webhook_is_known_among_more_than_a_page_of_others(desk: Emulator, client: Client) -> None:
    """It is asked for by its id, and a former one is looked for on each page."""
    for number in range(120):
        desk.world.add(
            "webhook", {"id": f"other {number}", "endpoint": "https://other.example", "status": "active"}
        )
    callback = Callback("https://isthmus.example/hook", Key("not used"))
    client.subscribe(callback)
    kept = client.subscribe(callback).id
    mine = [hook for hook in desk.world.rows("webhook") if hook["endpoint"] == callback.url]

    assert [hook["id"] for hook in mine] == [kept]
    assert client.is_subscribed(kept, callback)
    assert not client.is_subscribed(kept, Callback("https://elsewhere.example", Key("not used")))
    mine[0]["status"] = "inactive"
    assert not client.is_subscribed(kept, callback)
    client.unsubscribe(kept)
    assert not client.is_subscribed(kept, callback)


def test_the_last_requests_of_a_minute_are_not_used_up(desk: Emulator, client: Client) -> None:
    """What remains of the account's limit is told by headers, and the limiter learns it."""
    limiter = Learner()
    line = connection({"base_url": desk.url, "email": EMAIL}, {"api_token": TOKEN})

    with Client(client.provider, replace(line, limiter=limiter, clock=desk.world.clock.now)) as watched:
        watched.check()

    assert limiter.learnt == [(699, desk.world.clock.now() + timedelta(seconds=60))]


def test_the_limit_of_the_exports_keeps_nobody_else_waiting(desk: Emulator, client: Client) -> None:
    """The eleventh in a minute is put off; who writes a ticket meanwhile does so at once."""
    made = old_ticket(desk.world)
    limiter = LocalLimiter(per_second=1_000, clock=lambda: 0.0)
    line = connection({"base_url": desk.url, "email": EMAIL}, {"api_token": TOKEN}, limiter=limiter)
    line = replace(line, clock=desk.world.clock.now)
    with (
        Client(client.provider, line, patience=Patience(attempts=1)) as reader,
        Client(client.provider, line, patience=Patience(attempts=1)) as writer,
    ):
        tickets = resource_of(client, Ticket)
        for _ in range(10):
            list(reader.pages(tickets, None))
        with pytest.raises(RetryLater) as caught:
            list(reader.pages(tickets, None))
        changed = writer.update(tickets, str(made["id"]), {"priority": "LOW"})

    assert 0 < (caught.value.after or 0) <= 60
    assert changed.values["priority"] == "LOW"
