"""Tokens are ended at the provider with the account that had them: tried once, on record, and never in the way."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.models import AuditEvent, LinkedAccount
from tests.integrations.listener import Told, told
from tests.oauth_house import CLIENT_SECRET, House, house, link_to, register
from tests.people import Person
from tests.unified_api.api.conftest import caller
from unified_api.sync import revoking

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


def test_a_grant_that_another_account_may_hang_on_is_left(alice: Person, house: House) -> None:
    """Two end users have linked the same account: the last one that ends takes it along."""
    one, other = link_to(alice, house), link_to(alice, house, end_user="customer-2")
    first = ended(alice, one)
    assert not any(grant.over for grant in house.grants)
    last = ended(alice, other)

    assert [one["action"] for one in first] == [revoking.NOT_REVOKED]
    assert [one["action"] for one in last] == [revoking.REVOKED]


def test_an_application_that_is_gone_does_not_keep_the_account(alice: Person, house: House) -> None:
    """Its secret was changed: the provider refuses it."""
    account = link_to(alice, house)
    register(alice, house, secret="another one")

    assert [one["action"] for one in ended(alice, account)] == [revoking.NOT_REVOKED]
