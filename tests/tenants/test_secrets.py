"""A tenant's secrets open in their tenant, row and purpose, and outlive a change of the master key."""

from __future__ import annotations

import base64
import uuid

import pytest
from django.db import connection
from pytest_django import Settings

from tenants import secrets
from tenants.models import AuditEvent, LinkedAccount, Tenant
from tenants.scope import NoTenantInScope, ScopeConflict, scope
from tenants.vault import Key, KeyRing, Secret, Tampered, UnknownKey, binding, sealed_under, unseal
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import Owner

ROW = uuid.UUID(int=7)


def test_a_text_opens_in_its_row_and_purpose(alice: Person) -> None:
    """Elsewhere within the same tenant it stays shut."""
    with alice.at_work():
        sealed = secrets.seal_text("canary", row=ROW, purpose="credential")

        assert secrets.unseal_text(sealed, row=ROW, purpose="credential") == Secret("canary")
        with pytest.raises(Tampered):
            secrets.unseal_text(sealed, row=uuid.UUID(int=8), purpose="credential")
        with pytest.raises(Tampered):
            secrets.unseal_text(sealed, row=ROW, purpose="account token")


def test_a_text_opens_in_its_tenant_only(alice: Person, charlie: Person) -> None:
    """Sealed bytes that find their way to another tenant are worth nothing there."""
    with alice.at_work():
        sealed = secrets.seal_text("canary", row=ROW, purpose="credential")
    with charlie.at_work(), pytest.raises(Tampered):
        secrets.unseal_text(sealed, row=ROW, purpose="credential")


def test_a_credential_that_is_moved_between_rows_does_not_open(alice: Person, database: Owner) -> None:
    """Whoever can write rows, past us, cannot give one account another's credential."""
    one, _ = alice.link()
    other, _ = alice.link(end_user_origin_id="customer-2")
    database.execute(
        "UPDATE tenants_linkedaccount SET sealed_credential ="
        " (SELECT sealed_credential FROM tenants_linkedaccount WHERE id = %s) WHERE id = %s",
        [one.pk, other.pk],
    )
    with alice.at_work():
        assert LinkedAccount.objects.get(pk=one.pk).credential()
        with pytest.raises(Tampered):
            LinkedAccount.objects.get(pk=other.pk).credential()


def test_sealing_needs_a_tenant_and_a_row() -> None:
    """Nobody's secret cannot be sealed, nor one that belongs to no row."""
    with pytest.raises(NoTenantInScope):
        secrets.seal_text("canary", row=ROW, purpose="credential")


def test_a_row_is_a_uuid(alice: Person) -> None:
    """A row's id as text would be bound differently from the id itself."""
    with alice.at_work(), pytest.raises(ScopeConflict, match="not to str"):
        secrets.seal_text("canary", row=str(ROW), purpose="credential")  # type: ignore[arg-type]


def test_the_key_is_found_outside_of_transactions_too(alice: Person) -> None:
    """Requests are signed where no transaction is open."""
    account, _ = alice.link()
    secrets.forget_key(alice.tenant_id)
    with scope(alice.tenant_id):
        assert account.credential() == {"password": Secret("password of Alice")}
        assert not connection.in_atomic_block


def test_the_master_key_changes_and_secrets_stay(alice: Person, settings: Settings) -> None:
    """With a new key in front every tenant's key is sealed anew, once; then the old one may go."""
    account, _ = alice.link()
    settings.MASTER_KEYS = keys.BOTH
    with alice.at_work():
        assert secrets.rewrap(alice.tenant_id)
        assert not secrets.rewrap(alice.tenant_id)
        assert sealed_under(bytes(Tenant.objects.get().sealed_key)) == keys.NEW_ID
        event = AuditEvent.objects.get(action="tenant.key_rewrapped")
        assert event.detail == {"before": keys.OLD_ID, "after": keys.NEW_ID}
    settings.MASTER_KEYS = keys.NEW
    secrets.forget_key(alice.tenant_id)
    with alice.at_work():
        assert account.credential() == {"password": Secret("password of Alice")}


def test_a_lost_master_key_is_named(alice: Person, settings: Settings) -> None:
    """Whoever starts with the wrong ring learns which key is missing, not that something failed."""
    account, _ = alice.link()
    secrets.forget_key(alice.tenant_id)
    settings.MASTER_KEYS = keys.NEW

    with pytest.raises(UnknownKey, match=f"'{keys.OLD_ID}'"), alice.at_work():
        account.credential()


def test_sealing_reads_the_key_anew(alice: Person, settings: Settings) -> None:
    """A key that this process opened earlier opens secrets, and seals none: it may have been changed since."""
    account, _ = alice.link()
    settings.MASTER_KEYS = keys.NEW
    with alice.at_work():
        assert account.credential()
        with pytest.raises(UnknownKey):
            account.store_credential({"password": Secret("another")})


def test_a_key_of_version_0_1_is_understood_and_written(alice: Person) -> None:
    """A tenant with its first key alone is as that version wrapped it: the key's base64, without an id."""
    with alice.at_work():
        row = Tenant.objects.get()
        bound_to = binding("tenant key", str(row.pk))
        text = unseal(bytes(row.sealed_key), ring=KeyRing.parse(keys.OLD), bound_to=bound_to)

    assert len(base64.b64decode(text.reveal())) == 32


def test_a_tenants_key_does_not_open_for_another_tenant(
    alice: Person, charlie: Person, database: Owner
) -> None:
    """The sealed key of a tenant is bound to it: copied to another tenant it stays shut."""
    secrets.forget_key(charlie.tenant_id)
    database.execute(
        "UPDATE tenants_tenant SET sealed_key ="
        " (SELECT sealed_key FROM tenants_tenant WHERE id = %s) WHERE id = %s",
        [alice.tenant_id, charlie.tenant_id],
    )
    with charlie.at_work(), pytest.raises(Tampered):
        secrets.seal_text("canary", row=ROW, purpose="credential")


def test_kept_keys_are_few_and_kept_shortly() -> None:
    """The least recently used goes first, and each goes after its time."""
    now = [0.0]
    kept = secrets.KeptKeys(size=2, seconds=10, clock=lambda: now[0])
    one, two, three = (uuid.UUID(int=n) for n in (1, 2, 3))
    ring = KeyRing(Key("t1", b"1" * 32))
    kept.keep(one, ring)
    kept.keep(two, ring)
    assert kept.get(one) is ring
    kept.keep(three, ring)

    assert kept.get(two) is None
    assert kept.get(one) is ring
    now[0] = 10.5
    assert kept.get(one) is None
    kept.keep(one, ring)
    kept.forget(one)
    assert kept.get(one) is None
