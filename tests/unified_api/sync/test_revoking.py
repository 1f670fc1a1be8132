"""Tokens are ended at the provider with the account that had them: tried once, on record, and never in the way."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from integrations.kit import errors
from integrations.kit.auth import Revokes
from tenants import accounts
from tenants.models import AuditEvent, LinkedAccount
from tenants.scope import scope
from tests.integrations.listener import Told, told
from tests.oauth_house import (
    AUTH,
    CLIENT_SECRET,
    PROVIDER,
    House,
    call,
    forget_access,
    house,
    link_to,
    register,
)
from tests.people import Person
from tests.unified_api.api.conftest import caller
from unified_api import registry
from unified_api.link.linking import Request, link
from unified_api.sync import connect, job, renewing, revoking
from unified_api.sync.models import Job
from unified_api.sync.tasks import do

__all__ = ["house"]  # a fixture


pytestmark = pytest.mark.usefixtures("no_broker")


def ended(person: Person, account: LinkedAccount) -> list[dict[str, Any]]:
    """What the trail says of the token, once the account was deleted over the API."""
    with person.at_work():
        token = LinkedAccount.objects.get(id=account.id).token().reveal()
    headers = {**person.headers, "X-Account-Token": token}
    assert caller().post("/api/ticketing/v1/delete-account", headers=headers).status_code == 200
    with person.at_work():
        assert LinkedAccount.objects.get(id=account.id).deleted_at is not None
        trail = AuditEvent.objects.filter(subject=str(account.id), action__startswith="linked_account.token")
        return [{"action": one.action, **one.detail} for one in trail]


def test_the_refresh_token_is_ended_with_the_account(alice: Person, house: House) -> None:
    """As RFC 7009 has it, by the tenant's application; nothing opens the account by it then."""
    account = link_to(alice, house)
    trail = ended(alice, account)

    assert [grant.over for grant in house.grants] == [True]
    assert [one["action"] for one in trail] == [revoking.REVOKED]


@pytest.mark.parametrize(
    "answer", [told({"error": "no"}, 503), told({"error": "no"}, 400), Told(302, b"", {})]
)
def test_the_account_ends_whatever_the_provider_says(alice: Person, house: House, answer: Told) -> None:
    """Asked once; the trail has that the token lives on, and no secret."""
    account = link_to(alice, house)
    house.forms.clear()
    house.instead = [answer] * 3
    trail = ended(alice, account)

    assert [one["action"] for one in trail] == [revoking.NOT_REVOKED]
    assert trail[0]["why"]
    assert len(house.forms) == 1
    assert not any(secret in str(trail) for secret in (house.grants[0].refresh, CLIENT_SECRET))


def revoking_by(monkeypatch: pytest.MonkeyPatch, **how: Any) -> None:
    """Have the house's adapter end tokens otherwise."""
    auth = replace(AUTH, revokes=Revokes("{base_url}/revoke", **how))
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth))


def test_of_two_accounts_that_are_the_same_at_the_provider_each_ends_its_own_token(
    alice: Person, house: House
) -> None:
    """Two end users have linked the same account: none of their tokens lives on."""
    one, other = link_to(alice, house), link_to(alice, house, end_user="customer-2")
    first = ended(alice, one)
    assert [grant.over for grant in house.grants] == [True, False]
    last = ended(alice, other)

    assert [grant.over for grant in house.grants] == [True, True]
    assert [one["action"] for one in (*first, *last)] == [revoking.REVOKED] * 2


def test_a_grant_that_another_account_hangs_on_is_left_to_that_one(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the end of one token is that of all: the trail says that it lives on, and the last one takes it along."""
    house.uninstalls = True
    revoking_by(monkeypatch, shared=True)
    one, other = link_to(alice, house), link_to(alice, house, end_user="customer-2")
    first = ended(alice, one)
    assert [grant.over for grant in house.grants] == [False, False]
    last = ended(alice, other)

    assert [grant.over for grant in house.grants] == [True, True]
    assert [one["action"] for one in (*first, *last)] == [revoking.NOT_REVOKED, revoking.REVOKED]
    assert "lives on until that one ends, too; else uninstall" in first[0]["why"]


def test_of_accounts_that_end_at_once_the_last_one_ends_the_token(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is deleted before both have asked: they do not leave it to each other."""
    one = link_to(alice, house)
    with alice.at_work():
        credential = LinkedAccount.objects.get(id=one.id).credential()
    told = {name: credential[name].reveal() for name in ("access_token", "refresh_token")}
    with scope(alice.tenant_id):
        other = link(Request("house", "customer-2", {"base_url": house.url, **told})).account
    both, delete, trail = threading.Barrier(2, timeout=120), accounts.delete, []

    def end(account: LinkedAccount) -> None:
        try:
            trail.extend(ended(alice, account))
        finally:
            connection.close()

    def late(account: LinkedAccount) -> bool:
        both.wait()
        return delete(account)

    monkeypatch.setattr(accounts, "delete", late)
    workers = [threading.Thread(target=end, args=(account,)) for account in (one, other)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [grant.over for grant in house.grants] == [True]
    assert sorted(entry["action"] for entry in trail) == [revoking.NOT_REVOKED, revoking.REVOKED]


def test_an_end_that_broke_off_is_none(alice: Person, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that was not deleted after all keeps its token, once as much time went by as an end may take."""
    house.uninstalls = True
    revoking_by(monkeypatch, shared=True)
    one, other = link_to(alice, house), link_to(alice, house, end_user="customer-2")
    with scope(alice.tenant_id):
        revoking.end(one)
    with alice.at_work():
        Job.objects.filter(kind=revoking.KIND).update(leased_until=Now() - dt.timedelta(seconds=1))
        lease = job.claim(revoking.KIND, one.id)
    assert lease
    do(lease, 0.0)
    with alice.at_work():
        assert not Job.objects.filter(kind=revoking.KIND).exists()
    ended(alice, other)

    assert [grant.over for grant in house.grants] == [False, False]


@pytest.mark.parametrize(
    ("signed", "answer"),
    [("client", told({"error": "invalid_token"}, 400)), ("token", told({"error": "invalid_token"}, 401))],
)
def test_a_token_that_is_over_already_does_not_count_as_living_on(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch, signed: Any, answer: Told
) -> None:
    """Its user took it back before, for one: the trail says so."""
    revoking_by(monkeypatch, signed=signed)
    account = link_to(alice, house)
    house.instead = [answer]
    (entry,) = ended(alice, account)

    assert entry["action"] == revoking.WAS_OVER
    assert entry["why"]


@pytest.mark.parametrize("given", [{"access_token", "refresh_token"}, {"access_token"}])
def test_a_token_that_two_accounts_were_given_is_ended_with_the_last_of_them(
    alice: Person, house: House, given: set[str]
) -> None:
    """Two end users had it at hand, or the second one only the access token: none loses it to the other."""
    one = link_to(alice, house)
    with alice.at_work():
        told = {name: LinkedAccount.objects.get(id=one.id).credential()[name].reveal() for name in given}
    with scope(alice.tenant_id):
        other = link(Request("house", "customer-2", {"base_url": house.url, **told})).account
    first = ended(alice, one)
    assert [grant.over for grant in house.grants] == [False]
    last = ended(alice, other)

    assert [grant.over for grant in house.grants] == [True]
    assert [one["action"] for one in (*first, *last)] == [revoking.NOT_REVOKED, revoking.REVOKED]
    assert "another linked account has the same token" in first[0]["why"]


@pytest.mark.parametrize("holds", ["nobody", "another worker"])
def test_a_token_that_has_to_be_renewed_to_be_ended_keeps_nobody_waiting(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch, holds: str
) -> None:
    """The token endpoint is asked once, and another worker that renews is waited for as briefly."""
    revoking_by(monkeypatch, token="access_token")
    account = link_to(alice, house, ends_in=5)
    house.forms.clear()
    house.instead = [told({"error": "no"}, 503)] * 3
    monkeypatch.setattr(renewing, "BRIEFLY", 0.1)
    with alice.at_work():
        assert holds == "nobody" or job.claim(renewing.KIND, account.id)
    trail = ended(alice, account)

    assert [one["action"] for one in trail] == [revoking.NOT_REVOKED]
    assert [form["grant_type"] for form in house.forms] == ["refresh_token"] * (holds == "nobody")


def test_a_token_that_is_renewed_while_the_account_ends_is_ended_as_well(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end waits for the renewal that is under way, and ends what it brings."""
    account, trail, waits = link_to(alice, house), [], threading.Event()
    forget_access(house)

    def sleep(seconds: float) -> None:
        waits.set()
        time.sleep(seconds)

    def end() -> None:
        try:
            trail.extend(ended(alice, account))
        finally:
            connection.close()

    def end_meanwhile() -> None:
        house.granted, told = int, len(house.forms)
        worker.start()
        while worker.is_alive() and not waits.is_set() and len(house.forms) == told:
            time.sleep(0.01)

    worker, house.granted = threading.Thread(target=end), end_meanwhile
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, sleep=sleep))
    monkeypatch.setattr(renewing, "BRIEFLY", 60.0)
    with suppress(errors.ProviderError):  # its token is over by the time it is used
        call(alice)
    worker.join()

    assert house.asked == ["refresh_token"]
    assert [grant.over for grant in house.grants] == [True]
    assert [one["action"] for one in trail] == [revoking.REVOKED]


def test_a_renewal_that_does_not_end_is_not_waited_for_long(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account ends all the same; the trail has that a token may live on."""
    account = link_to(alice, house)
    monkeypatch.setattr(renewing, "BRIEFLY", 0.1)
    with alice.at_work():
        assert job.claim(renewing.KIND, account.id)
    trail = ended(alice, account)

    assert [one["action"] for one in trail] == [revoking.NOT_REVOKED]
    assert "another worker renews the token" in trail[0]["why"]


def test_an_application_that_is_gone_does_not_keep_the_account(alice: Person, house: House) -> None:
    """Its secret was changed: the provider refuses it."""
    account = link_to(alice, house)
    register(alice, house, secret="another one")

    assert [one["action"] for one in ended(alice, account)] == [revoking.NOT_REVOKED]
