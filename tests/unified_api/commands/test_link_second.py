"""One end user at several integrations of one category, and in several categories of one: no link costs another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import Client
from pytest_django.fixtures import Settings

from tenants.models import LinkedAccount
from tests import stub
from tests.people import Person
from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import PLAIN
from unified_api import registry
from unified_api.sync.models import Job, Stream


@dataclass
class Customer:
    """A customer of Alice, who uses two help desks."""

    call: Call
    alice: Person
    desks: dict[str, stub.Desk]

    def link(self, slug: str) -> Any:
        """Link the account at this integration, or link it again, and have it read."""
        desk = self.desks[slug]
        where = ("--set", f"base_url={desk.url}", "--secret", f"token={desk.token}")
        made = self.call(*words(self.alice, slug), *where, "--json").document
        self.call("sync", made["linked_account_id"], "--wait")
        return made

    def tickets(self, made: Any) -> list[str]:
        """The names of the tickets that a token opens."""
        headers = {**self.alice.headers, "X-Account-Token": made["account_token"]}
        listed = Client().get("/api/ticketing/v1/tickets", headers=headers)
        assert listed.status_code == 200
        return [ticket["name"] for ticket in listed.json()["results"]]


def words(alice: Person, slug: str) -> tuple[str, ...]:
    """The words of a `link` command, but for settings and secrets."""
    return ("link", "--tenant", str(alice.tenant_id), "--integration", slug, "--end-user", "customer-1")


@pytest.fixture
def customer(
    call: Call, alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Customer]:
    """Two desks, each with a ticket and an account of its own name, not linked yet."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    for provider in (stub.PROVIDER, PLAIN):
        monkeypatch.setitem(registry._providers, provider.slug, provider)
    with stub.running() as first, stub.running() as second:
        desks = {"stub": first, "plain": second}
        for slug, desk in desks.items():
            desk.account = f"customer's account at {slug}"
            desk.add(title=f"ticket at {slug}", state="open")
        yield Customer(call, alice, desks)


@pytest.mark.parametrize(("first", "second"), [("stub", "plain"), ("plain", "stub")])
def test_a_second_integration_of_a_category_is_an_account_beside_the_first(
    customer: Customer, first: str, second: str
) -> None:
    """In either order: both are complete, have tokens of their own, and are read."""
    one, other = customer.link(first), customer.link(second)

    assert (one["relinked"], other["relinked"]) == (False, False)
    assert one["category"] == other["category"] == "ticketing"
    assert one["linked_account_id"] != other["linked_account_id"]
    assert customer.tickets(one) == [f"ticket at {first}"]
    assert customer.tickets(other) == [f"ticket at {second}"]
    with customer.alice.at_work():
        assert {a.status for a in LinkedAccount.objects.all()} == {"COMPLETE"}
        assert LinkedAccount.objects.count() == 2


@pytest.mark.parametrize(("first", "second"), [("stub", "plain"), ("plain", "stub")])
def test_linking_one_again_leaves_the_other_alone(customer: Customer, first: str, second: str) -> None:
    """Each keeps its id and token, its records, its streams, and the name of its own account over there."""
    made = {slug: customer.link(slug) for slug in (first, second)}
    with customer.alice.at_work():
        streams = set(Stream.objects.values_list("id", "linked_account_id"))
    again = {slug: customer.link(slug) for slug in (first, second)}

    for slug in (first, second):
        assert again[slug]["relinked"] is True
        same = ("linked_account_id", "account_token", "remote_identity")
        assert [again[slug][name] for name in same] == [made[slug][name] for name in same]
        assert customer.tickets(again[slug]) == [f"ticket at {slug}"]
    with customer.alice.at_work():
        assert set(Stream.objects.values_list("id", "linked_account_id")) == streams


def test_a_product_is_linked_in_each_category_without_a_secret(call: Call, alice: Person) -> None:
    """Its accounts are three, each with the models of its category, of which nothing is ever due."""
    made = [call(*words(alice, "product"), "--category", c, "--json") for c in ("hris", "crm", "ticketing")]
    again = call(*words(alice, "product"), "--category", "crm")
    documents = [printed.document for printed in made]

    assert len({d["linked_account_id"] for d in documents}) == 3
    assert {"hris.Employee", "training.TrainingCompletion"} < set(documents[0]["models"])
    assert {model.partition(".")[0] for model in documents[1]["models"]} == {"crm"}
    assert "again: it keeps its id and token" in again.out
    assert "Keeping: crm.Lead" in again.out
    with alice.at_work():
        assert not Job.objects.exists()
        assert not Stream.objects.filter(is_initial=True).exists()


def test_a_product_stands_beside_another_system_of_the_category(customer: Customer) -> None:
    """Linking it, and linking either again, costs the other nothing."""
    desk = customer.link("stub")
    product = (*words(customer.alice, "product"), "--category", "ticketing", "--json")
    made, again = customer.call(*product).document, customer.call(*product).document
    customer.link("stub")

    assert (made["relinked"], again["relinked"]) == (False, True)
    assert made["account_token"] == again["account_token"]
    assert customer.tickets(desk) == ["ticket at stub"]
    assert customer.tickets(made) == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ((), r"Product has accounts of several categories; name one of hris, crm, ticketing\."),
        (
            ("--category", "ats"),
            r"Product has no accounts of category 'ats'; name one of hris, crm, ticketing",
        ),
        (("--category", "crm", "--set", "colour=red"), r"colour: is no setting of product"),
    ],
)
def test_a_category_that_is_not_known_is_told(
    call: Call, alice: Person, more: tuple[str, ...], sentence: str
) -> None:
    """The sentence names those there are, and nothing is stored."""
    with pytest.raises(CommandError, match=sentence):
        call(*words(alice, "product"), *more)
    with alice.at_work():
        assert not LinkedAccount.objects.exists()
