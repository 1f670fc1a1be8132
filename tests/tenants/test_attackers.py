"""What somebody can do who has the app's login and writes SQL: nothing to the walls, nothing to the trail."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import errors

from tenants import walls
from tests.people import Person
from tests.tenants.switches import Owner

ATTACKS = {
    "switch policies off": "ALTER TABLE tenants_linkedaccount DISABLE ROW LEVEL SECURITY",
    "free the owner": "ALTER TABLE tenants_linkedaccount NO FORCE ROW LEVEL SECURITY",
    "drop a policy": "DROP POLICY isthmus_tenant ON tenants_linkedaccount",
    "add a policy": "CREATE POLICY mine ON tenants_linkedaccount USING (true)",
    "widen a policy": "ALTER POLICY isthmus_tenant ON tenants_linkedaccount USING (true)",
    "look past policies": "SET LOCAL row_security = off; SELECT * FROM tenants_linkedaccount",
    "become the owner": "SET ROLE {owner}",
    "be the owner": "SET SESSION AUTHORIZATION {owner}",
    "join the owner": "GRANT {owner} TO {app}",
    "bypass": "ALTER ROLE {app} BYPASSRLS",
    "inherit": "ALTER ROLE {app} INHERIT",
    "make a role": "CREATE ROLE intruder SUPERUSER",
    "make a table": "CREATE TABLE loot (x text)",
    "make a function": "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    "make a schema": "CREATE SCHEMA loot",
    "empty a table": "TRUNCATE tenants_linkedaccount",
    "add a column": "ALTER TABLE tenants_linkedaccount ADD COLUMN loot text",
    "drop a table": "DROP TABLE tenants_door",
    "rewrite the trail": "UPDATE tenants_auditevent SET actor = 'nobody'",
    "erase the trail": "DELETE FROM tenants_auditevent",
    "rewrite operators' looks": "UPDATE tenants_operatorevent SET reason = ''",
    "erase operators' looks": "DELETE FROM tenants_operatorevent",
    "pretend migrations": "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())",
    "read password hashes": "SELECT * FROM pg_authid",
    "read files": "SELECT pg_read_file('/etc/hostname')",
    "run programs": "COPY (SELECT 1) TO PROGRAM 'true'",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_app_may_not(attack: str, alice: Person, charlie: Person) -> None:
    """Inside a tenant's transaction, where an injected statement would run, Postgres refuses it."""
    alice.link()
    roles = {"owner": connection.settings_dict["OWNER_USER"], "app": connection.settings_dict["USER"]}

    with pytest.raises(ProgrammingError) as caught, charlie.at_work(), connection.cursor() as cursor:
        cursor.execute(attack.format(**roles))
    refusals = (errors.InsufficientPrivilege, errors.InvalidGrantOperation)
    assert isinstance(caught.value.__cause__, refusals), caught.value


def test_the_app_grants_nothing_on(database: Owner) -> None:
    """Postgres only warns here; the rights are what they were."""
    with connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON tenants_linkedaccount TO PUBLIC")

    assert walls.differences(connection) == []


def test_the_app_does_not_have_the_operators_view_by_itself(alice: Person) -> None:
    """Being allowed to become the operator is not being one: policies for operators do not hold for the app."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role('isthmus_operator', 'USAGE'), pg_has_role('isthmus_operator', 'MEMBER')"
        )
        assert cursor.fetchone() == (False, True)


def test_errors_of_the_database_do_not_tell_other_tenants_rows(alice: Person, charlie: Person) -> None:
    """An id of another tenant is free to use: keys begin with the tenant, so nothing collides and tells."""
    account, _ = alice.link()
    from tenants.models import LinkedAccount

    with charlie.at_work():
        LinkedAccount.objects.create(
            pk=account.pk, category="ticketing", integration="x", end_user_origin_id="customer-1"
        )
        assert LinkedAccount.objects.get(pk=account.pk).integration == "x"
    with alice.at_work():
        assert LinkedAccount.objects.get(pk=account.pk).integration == "somewhere"
