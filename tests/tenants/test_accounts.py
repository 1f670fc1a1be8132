"""Linked accounts: one per end user, category and integration; relinks keep the token; deleting erases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection

from tenants import accounts
from tenants.models import AuditEvent, Door, LinkedAccount
from tenants.vault import Malformed, Secret
from tests.people import Person

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_a_link_keeps_what_was_given(alice: Person) -> None:
    """Settings are there to read, the credential to open, and the token leads back to the account."""
    account, token = alice.link(
        remote_identity="alice@somewhere", now=NOW, end_user_email_address="c@x.example"
    )
    with alice.at_work():
        found = accounts.by_token(token)
        assert found == account
        assert found.settings == {"url": "https://somewhere.example"}
        assert found.credential() == {"password": Secret("password of Alice")}
        assert found.token() == token
        assert (found.status, found.completed_at, found.remote_identity) == (
            "COMPLETE",
            NOW,
            "alice@somewhere",
        )
        assert found.end_user_email_address == "c@x.example"
    assert token.reveal().startswith("iat_")


def test_a_relink_keeps_id_and_token(alice: Person) -> None:
    """Linking the same again brings a new credential into the same account, and heals it."""
    account, token = alice.link(remote_identity="me")
    with alice.at_work():
        LinkedAccount.objects.update(status="RELINK_NEEDED", status_detail="401")
        again, same_token, relinked = accounts.link(
            category="ticketing",
            integration="somewhere",
            end_user_origin_id="customer-1",
            settings={},
            credential={"password": Secret("new")},
        )
    with alice.at_work():
        stored = LinkedAccount.objects.get()

    assert relinked
    assert (again.pk, same_token) == (account.pk, token)
    assert (stored.status, stored.status_detail, stored.settings) == ("COMPLETE", "", {})
    with alice.at_work():
        assert stored.credential() == {"password": Secret("new")}
        assert stored.remote_identity == "me"


def test_a_relink_to_another_remote_account_is_refused(alice: Person) -> None:
    """Records of two remote accounts would mix; nothing is changed, and the sentence names both."""
    account, _ = alice.link(remote_identity="me")

    with pytest.raises(accounts.OtherRemoteAccount, match=r"'me'.*'you'.*take its place"):
        alice.link(remote_identity="you", credential={"password": Secret("yours")})
    with alice.at_work():
        assert LinkedAccount.objects.get(pk=account.pk).credential() == {
            "password": Secret("password of Alice")
        }


@pytest.mark.parametrize("is_test", [False, True])
def test_a_test_account_never_becomes_a_production_account(alice: Person, *, is_test: bool) -> None:
    """Nor the other way round: nothing is changed, and the sentence names the account."""
    account, _ = alice.link(is_test=is_test)

    with pytest.raises(accounts.OtherKind, match=str(account.id)):
        alice.link(is_test=not is_test, end_user_email_address="another@x.example")
    with alice.at_work():
        assert LinkedAccount.objects.get().end_user_email_address == ""
    assert alice.link(end_user_origin_id="customer-2", is_test=not is_test)[0].is_test != is_test


@pytest.mark.parametrize(
    "other", [{"category": "crm"}, {"integration": "elsewhere"}, {"end_user_origin_id": "customer-2"}]
)
def test_another_end_user_category_or_integration_is_another_account(
    other: dict[str, str], alice: Person
) -> None:
    """Each of the three makes a link of its own."""
    first, first_token = alice.link()
    second, second_token = alice.link(**other)

    assert first.pk != second.pk
    assert first_token != second_token


@pytest.mark.parametrize(("first", "second"), [("somewhere", "elsewhere"), ("elsewhere", "somewhere")])
def test_one_end_user_has_two_integrations_of_one_category(first: str, second: str, alice: Person) -> None:
    """In either order, and after linking each again: ids, tokens and credentials stay apart."""
    made = {
        slug: alice.link(integration=slug, remote_identity=f"me at {slug}", credential={"key": Secret(slug)})
        for slug in (first, second)
    }
    for slug in (first, second):
        account, token = alice.link(
            integration=slug, remote_identity=f"me at {slug}", credential={"key": Secret(f"new at {slug}")}
        )
        assert (account.pk, token) == (made[slug][0].pk, made[slug][1])
    with alice.at_work():
        for slug, (account, token) in made.items():
            found = accounts.by_token(token)
            assert found == account
            assert (found.integration, found.remote_identity) == (slug, f"me at {slug}")
            assert found.credential() == {"key": Secret(f"new at {slug}")}


def test_two_tenants_may_link_the_same(alice: Person, charlie: Person) -> None:
    """End users' ids are each tenant's own."""
    hers, _ = alice.link()
    his, _ = charlie.link()

    assert hers.pk != his.pk


def test_two_links_at_once_make_one_account(alice: Person) -> None:
    """The second of two simultaneous links is a relink."""
    together = threading.Barrier(2)
    ids: list[object] = []

    def link() -> None:
        together.wait(120)
        ids.append(alice.link()[0].pk)
        connection.close()

    threads = [threading.Thread(target=link) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_the_database_itself_holds_one_link(alice: Person) -> None:
    """Whoever goes past `link` meets the unique constraint."""
    alice.link()

    with pytest.raises(IntegrityError, match="linked_account_unique"), alice.at_work():
        LinkedAccount.objects.create(
            category="ticketing", integration="somewhere", end_user_origin_id="customer-1"
        )


def test_deleting_erases_token_and_credential(alice: Person) -> None:
    """At once: the token opens nothing, the sealed texts are gone, the doors closed, the event on record."""
    account, token = alice.link()
    with alice.at_work():
        assert accounts.delete(account, now=NOW)
    with alice.at_work():
        stored = LinkedAccount.objects.get(pk=account.pk)
        assert (stored.deleted_at, stored.token_digest) == (NOW, None)
        assert (bytes(stored.sealed_token), bytes(stored.sealed_credential)) == (b"", b"")
        assert accounts.by_token(token) is None
        with pytest.raises(Malformed, match="erased"):
            stored.credential()
        assert AuditEvent.objects.filter(action="account.deleted", subject=str(account.pk)).count() == 1
        assert not accounts.delete(stored)
    assert accounts.locate(token) is None
    assert not Door.objects.filter(reference=account.pk).exists()


def test_after_deleting_a_link_is_new(alice: Person) -> None:
    """The same end user may link again, and gets another account with another token."""
    account, token = alice.link(remote_identity="me")
    with alice.at_work():
        accounts.delete(account)
    again, new_token = alice.link(remote_identity="you")

    assert again.pk != account.pk
    assert new_token != token


def test_a_token_is_worth_nothing_to_another_tenant(alice: Person, charlie: Person) -> None:
    """Charlie finds no account by Alice's token, nor by a made-up one."""
    _, token = alice.link()
    with charlie.at_work():
        assert accounts.by_token(token) is None
        assert accounts.by_token("iat_made_up") is None


def test_an_account_is_located_without_its_tenant(alice: Person) -> None:
    """A command is given a token or an id, and finds tenant and account."""
    account, token = alice.link()
    there = (alice.tenant_id, account.pk)

    assert accounts.locate(token) == there
    assert accounts.locate(str(account.pk)) == there
    assert accounts.locate("iat_made_up") is None


def test_the_only_account_is_the_one_to_relink(alice: Person, charlie: Person) -> None:
    """An end user's one living account in the category is it; with none or two there is no telling."""

    def only(category: str, *, is_test: bool = False) -> LinkedAccount | None:
        return accounts.only_account(category=category, end_user_origin_id="customer-1", is_test=is_test)

    charlie.link()
    first, _ = alice.link()
    with alice.at_work():
        assert only("ticketing") == first
        assert only("crm") is None
        assert only("ticketing", is_test=True) is None
    alice.link(integration="elsewhere")
    with alice.at_work():
        assert only("ticketing") is None
        accounts.delete(first)
        assert only("ticketing") != first
