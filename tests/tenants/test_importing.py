"""Linked accounts from elsewhere: an id and a token are one account's, in all of an installation."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from tenants import accounts, importing
from tenants.importing import NotImported
from tenants.models import Door, LinkedAccount
from tenants.vault import Secret
from tests.people import Person

TOKEN = Secret("a token from elsewhere")


def bring_in(
    person: Person, account_id: uuid.UUID, end_user: str = "customer-1", token: Secret = TOKEN
) -> LinkedAccount:
    """Take over an account for a person, in a transaction of its own."""
    with person.at_work():
        return importing.bring_in(
            account_id,
            token,
            category="ticketing",
            integration="somewhere",
            end_user_origin_id=end_user,
            end_user_organization_name="",
            end_user_email_address="",
            is_test=False,
            completed_at=datetime(2025, 1, 1, tzinfo=UTC),
        )


def test_it_is_the_same_account_when_it_is_linked_again(alice: Person) -> None:
    """Under the id and token from elsewhere; until then it has no credential, and rests."""
    brought = bring_in(alice, uuid.uuid4())
    account, token = alice.link()
    with alice.at_work():
        credential = account.credential()

    assert (brought.status, bytes(brought.sealed_credential)) == ("RELINK_NEEDED", b"")
    assert (account.id, account.status, token) == (brought.id, "COMPLETE", TOKEN)
    assert credential == {"password": Secret("password of Alice")}
    assert accounts.locate(TOKEN) == accounts.locate(str(brought.id)) == (alice.tenant_id, brought.id)


def test_what_is_taken_is_refused_without_a_trace(alice: Person, charlie: Person) -> None:
    """An id or a token that anybody has, and an end user whose account is here already."""
    theirs = bring_in(charlie, uuid.uuid4())
    mine, _ = alice.link()
    doors = Door.objects.count()
    for account_id, end_user, token, reason in (
        (theirs.id, "customer-2", Secret("another token from elsewhere"), "This id is taken"),
        (uuid.uuid4(), "customer-2", TOKEN, "This account token is taken"),
        (
            mine.id,
            "customer-2",
            Secret("another token from elsewhere"),
            "is here already, and was not imported",
        ),
        (
            uuid.uuid4(),
            "customer-1",
            Secret("another token from elsewhere"),
            f"was linked here already, as {mine.id}",
        ),
    ):
        with pytest.raises(NotImported, match=reason):
            bring_in(alice, account_id, end_user, token)

    assert Door.objects.count() == doors
    with alice.at_work():
        assert [one.id for one in LinkedAccount.objects.all()] == [mine.id]


def test_an_account_that_was_deleted_does_not_come_back(alice: Person) -> None:
    """Its records were erased, and what is known under its id elsewhere is not known here any more."""
    brought = bring_in(alice, uuid.uuid4())
    with alice.at_work():
        accounts.delete(brought)

    with pytest.raises(NotImported, match="imported and deleted here since"):
        bring_in(alice, brought.id)
