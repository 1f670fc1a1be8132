"""Every operation of the wire contract, by the official client against a running server linked to sandboxes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from merge.client import Merge
from pytest_django import Settings

from tests.integrations.sandbox.conftest import Account, linked, sandbox_of
from tests.people import Person
from tests.unified_api.api.account.calls import Site, World
from tests.unified_api.api.conftest import on_loopback
from tests.unified_api.api.driving import Driver
from tests.unified_api.api.test_table import COUNTED
from tests.unified_api.models import contract
from tests.unified_api.models.answers import checked
from unified_api.sync import job, pull
from unified_api.sync.models import Stream

pytestmark = pytest.mark.timeout(240)  # a hundred calls, each through all of the product

TOGETHER = 234
#: Of each category a model, the kind of its objects, and one of their fields.
KNOWN = {
    "hris": ("Employee", "employee", "workEmail"),
    "crm": ("Lead", "lead", "familyName"),
    "ticketing": ("Ticket", "ticket", "subject"),
}


@pytest.fixture
def live(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that has the API and the sandboxes."""
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]  # the file that is uploaded lies there
    with on_loopback() as address:
        settings.SANDBOX_URL = f"{address}/sandbox"
        yield address


@dataclass
class Customer:
    """Somebody's account at a sandbox, and the client that speaks for it."""

    account: Account
    client: Any

    def hold_removals(self) -> None:
        """Have so much vanish for a while that a person has to look at it."""
        remote = self.account.remote
        remote.call("PUT", "behaviour", {"vanishedShare": 1})
        with self.account.person.at_work():
            pull.resync(Stream.objects.get(model=f"{remote.category}.{KNOWN[remote.category][0]}"))
        self.account.work()
        remote.call("PUT", "behaviour", {})

    def at_account_level(self) -> World:
        """The same for calls at the account's level."""
        remote = self.account.remote
        model, kind, field = KNOWN[remote.category]
        values = {"key": remote.key.reveal()}
        site = Site(f"sandbox-{remote.category}", values, "/account", model, f"/objects/{kind}", field)
        return World(remote.category, self.client, site, self.account.person.tenant_id, self.account)


@pytest.fixture(params=contract.CATEGORIES)
def customer(request: pytest.FixtureRequest, alice: Person, live: str) -> Iterator[Customer]:
    """One for each category, whose records were read."""
    remote = sandbox_of(alice, f"{live}/sandbox", request.param)
    account = linked(alice, remote)
    account.work()
    with httpx.Client(timeout=30) as http:
        token, key = account.token.reveal(), alice.api_key.reveal()
        client = Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http)
        yield Customer(account, getattr(client, request.param))


def test_every_operation_of_the_contract_answers(
    customer: Customer, live: str, record_property: Callable[[str, object], None]
) -> None:
    """2xx, in JSON of the types that the client declares; no list is empty; none of the client's calls is left out."""
    category = customer.account.remote.category
    driver = Driver(category, customer.client, f"{live}/healthz")
    for one in driver.operations():
        driver.drive(one)
    customer.hold_removals()
    for name, response in customer.at_account_level().calls():
        call = operator.attrgetter(name.replace(".", ".with_raw_response."))(customer.client)
        driver.answers[name] = checked(call, response)

    known = {one.call for one in contract.operations(category)}
    assert set(driver.answers) == known
    assert (len(known), sum(COUNTED.values())) == (COUNTED[category], TOGETHER)
    record_property(f"operations of {category} that answer", f"{len(known)} of {TOGETHER} in all")
