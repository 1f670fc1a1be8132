"""What BambooHR sends by itself."""

from __future__ import annotations

import pytest

from integrations.kit.client import Client
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback, Hint
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import employees, hooks
from tests.integrations.lines import Key
from tests.integrations.listener import Seen, Told, listening
from tests.integrations.providers.bamboohr.company import named
from unified_api.models.hris import Employee


@pytest.mark.parametrize("quirk", ["", hooks.TIME_FIRST])
def test_webhooks_are_asked_for_proved_and_followed(company: Emulator, client: Client, quirk: str) -> None:
    """In the place of those before; signed by the key that was shown once, in either order; naming whom to read."""
    company.world.table("quirk")[quirk] = {}
    webhooks = client.provider.webhooks
    assert webhooks is not None
    seen: list[Seen] = []

    def takes(one: Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        callback = Callback(f"{server.url}/hook", Key("not used"))
        client.subscribe(callback)
        kept = client.subscribe(callback)
        eve = employees.add_employee(company.world, "Eve", "New")
        employees.edit(company.world, named(company, "Ada"), lastName="Married")
        employees.edit(company.world, named(company, "Ada"), customTShirt="L")
        employees.add_row(company.world, named(company, "Ben"), "jobInfo", date="2026-01-30", jobTitle="Head")
        employees.remove(company.world, eve)
        client.check()  # any exchange has the engine look at what happened
        assert set(company.deliver()) == {200}
    headers = [{name.lower(): value for name, value in one.headers.items()} for one in seen]
    deliveries = [Delivery(told, one.body) for told, one in zip(headers, seen, strict=True)]
    now = company.world.clock.now()

    assert len(company.world.rows("hook")) == 1
    assert kept.secret is not None
    assert all(webhooks.proof.holds(one, [Key(kept.secret)], now) for one in deliveries)
    assert not any(webhooks.proof.holds(one, [Key("other")], now) for one in deliveries)
    assert [hint for one in deliveries for hint in webhooks.hints(one)] == [
        Hint("employee.created", Employee, eve["id"]),
        Hint("employee.updated", Employee, named(company, "Ada")["id"]),
        Hint("employee.updated", Employee, named(company, "Ben")["id"]),
        Hint("employee.deleted", Employee, eve["id"]),
    ]
    client.unsubscribe(kept.id)
    assert company.world.rows("hook") == []
