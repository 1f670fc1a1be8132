"""People whom records name are known by their addresses, whatever the model calls these."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit.mapping import Mapping
from tests import stub
from tests.unified_api.sync.bridge.conftest import Bridged, link
from unified_api import registry
from unified_api.engine.normal import normal
from unified_api.management.bridge import items
from unified_api.models.base import common_models, model_id
from unified_api.models.crm import Lead
from unified_api.models.hris import Employee
from unified_api.models.ticketing import User
from unified_api.sync import clock
from unified_api.sync.bridge import naming, setup
from unified_api.sync.bridge.configuration import PEOPLE
from unified_api.sync.bridge.references import _known
from unified_api.sync.models_bridge import Bridge, PairKey

LEADS = replace(
    stub.TICKETS,
    mapping=Mapping(Lead, remote_id="id", last_name="title", email_addresses="mails"),
    recognise=("last_name",),
    required=("last_name",),
)
SALES = replace(stub.PROVIDER, slug="sales", name="Sales", category="crm", resources=(LEADS,))
MARKETING = replace(SALES, slug="marketing", name="Marketing")


class Leads(Bridged):
    """Two tools with leads, and a bridge that matches them by their addresses."""

    def wish(self, **more: Any) -> setup.Wish:
        """What is bridged."""
        given: dict[str, Any] = {"winner": "a", "fields": ("last_name", "email_addresses"), "mode": "live"}
        return setup.Wish(*self.accounts, "crm.Lead", **(given | more))

    def names(self) -> tuple[list[str], list[str]]:
        """Who is known at either side."""
        return self.both("title")

    def mails(self, desk: stub.Desk) -> list[str]:
        """Every address that a tool holds, in any case."""
        return [
            mail["email_address"].lower()
            for record in desk.tables["tickets"].values()
            for mail in record["mails"] or ()
        ]

    def add(self, desk: stub.Desk, name: str, *mails: str) -> str:
        """A lead, each address of another type."""
        told = [{"email_address": mail, "email_address_type": f"type {n}"} for n, mail in enumerate(mails)]
        return desk.add(title=name, mails=told)


@pytest.fixture
def leads(
    tenant: uuid.UUID, no_broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Leads]:
    """Both tools, linked, not bridged yet."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    for provider in (SALES, MARKETING):
        monkeypatch.setitem(registry._providers, provider.slug, provider)
    with stub.running() as a, stub.running() as b:
        yield Leads(tenant, a, b, (link(SALES, a), link(MARKETING, b)))


def test_one_shared_address_is_enough(leads: Leads) -> None:
    """In any case, order and type, among others that differ: nobody is made twice."""
    leads.add(leads.a, "Grace", "grace@navy.example", "Hopper@x.example")
    leads.add(leads.b, "Grace H.", "hopper@X.example", "g.hopper@y.example")
    leads.add(leads.a, "Ada", "ada@x.example")
    leads.join()
    leads.round()

    assert leads.names() == (["Ada", "Grace"], ["Ada", "Grace"])
    assert {pair.state for pair in leads.pairs()} == {"paired"}
    every = ["ada@x.example", "g.hopper@y.example", "grace@navy.example", "hopper@x.example"]
    assert [sorted(leads.mails(desk)) for desk in (leads.a, leads.b)] == [every, every]


def test_who_shares_an_address_with_two_is_for_a_person(leads: Leads) -> None:
    """Both go to review, and nothing is made or written for any of them."""
    leads.add(leads.a, "Grace", "one@x.example", "two@x.example")
    leads.add(leads.b, "Grace one", "one@x.example")
    leads.add(leads.b, "Grace two", "two@x.example")
    leads.join()
    standing = leads.round()

    assert leads.names() == (["Grace"], ["Grace one", "Grace two"])
    assert {pair.held for pair in leads.pairs()} == {"review"}
    assert len(standing["review"]) == 3


def test_a_newcomer_who_shares_an_address_of_a_pair_is_for_a_person(leads: Leads) -> None:
    """Any address of either record that the pair is known by; who gives it up goes on."""
    leads.add(leads.a, "Grace", "one@x.example", "two@x.example")
    leads.add(leads.b, "Grace", "one@x.example", "two@x.example")
    leads.join()
    leads.round()
    newcomer = leads.add(leads.b, "Another Grace", "two@x.example")
    leads.round()
    assert [pair.held for pair in leads.pairs() if pair.record_a is None] == ["review"]

    leads.b.edit(newcomer, mails=[{"email_address": "three@x.example"}])
    leads.round()
    assert leads.names() == (["Another Grace", "Grace"], ["Another Grace", "Grace"])


def test_an_address_that_a_pair_has_got_since_counts(leads: Leads) -> None:
    """Its keys are those that its records have now, one row each."""
    grace = leads.add(leads.a, "Grace", "one@x.example")
    leads.join()
    leads.round()
    mails = [{"email_address": "one@x.example"}, {"email_address": "new@x.example"}]
    leads.a.edit(grace, mails=mails)
    leads.round()
    leads.add(leads.b, "Another Grace", "new@x.example")
    leads.round()

    assert [pair.held for pair in leads.pairs() if pair.record_a is None] == ["review"]
    with transaction.atomic():
        keys = sorted(PairKey.objects.values_list("key", flat=True))
    assert keys == ['["new@x.example"]', '["new@x.example"]', '["one@x.example"]']


def test_every_model_of_people_has_an_address_to_be_found_by() -> None:
    """A reference by e-mail finds them."""
    assert {model_id(one) for one in common_models() if hasattr(one, "email_key")} == set(PEOPLE)


WRITTEN = (
    "ada@x.example",
    "  Ada@X.Example\n",
    "mailto:Ada@x.example",
    "Mailto: ada@x.example",
    "Ada <the first> <Ada@x.example>",
    '"King, Ada" <ada@x.example> ',
    "ada.king+bridge@x.example",
    "not an address",
    "<>",
    " ",
    "",
    None,
)


@pytest.mark.parametrize("written", WRITTEN)
def test_an_address_is_found_in_the_form_in_which_the_engine_compares_it(
    tenant: uuid.UUID, written: str | None
) -> None:
    """Postgres and the normalizer take the same for decoration, whether in a field or first in a list."""
    mails = [{"email_address": None}, {"email_address": written}, {"email_address": "second@x.example"}]
    user = _person(User, email_address=written)
    employee = _person(Employee, work_email=written, personal_email="home@x.example")
    lead = _person(Lead, email_addresses=mails)
    with transaction.atomic():
        for person in (user, employee, lead):
            person.save(force_insert=True)
    bare = normal(written, "email")
    assert user.email_key == bare
    assert employee.email_key == (bare or "home@x.example")
    assert lead.email_key == (bare or "second@x.example")


def test_people_are_found_by_an_index(tenant: uuid.UUID, database: psycopg.Connection) -> None:
    """Behind row-level security too: a look costs what the named people cost, not what those who are there do."""
    account = uuid.uuid4()
    people = [
        _person(User, linked_account_id=account, email_address=f"p{number}@x.example")
        for number in range(5_000)
    ]
    with transaction.atomic():
        User.objects.bulk_create(people)
    database.execute("ANALYZE ticketing_user")
    with transaction.atomic():
        found = _known(User, account).filter(email_key__in={"p7@x.example", "p9@x.example"})
        plan = found.explain()
        assert len(found) == 2
    assert "ticketing_user_e" in plan
    assert "email_key = ANY" in plan.split("Index Cond:")[1].split("\n")[0]


def test_people_in_a_plan_are_called_by_name_and_address(
    tenant: uuid.UUID, database: psycopg.Connection
) -> None:
    """One alone or several, as far as they are known and may be shown; an id that nobody has stays one."""
    with transaction.atomic():
        ann = _person(User, name="Ann", email_address="Ann@x.example")
        bob = _person(User, email_address="bob@x.example")
        User.objects.bulk_create([ann, bob])
        told = {
            "was": [str(ann.id)],
            "value": [str(ann.id), str(bob.id)],
            "rule": "newer",
            "is_hidden": False,
        }
        bridge = Bridge(model="ticketing.Ticket", configuration={"references": {"assignees": "email"}})
        names = naming.called(bridge, [{"assignees": told, "name": {**told, "was": str(uuid.uuid4())}}])

    assert names == {str(ann.id): "Ann <ann@x.example>", str(bob.id): "<bob@x.example>"}
    shown = items.changes("update", {"assignees": told}, names)
    assert shown == "assignees: Ann <ann@x.example> -> Ann <ann@x.example>, <bob@x.example> (newer)"


def _person(model: Any, **values: Any) -> Any:
    now = clock.now()
    given = {"id": uuid.uuid4(), "linked_account_id": uuid.uuid4(), "created_at": now, "modified_at": now}
    return model(**(given | values))


def test_the_addresses_of_both_records_count(leads: Leads) -> None:
    """Also where the bridge leaves them as they are: a newcomer who shares the counterpart's is for a person."""
    leads.add(leads.a, "Grace", "one@x.example")
    leads.add(leads.b, "Grace", "one@x.example", "two@x.example")
    leads.join(options={"email_addresses": {"direction": "never"}})
    leads.round()
    leads.add(leads.a, "Another Grace", "two@x.example")
    leads.round()

    assert [pair.held for pair in leads.pairs() if pair.record_b is None] == ["review"]
