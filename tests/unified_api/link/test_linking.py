"""Linking: checked by a live call outside any transaction, stored together with its streams, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from integrations.kit.client import Client
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.people import Person
from tests.stub import Desk
from unified_api.link.linking import Linked, LinkRefused, Request, link
from unified_api.sync import connect
from unified_api.sync.models import Job, Stream


def ask(person: Person, desk: Desk, **more: Any) -> Linked:
    """Link the customer's account at the help desk, for this person's tenant."""
    given: dict[str, Any] = {
        "integration": "stub",
        "end_user_origin_id": "customer-1",
        "values": {"base_url": desk.url, "token": desk.token},
    }
    with scope(person.tenant_id):
        return link(Request(**(given | more)))


def test_the_provider_is_asked_outside_any_transaction(
    alice: Person, desk: Desk, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow provider holds no transaction of ours open."""
    asked = []
    real = Client.check

    def watched(client: Client) -> str | None:
        asked.append(connection.in_atomic_block)
        return real(client)

    monkeypatch.setattr(Client, "check", watched)
    ask(alice, desk)

    assert asked == [False]


def test_a_relink_wakes_an_account_whose_credential_was_refused(
    alice: Person, desk: Desk, no_broker: None
) -> None:
    """After the new credential is seen to work, the account is complete and all its streams are due."""
    first = ask(alice, desk)
    with scope(alice.tenant_id):
        connect.pause(first.account, "changed")
    desk.token = "a new one"
    second = ask(alice, desk)

    assert second.relinked
    with alice.at_work():
        assert LinkedAccount.objects.get().status == "COMPLETE"
        assert Job.objects.filter(kind="pull").count() == Stream.objects.count() == 3


def test_two_tenants_may_link_the_same_customer(
    alice: Person, charlie: Person, desk: Desk, no_broker: None
) -> None:
    """Each gets an account of its own, with a token of its own."""
    ours, theirs = ask(alice, desk), ask(charlie, desk)

    assert not theirs.relinked
    assert ours.account.id != theirs.account.id
    assert ours.token != theirs.token


def test_an_end_user_needs_an_id(alice: Person, desk: Desk) -> None:
    """Without the tenant's own id the account could never be told from others."""
    with pytest.raises(LinkRefused, match="end user's id is empty"):
        ask(alice, desk, end_user_origin_id=" ")
    assert desk.log == []


def test_what_cannot_be_stored_leaves_no_streams(
    alice: Person, desk: Desk, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Account and streams are stored together: an error between the two leaves neither."""
    monkeypatch.setattr("unified_api.sync.streams.start", _broken)
    with pytest.raises(RuntimeError, match="cut off"):
        ask(alice, desk)
    with alice.at_work():
        assert not LinkedAccount.objects.exists()


def _broken(_account: LinkedAccount) -> None:
    raise RuntimeError("cut off")


def test_a_transaction_that_is_open_is_refused(alice: Person, desk: Desk, no_broker: None) -> None:
    """Linking ends a transaction of its own, so that nothing is told to scripts that is rolled back later."""
    with scope(alice.tenant_id), transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        link(Request("stub", "customer-1", {"base_url": desk.url, "token": desk.token}))


def test_a_request_does_not_show_its_secrets(desk: Desk) -> None:
    """Logs and tracebacks that show a request show no value of it."""
    assert "hunter2" not in repr(Request("stub", "customer-1", {"token": "hunter2"}))
