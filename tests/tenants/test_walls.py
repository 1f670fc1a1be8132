"""The database's wall is built from the models, found out when damaged, and put right by migrating."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps

from tenants import checks, walls
from tenants.catalog import Roles, read_tables
from tenants.models import AuditEvent, LinkedAccount
from tenants.postgres.roles import as_owner
from tenants.rows import TenantModel
from tenants.scope import NoTenantInScope
from tests.tenants.switches import Owner

TABLE = "tenants_linkedaccount"
SAFE = Roles(
    passes_policies=False,
    is_owner=False,
    inherits_operator=False,
    may_become_operator=True,
    makes_tables=False,
    uses_sequences=True,
    uses_schema=True,
)


def test_after_migrating_nothing_differs(database: Owner) -> None:
    """Migrations end with every table behind its wall, and the system check agrees."""
    assert walls.differences(connection) == []
    assert checks.check_walls(["default"]) == []


def test_building_again_changes_nothing(database: Owner) -> None:
    """Walls that stand are looked at by a few queries, and not touched."""
    with as_owner(), CaptureQueriesContext(connection) as done:
        assert walls.build("default") == []

    assert len(done) <= 4
    assert all(query["sql"].lstrip().startswith("SELECT") for query in done)


def test_each_table_of_a_tenant_is_walled(database: Owner) -> None:
    """Each table's key begins with the tenant, and nobody's look at it is refused."""
    walled = [wall for wall in walls.expected() if wall.column]

    assert {"tenants_tenant", "tenants_apikey", TABLE, "tenants_auditevent"} <= {w.table for w in walled}
    for wall in walled:
        assert wall.key[0] == wall.column
        connection.close()
        with connection.cursor() as cursor, pytest.raises(NoTenantInScope):
            cursor.execute(f'TABLE "{wall.table}"')


def test_each_model_with_a_tenant_is_a_walled_one() -> None:
    """A table with a tenant's column is either walled or says that it is not: none is left out by mistake."""
    from django.apps import apps

    named = [m for m in apps.get_models() if any(f.name == "tenant_id" for f in m._meta.get_fields())]

    assert [m for m in named if not issubclass(m, TenantModel) and getattr(m, "walled", True)] == []


DAMAGE = {
    "policy dropped": f"DROP POLICY isthmus_tenant ON {TABLE}",
    "policy for all": f"CREATE POLICY more ON {TABLE} USING (true)",
    "policy widened": f"ALTER POLICY isthmus_tenant ON {TABLE} USING (true)",
    "check widened": f"ALTER POLICY isthmus_tenant ON {TABLE} WITH CHECK (true)",
    "policy for others": f"ALTER POLICY isthmus_operator ON {TABLE} TO PUBLIC",
    "switched off": f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
    "not forced": f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
    "right too many": f"GRANT TRUNCATE ON {TABLE} TO isthmus_app",
    "open to all": f"GRANT SELECT ON {TABLE} TO PUBLIC",
    "operator writes": f"GRANT UPDATE ON {TABLE} TO isthmus_operator",
    "right too few": f"REVOKE INSERT ON {TABLE} FROM isthmus_app",
    "trail not kept": "GRANT UPDATE ON tenants_auditevent TO isthmus_app",
    "key without tenant": f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_pkey, ADD PRIMARY KEY (id)",
    "no key": f"ALTER TABLE {TABLE} DROP CONSTRAINT {TABLE}_pkey",
    "door with a policy to come": "REVOKE SELECT ON tenants_door FROM isthmus_app",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_reported_and_put_right(damage: str, restored_walls: Owner) -> None:
    """The system check names the table and says to migrate; migrating mends it."""
    restored_walls.execute(damage.encode())
    connection.close()

    with pytest.raises(SystemCheckError, match=r"tenants\.E001.*behind the wall[\s\S]*manage\.py migrate"):
        call_command("check", databases=["default"])
    with as_owner():
        assert walls.build("default")
        assert walls.differences(connection) == []
    assert checks.check_walls(["default"]) == []


def test_migrating_again_mends(restored_walls: Owner) -> None:
    """The command itself does it, although nothing is left to migrate."""
    restored_walls.execute(DAMAGE["policy for all"].encode())
    connection.close()
    call_command("migrate", verbosity=0)

    assert walls.differences(connection) == []


def test_logs_are_only_added_to() -> None:
    """An append-only model gives the rights to insert and read; an erasable one also to delete."""

    class Log(AuditEvent):
        erasable = True

        class Meta:
            app_label = "tenants"
            proxy = True

    assert walls._rights(AuditEvent) == {"SELECT", "INSERT"}
    assert walls._rights(Log) == {"SELECT", "INSERT", "DELETE"}
    assert walls._rights(LinkedAccount) == {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_operators_only_read(database: Owner) -> None:
    """On every table the operator's role was granted SELECT and nothing else, PUBLIC nothing at all."""
    tables = read_tables(connection, [wall.table for wall in walls.expected()])

    assert {table.rights["isthmus_operator"] for table in tables.values()} == {frozenset({"SELECT"})}
    assert not any("public" in table.rights for table in tables.values())


@pytest.mark.parametrize(
    ("danger", "words"),
    [
        ({"passes_policies": True}, "BYPASSRLS"),
        ({"is_owner": True}, "owner of the tables"),
        ({"inherits_operator": True}, "sees every tenant"),
        ({"may_become_operator": False}, "may not become"),
        ({}, None),
    ],
)
def test_a_role_that_passes_the_walls_is_reported(danger: dict[str, bool], words: str | None) -> None:
    """Each way in which the app's role would make the walls worthless has its sentence."""
    found = list(checks._dangers(dataclasses.replace(SAFE, **danger), "isthmus_app"))

    assert len(found) == (1 if words else 0)
    assert not words or words in found[0][0]


def test_the_owner_as_the_app_is_an_error(database: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Using the owner's login for the app would make every policy void; the check refuses it."""
    for name in ("USER", "PASSWORD"):
        monkeypatch.setitem(connection.settings_dict, name, connection.settings_dict[f"OWNER_{name}"])
    found = {message.id for message in checks._check_roles("default")}
    connection.close()

    assert "tenants.E002" in found


@isolate_apps("tenants")
def test_foreign_keys_to_tenants_tables_are_refused() -> None:
    """Their keys begin with the tenant, so the database could not hold such a reference."""

    class Bound(models.Model):
        account = models.ForeignKey(LinkedAccount, models.CASCADE)

        class Meta:
            app_label = "tenants"

    class Loose(models.Model):
        account = models.ForeignKey(LinkedAccount, models.CASCADE, db_constraint=False)

        class Meta:
            app_label = "tenants"

    config: Any = SimpleNamespace(get_models=lambda: [Bound, Loose])
    (message,) = checks.check_foreign_keys([config])

    assert message.id == "tenants.E003"
    assert "Bound.account" in message.msg


def test_tables_that_are_not_made_yet_are_left_out(database: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of migrations there are models without tables."""
    coming = walls.Wall("tenants_tomorrow", "tenant_id", ("tenant_id", "id"), frozenset({"SELECT"}))
    known = walls.expected()
    monkeypatch.setattr(walls, "expected", lambda: [*known, coming])

    assert walls.differences(connection) == []
