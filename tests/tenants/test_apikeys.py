"""API keys: shown once, kept as a digest, recognised without a tenant, revocable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants import apikeys
from tenants.models import ApiKey, AuditEvent, Tenant, TenantExists
from tenants.scope import tenant_or_none
from tenants.vault import Secret
from tests.people import Person
from tests.tenants.switches import Owner

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(("kind", "prefix"), [("production", "isk_live_"), ("test", "isk_test_")])
def test_a_key_says_what_it_is(kind: str, prefix: str, alice: Person) -> None:
    """A production key and a test key differ at sight; the hint is the end of it."""
    with alice.at_work():
        key, text = apikeys.issue("ci", kind)

    assert text.reveal().startswith(prefix)
    assert len(text.reveal()) == len(prefix) + 43
    assert key.hint == text.reveal()[-4:]
    assert str(key) == f"ci (…{key.hint})"


def test_another_kind_is_refused(alice: Person) -> None:
    """There are two kinds."""
    with pytest.raises(ValueError, match="staging"), alice.at_work():
        apikeys.issue("ci", "staging")


def test_a_key_is_made_from_given_randomness(alice: Person) -> None:
    """Tests can foresee a key; nothing else is in it."""
    with alice.at_work():
        _, text = apikeys.issue("ci", randomness=bytes)

    assert text.reveal() == "isk_live_" + "A" * 43


def test_a_key_leads_to_its_tenant(alice: Person, bob: Person, charlie: Person) -> None:
    """Without a tenant in scope, each key is recognised as its own tenant's, and leaves no scope behind."""
    found = [apikeys.authenticate(person.api_key) for person in (alice, bob, charlie)]

    assert [key and (key[0], key[1].name) for key in found] == [
        (alice.tenant_id, "Alice"),
        (alice.tenant_id, "Bob"),
        (charlie.tenant_id, "Charlie"),
    ]
    assert tenant_or_none() is None


@pytest.mark.parametrize("text", ["", "isk_live_", "isk_live_" + "A" * 43, "\x00", "ключ"])
def test_an_unknown_key_is_nobodys(text: str, alice: Person) -> None:
    """Whatever is presented, there is no key and no error."""
    assert apikeys.authenticate(text) is None


def test_a_revoked_key_is_refused_at_once(alice: Person, bob: Person) -> None:
    """Only that key ends; revoking again changes nothing."""
    with alice.at_work():
        key = ApiKey.objects.get(name="Bob")
        apikeys.revoke(key, now=NOW)
        apikeys.revoke(key, now=NOW + timedelta(days=1))
    with alice.at_work():
        assert ApiKey.objects.get(name="Bob").revoked_at == NOW
        assert AuditEvent.objects.filter(action="api_key.revoked").count() == 1

    assert apikeys.authenticate(bob.api_key) is None
    assert apikeys.authenticate(alice.api_key) is not None


def test_the_last_use_is_noted_once_a_minute(alice: Person) -> None:
    """A busy key does not write with each request."""
    noted = []
    for seconds in (0, 59, 60, 90):
        apikeys.authenticate(alice.api_key, now=NOW + timedelta(seconds=seconds))
        with alice.at_work():
            noted.append(ApiKey.objects.get().last_used_at)

    assert noted == [NOW, NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)]


def test_a_tenant_is_found_by_name_and_by_id(alice: Person) -> None:
    """Commands are given either; a name is taken once."""
    assert Tenant.find("Wonder Ltd") == alice.tenant_id
    assert Tenant.find(str(alice.tenant_id)) == alice.tenant_id
    assert Tenant.find("Nobody") is None
    with pytest.raises(TenantExists, match="choose another name"):
        Tenant.create("Wonder Ltd")


def test_only_a_digest_is_kept(alice: Person, database: Owner) -> None:
    """The text of the key is in no row."""
    rows = database.execute("SELECT k::text, d::text FROM tenants_apikey k, tenants_door d").fetchall()

    assert rows
    assert Secret(alice.api_key.reveal()) == alice.api_key
    assert alice.api_key.reveal() not in str(rows)
