"""Scopes: they open before transactions, never mix two tenants, and end where they began."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, suppress

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connection, transaction

from tenants.models import LinkedAccount, Tenant
from tenants.postgres.roles import as_owner
from tenants.scope import NoTenantInScope, ScopeConflict, current_role, current_tenant, scope, tenant_or_none
from tests.people import Person
from tests.tenants.switches import Owner

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def test_a_scope_begins_and_ends() -> None:
    """Inside it the tenant is known; before and after there is none, even when the block fails."""
    with pytest.raises(NoTenantInScope, match="Open one before the transaction"):
        current_tenant()
    with suppress(ZeroDivisionError), scope(ONE):
        assert current_tenant() == ONE
        raise ZeroDivisionError

    assert tenant_or_none() is None


def test_the_same_tenant_may_nest() -> None:
    """A function that opens the scope it needs may be called from inside it."""
    with scope(ONE), scope(ONE):
        assert current_tenant() == ONE


def test_another_tenant_may_not_nest() -> None:
    """One piece of code acts for one tenant."""
    with scope(ONE), pytest.raises(ScopeConflict, match="leave that scope"), scope(OTHER):
        pytest.fail("two tenants at once")


def test_a_scope_takes_uuids_only() -> None:
    """A text that looks like an id is refused: it would never equal one."""
    with pytest.raises(TypeError, match="not str"), scope(str(ONE)):  # type: ignore[arg-type]
        pytest.fail("a text is no tenant")


def test_a_scope_does_not_open_inside_a_transaction(database: Owner) -> None:
    """The database learned already that this transaction is nobody's."""
    with transaction.atomic(), pytest.raises(ScopeConflict, match="before the transaction"), scope(ONE):
        pytest.fail("too late")


def test_the_same_scope_nests_inside_its_transaction(database: Owner) -> None:
    """Nesting the same tenant is allowed there too, since nothing changes."""
    with scope(ONE), transaction.atomic(), scope(ONE):
        assert current_tenant() == ONE


def test_a_scope_does_not_end_before_its_transaction(database: Owner) -> None:
    """Blocks that are closed in the wrong order are noticed."""
    stack = ExitStack()
    with pytest.raises(ScopeConflict, match="end that one first"), scope(ONE):
        stack.enter_context(transaction.atomic())
    stack.close()

    assert tenant_or_none() is None


def test_the_tenant_is_the_first_statement(alice: Person) -> None:
    """The setting is there before any query of ours, and gone with the transaction."""
    with alice.at_work(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('isthmus.tenant')")
        assert cursor.fetchone() == (str(alice.tenant_id),)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('isthmus.tenant', true)")
        assert cursor.fetchone() == ("",)


def test_raw_sql_without_a_tenant_is_refused_in_words(database: Owner) -> None:
    """On a fresh connection, and on one that another tenant used, the sentence says what to do."""
    connection.close()
    with connection.cursor() as cursor, pytest.raises(NoTenantInScope, match="no tenant is in scope"):
        cursor.execute("SELECT * FROM tenants_linkedaccount")
    with scope(ONE), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_linkedaccount")
        assert cursor.fetchall() == []
    with connection.cursor() as cursor, pytest.raises(NoTenantInScope, match="no tenant is in scope"):
        cursor.execute("SELECT * FROM tenants_linkedaccount")


def test_raw_sql_in_autocommit_is_refused_in_words(database: Owner) -> None:
    """With a tenant in scope, the sentence speaks of the missing transaction instead."""
    with scope(ONE), connection.cursor() as cursor, pytest.raises(NoTenantInScope, match="outside a transac"):
        cursor.execute("SELECT * FROM tenants_linkedaccount")


def test_other_errors_of_the_database_stay_what_they_are(database: Owner) -> None:
    """Only the wall's own refusal is put into other words."""
    with connection.cursor() as cursor:
        with pytest.raises(ProgrammingError, match="no_such_table"):
            cursor.execute("SELECT * FROM no_such_table")
        with pytest.raises(ProgrammingError, match=r"isthmus\.other"):
            cursor.execute("SELECT current_setting('isthmus.other')")


def test_a_connection_that_breaks_at_the_beginning_is_not_used_again(alice: Person) -> None:
    """If the tenant cannot be told, no transaction begins, and the next one gets a new connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    _terminate(pid)

    with pytest.raises(OperationalError), alice.at_work():
        pytest.fail("the transaction began")
    assert connection.connection is None
    with alice.at_work():
        assert LinkedAccount.objects.count() == 0
    assert connection.get_autocommit()


def _terminate(pid: int) -> None:
    """End a session of the app, with the app's own login, and wait until it is gone."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_the_owner_sees_every_tenant(alice: Person, charlie: Person) -> None:
    """Migrations and backups need no scope, and nesting is allowed; afterwards the app is back."""
    with as_owner(), as_owner():
        assert current_role() == "owner"
        assert Tenant.objects.count() == 2
        with scope(alice.tenant_id), transaction.atomic():
            assert Tenant.objects.get().pk == alice.tenant_id
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (connection.settings_dict["USER"],)


def test_the_owner_is_not_to_be_had_inside_a_scope_or_transaction(alice: Person) -> None:
    """Changing roles would cut a transaction in two."""
    with scope(alice.tenant_id), pytest.raises(ScopeConflict), as_owner():
        pytest.fail("inside a scope")
    with transaction.atomic(), pytest.raises(ScopeConflict), as_owner():
        pytest.fail("inside a transaction")


def test_a_process_without_the_owners_login_cannot_be_the_owner(
    database: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Web and workers may be run without it."""
    monkeypatch.setitem(connection.settings_dict, "OWNER_USER", None)

    with pytest.raises(ImproperlyConfigured, match="set DATABASE_URL"), as_owner():
        pytest.fail("no login")
