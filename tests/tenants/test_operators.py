"""An operator's look: every tenant, reading only, on record before it begins."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.audit import acting
from tenants.models import AuditEvent, LinkedAccount, OperatorEvent
from tenants.operators import as_operator
from tenants.postgres.roles import as_owner
from tenants.scope import NoTenantInScope, ScopeConflict, current_role, scope
from tests.people import Person
from tests.tenants.switches import Owner


def test_an_operator_sees_every_tenant(alice: Person, charlie: Person) -> None:
    """Inside the block all rows are there, by the ORM and by SQL; after it the app is nobody again."""
    alice.link()
    charlie.link()
    with as_operator("support case 17"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_linkedaccount")
        assert cursor.fetchone() == (2,)
        assert LinkedAccount.objects.count() == 2

    assert current_role() == "app"
    with pytest.raises(NoTenantInScope), transaction.atomic():
        LinkedAccount.objects.count()


def test_the_look_is_on_record(alice: Person) -> None:
    """Who looked and why is committed even when the look itself fails."""
    with (
        acting("operator", "olga"),
        pytest.raises(ZeroDivisionError),
        as_operator("support case 17"),
    ):
        raise ZeroDivisionError

    event = OperatorEvent.objects.get()
    assert (event.actor_kind, event.actor, event.reason) == ("operator", "olga", "support case 17")
    assert event.at is not None


def test_an_operator_writes_nothing(alice: Person) -> None:
    """Neither the transaction nor the role allows it."""
    account, _ = alice.link()
    for write in (
        lambda: LinkedAccount.objects.update(status_detail="changed"),
        lambda: AuditEvent.objects.create(tenant_id=alice.tenant_id, action="forged"),
        account.delete,
    ):
        with pytest.raises(DatabaseError, match="read-only transaction"), as_operator("a look"):
            write()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE isthmus_operator")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute("UPDATE tenants_linkedaccount SET status_detail = 'changed'")


def test_a_look_stands_alone(alice: Person) -> None:
    """It opens outside of scopes, transactions and other roles, and no scope opens inside it."""
    with scope(alice.tenant_id), pytest.raises(ScopeConflict), as_operator("a look"):
        pytest.fail("inside a scope")
    with transaction.atomic(), pytest.raises(ScopeConflict), as_operator("a look"):
        pytest.fail("inside a transaction")
    with as_owner(), pytest.raises(ScopeConflict), as_operator("a look"):
        pytest.fail("as the owner")
    with as_operator("a look"), pytest.raises(ScopeConflict), scope(alice.tenant_id):
        pytest.fail("a scope inside")


def test_a_look_needs_a_reason(database: Owner) -> None:
    """Without one there is no look, and nothing on record."""
    with pytest.raises(ValueError, match="needs a reason"), as_operator("  "):
        pytest.fail("no reason")

    assert not OperatorEvent.objects.exists()
