"""What an adapter's vendor sends by itself is believed if it is the vendor's, once, and read again by id."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.kit.errors import Forbidden, Gone
from integrations.kit.provider import Resource
from integrations.kit.signatures import AnyOf, Carried, Hmac, Proof
from integrations.kit.signatures import Delivery as Taken
from integrations.kit.webhooks import Callback, Hint, Webhooks
from tenants import secrets
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.conformance.trial import Trial
from tests.emulators.vendor import Delivery
from tests.integrations.lines import Key
from tests.people import Person
from unified_api.events import addresses, following, subscribing
from unified_api.link.linking import Request, link
from unified_api.models.base import model_id
from unified_api.sync import clock, job, tasks
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent


@dataclass(frozen=True)
class Told:
    """An account that is linked in the product, and what is sent about it."""

    trial: Trial
    person: Person
    account: LinkedAccount
    webhooks: Webhooks

    def made(self, most: int = 100) -> list[Delivery]:
        """What is sent when records of so many models were made, of those that are told and can be made."""
        models = self.webhooks.models.values()
        can = [one for one in self.trial.provider.resources if one.model in models and one.can("create")]
        for resource in can[:most]:
            self.trial.made(resource, self.trial.samples(resource).make[0])
        assert self.trial.started.deliveries
        return list(self.trial.started.deliveries())

    def send(self, delivery: Delivery) -> int:
        """The status of the answer to it."""
        headers = {name: value for name, value in delivery.headers.items() if name.lower() != "content-type"}
        kind = next(value for name, value in delivery.headers.items() if name.lower() == "content-type")
        path = urlsplit(delivery.url).path
        return Client().post(path, delivery.body, content_type=kind, headers=headers).status_code

    def hints(self, delivery: Delivery) -> list[Hint]:
        """What it names."""
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        return self.webhooks.hints(Taken(headers, delivery.body))

    def work(self, kind: str) -> None:
        """Do what is due of a kind."""
        with scope(self.person.tenant_id):
            lease = job.claim(kind, self.account.id)
        if lease:
            tasks.do(lease, time.monotonic() + 20)

    def outcomes(self) -> list[str]:
        """What came of what was stored."""
        with self.person.at_work():
            return [event.outcome for event in WebhookEvent.objects.order_by("received_at", "id")]

    def counted(self) -> tuple[int, int]:
        """How many were accepted, and refused."""
        with self.person.at_work():
            address = WebhookAddress.objects.get(linked_account_id=self.account.id)
        return address.accepted, address.refused

    def is_shown(self, resource: Resource, remote_id: str) -> bool:
        """Whether the vendor shows this record as one of the model."""
        try:
            self.trial.client.read(resource, remote_id)
        except Gone:
            return False
        return True

    def is_stored(self, resource: Resource, remote_id: str) -> bool:
        """Whether the account has this record."""
        with self.person.at_work():
            mine = resource.model.objects.filter(linked_account_id=self.account.id, remote_id=remote_id)
            return bool(mine.exists())


@pytest.fixture
def told(trial: Trial, alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Told:
    """An account that has asked for webhooks, or for which a person did."""
    webhooks = trial.provider.webhooks
    assert webhooks is not None
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.PUBLIC_URL = settings.PUBLIC_URL or "http://testserver"
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    monkeypatch.setattr(clock, "now", trial.started.now)
    with scope(alice.tenant_id):
        account = link(Request(trial.provider.slug, "customer-1", dict(trial.started.values))).account
    one = Told(trial, alice, account, webhooks)
    one.work(subscribing.KIND)
    with alice.at_work():
        address = WebhookAddress.objects.get()
        url, secret = addresses.url_of(account), secrets.opened(address, "sealed_secret").reveal()
    if address.subscription is None:
        assert trial.started.set_up, f"{trial.provider.slug}: say how a person sets up webhooks, by `set_up`"
        assert url
        trial.started.set_up(url, secret)
    return one


def test_what_the_vendor_sends_is_stored_once_and_read_again(told: Told) -> None:
    """Each delivery is accepted, and known when it comes again; what it names is there once it was followed.

    Of a sandbox, whose models are all alike, one is made.
    """
    sent = told.made(1 if told.trial.provider.is_sandbox else 100)
    assert [told.send(one) for one in sent] == [202] * len(sent)
    assert [told.send(one) for one in sent] == [200] * len(sent)
    assert told.counted() == (2 * len(sent), 0)
    assert told.outcomes() == [""] * len(sent)

    told.work(following.KIND)
    outcomes = told.outcomes()
    named = {hint._replace(word="") for one in sent for hint in told.hints(one) if hint.model}
    assert named, "nothing is sent, or none of it names a model"
    assert len([one for one in outcomes if one]) == len(sent)
    for _, model, remote_id in named:
        assert model
        resource = told.trial.provider.resource(model_id(model))
        assert resource
        if remote_id is not None and resource.can("get"):
            assert "read again" in outcomes
            assert told.is_stored(resource, remote_id) is told.is_shown(resource, remote_id)
        else:
            assert "its list is read" in outcomes


def test_what_somebody_else_sends_is_refused_and_counted(told: Told) -> None:
    """A signature that is another one, or an address that nobody has: nothing of it is stored, or followed."""
    [one, *_] = told.made(most=1)
    names = _signatures(told.webhooks.proof)
    forged = Delivery(
        one.url, {n: _another(v) if n.lower() in names else v for n, v in one.headers.items()}, one.body
    )
    strange = Delivery(f"{one.url[:-5]}{one.url[:-6:-1]}x", one.headers, one.body)

    assert told.send(strange) == 404
    if told.webhooks.proof.signed:
        assert forged.headers != one.headers
        assert [told.send(forged), told.send(forged)] == [401, 401]
        assert told.counted() == (0, 2)
    assert told.outcomes() == []
    assert told.send(one) == 202


def test_a_subscription_is_found_until_it_is_removed(asked: Trial) -> None:
    """One that goes to another address is another one. Where a person sets it up, nobody else can ask for any."""
    here, elsewhere = (Callback(f"https://us.example/webhooks/{one}", Key("a-secret")) for one in "ab")
    if asked.started.set_up:
        with pytest.raises(Forbidden):
            asked.client.subscribe(here)
        return
    made = asked.client.subscribe(here)

    assert asked.client.is_subscribed(made.id, here)
    assert not asked.client.is_subscribed(made.id, elsewhere)
    asked.client.unsubscribe(made.id)
    assert not asked.client.is_subscribed(made.id, here)


def _signatures(proof: Proof) -> Sequence[str]:
    """The headers by which it is proved, in small letters."""
    if isinstance(proof, AnyOf):
        return [name for one in proof.proofs for name in _signatures(one)]
    return [proof.header.lower()] if isinstance(proof, Hmac | Carried) else []


def _another(value: str) -> str:
    """The same with another letter in its middle."""
    middle = len(value) // 2
    return f"{value[:middle]}{'b' if value[middle] == 'a' else 'a'}{value[middle + 1 :]}"
