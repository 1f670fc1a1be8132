"""What tests of the whole contract share: a server with the API and the sandboxes, and an account at one of these."""

from __future__ import annotations

import operator
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from pytest_django import Settings

from tests.integrations.sandbox.conftest import Account, linked, sandbox_of
from tests.people import Person
from tests.unified_api.api.account.calls import Site, World, condition
from tests.unified_api.api.driving import Driver, Manner
from tests.unified_api.api.loopback import on_loopback
from tests.unified_api.models import contract
from unified_api.sync import job, streams
from unified_api.sync.models import Stream

#: Of each category a model, the kind of its objects, and one of their fields.
KNOWN: Final = {
    "hris": ("Employee", "employee", "workEmail"),
    "crm": ("Lead", "lead", "familyName"),
    "ticketing": ("Ticket", "ticket", "subject"),
}


@pytest.fixture
def installation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that has the API and the sandboxes."""
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]  # the file that is uploaded lies there
    with on_loopback() as address:
        settings.SANDBOX_URL = f"{address}/sandbox"
        yield address


@dataclass
class Customer:
    """Somebody's account at a sandbox of this installation, whose records were read."""

    account: Account
    installation: str

    @property
    def category(self) -> str:
        """Of the sandbox."""
        return self.account.remote.category

    @property
    def api_key(self) -> str:
        """With which a client says for which tenant it speaks."""
        return self.account.person.api_key.reveal()

    @property
    def account_token(self) -> str:
        """With which it says for which account."""
        return self.account.token.reveal()

    def answers(self, client: Any, calls: Container[str], manner: Manner) -> dict[str, Any]:
        """What the client of the category is answered to these calls, each with arguments that can be answered."""
        driver = Driver(self.category, client, f"{self.installation}/healthz", manner)
        for one in driver.operations():
            if one.call in calls:
                driver.drive(one)
        self._hold_removals()
        self._select()
        for name, response in self._at_account_level(client).calls(calls):
            call = operator.attrgetter(name.replace(".", ".with_raw_response."))(client)
            driver.answers[name] = manner.judged(call, response)
        return driver.answers

    def _hold_removals(self) -> None:
        """Have so much vanish for a while that a person has to look at it."""
        remote = self.account.remote
        remote.call("PUT", "behaviour", {"vanishedShare": 1})
        with self.account.person.at_work():
            streams.resync(Stream.objects.get(model=f"{self.category}.{KNOWN[self.category][0]}"))
        self.account.work()
        remote.call("PUT", "behaviour", {})

    def _select(self) -> None:
        """Have a condition hold for what is taken in."""
        conditions = {"conditions": [condition(KNOWN[self.category][0])]}
        answer = self.account.send("put", "selective-sync/conditions", conditions)
        assert answer.status_code == 200, answer.content

    def _at_account_level(self, client: Any) -> World:
        """Who makes calls at the account's level."""
        model, kind, field = KNOWN[self.category]
        values = {"key": self.account.remote.key.reveal()}
        site = Site(f"sandbox-{self.category}", values, "/account", model, f"/objects/{kind}", field)
        return World(self.category, client, site, self.account.person.tenant_id, self.account)


@pytest.fixture(params=contract.CATEGORIES)
def customer(request: pytest.FixtureRequest, alice: Person, installation: str) -> Customer:
    """One for each category."""
    account = linked(alice, sandbox_of(alice, f"{installation}/sandbox", request.param))
    account.work()
    return Customer(account, installation)
