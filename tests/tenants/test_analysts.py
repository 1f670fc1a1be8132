"""What an analyst sees, who has a login to Postgres for one tenant; and that damage to it is found and put right."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from tenants import checks, walls
from tenants.analysts import ANALYST
from tenants.catalog import read_powers
from tenants.models import LinkedAccount
from tenants.postgres.roles import as_owner
from tests.people import Person
from tests.tenants.analysing import (
    NOW,
    Login,
    Session,
    administrator,
    analyst,
    logged_in,
    made,
    names,
    ticket,
)
from tests.tenants.switches import Owner
from unified_api.models.base import common_models, sensitive, wire_fields
from unified_api.models.hris import Employee

__all__ = ["analyst", "logged_in"]  # fixtures


def test_an_analyst_reads_the_tenants_records_by_plain_names(analyst: Session) -> None:
    """Views stand in the search path, and join by ids."""
    found = analyst.execute(
        "SELECT t.name, a.end_user_origin_id FROM ticketing_ticket t"
        " JOIN linked_account a ON a.id = t.linked_account_id"
    ).fetchall()

    assert found == [("ticket of Charlie", "customer-1")]


def test_two_companies_see_their_own(logged_in: Login, analyst: Session, alice: Person) -> None:
    """Each login shows its own company's rows."""
    assert names(logged_in(alice)) == ["ticket of Alice"]
    assert names(analyst) == ["ticket of Charlie"]


def test_a_session_begins_by_reading_only(logged_in: Login, charlie: Person) -> None:
    """By default nothing is written, and no query runs for more than a minute."""
    logged_in(charlie)
    told = made(charlie)
    where = {"host": told["host"], "port": told["port"] or None, "dbname": told["database"]}
    with psycopg.connect(user=told["sql_role"], password=told["password"], **where) as session:
        row = session.execute(
            "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout')"
        )

        assert row.fetchone() == ("on", "1min")


def test_every_common_model_has_a_view_without_what_is_sealed(analyst: Session) -> None:
    """The view of each model has its declared fields, save the sensitive ones, and nothing of the store's own."""
    columns: dict[str, set[str]] = {}
    for view, column in analyst.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'analysts'"
    ).fetchall():
        columns.setdefault(view, set()).add(column)

    common = {
        "id",
        "linked_account_id",
        "remote_id",
        "created_at",
        "modified_at",
        "remote_was_deleted",
        "field_mappings",
    }
    for model in common_models():
        declared = set(wire_fields(model)) - set(sensitive(model))
        assert columns.pop(model._meta.db_table) == declared | common
    assert "ssn" in sensitive(Employee)
    assert columns == {
        "linked_account": {
            *("id", "category", "integration", "end_user_origin_id", "end_user_organization_name", "status"),
            *("is_test", "created_at", "completed_at"),
        }
    }


def test_shells_are_left_out_and_deleted_records_marked(logged_in: Login, charlie: Person) -> None:
    """What is only known by reference is no record yet; what was deleted says so."""
    account, _ = charlie.link()
    ticket(charlie, account, "there")
    ticket(charlie, account, "deleted", remote_was_deleted=True)
    ticket(charlie, account, "shell", is_shell=True)

    query = "SELECT name, remote_was_deleted FROM ticketing_ticket ORDER BY name"
    assert logged_in(charlie).execute(query.encode()).fetchall() == [("deleted", True), ("there", False)]


def test_what_scopes_hide_is_hidden_here_too(logged_in: Login, charlie: Person) -> None:
    """A disabled field is null, and custom fields with it; an unread model is empty; others are as ever."""
    limits = ({"hidden": ["description"]}, {"read": False}, {"write": False})
    for number, limit in enumerate(limits):
        account, _ = charlie.link(end_user_origin_id=f"customer-{number}")
        with charlie.at_work():
            LinkedAccount.objects.filter(id=account.id).update(permissions={"ticketing.Ticket": limit})
        ticket(charlie, account, f"ticket {number}", field_mappings={"risk": number})

    query = "SELECT name, description, field_mappings FROM ticketing_ticket ORDER BY name"
    assert logged_in(charlie).execute(query.encode()).fetchall() == [
        ("ticket 0", None, None),
        ("ticket 2", "about ticket 2", {"risk": 2}),
    ]


def test_records_of_a_deleted_account_vanish_at_once(analyst: Session, charlie: Person) -> None:
    """Before they are erased, they are seen no more, and the account neither."""
    with charlie.at_work():
        LinkedAccount.objects.update(deleted_at=NOW)

    assert names(analyst) == names(analyst, "SELECT id FROM linked_account") == []


DAMAGE = {
    "a view with its owner's eyes": "ALTER VIEW analysts.ticketing_ticket SET (security_invoker = false)",
    "a view without a barrier": "ALTER VIEW analysts.ticketing_ticket RESET (security_barrier)",
    "a view with another query": "CREATE OR REPLACE VIEW analysts.linked_account"
    " WITH (security_barrier = true, security_invoker = true) AS SELECT id, category, integration,"
    " end_user_origin_id, end_user_organization_name, status, is_test,"
    " created_at, completed_at FROM tenants_linkedaccount",
    "a column with another name": "ALTER VIEW analysts.linked_account RENAME COLUMN status TO state",
    "a view that is gone": "DROP VIEW analysts.hris_employee",
    "a view too many": "CREATE VIEW analysts.loot AS SELECT * FROM tenants_linkedaccount",
    "a view that may be written": "GRANT UPDATE ON analysts.ticketing_ticket TO isthmus_analyst",
    "a view for all": "GRANT SELECT ON analysts.ticketing_ticket TO PUBLIC",
    "a view for nobody": "REVOKE SELECT ON analysts.ticketing_ticket FROM isthmus_analyst",
    "the schema for all": "GRANT USAGE ON SCHEMA analysts TO PUBLIC",
    "things in the schema": "GRANT CREATE ON SCHEMA analysts TO isthmus_analyst",
    "no schema": "DROP SCHEMA analysts CASCADE",
    "the tables' schema for all": "GRANT USAGE ON SCHEMA public TO PUBLIC",
    "a whole table": "GRANT SELECT ON hris_employee TO isthmus_analyst",
    "a sealed column": "GRANT SELECT (ssn) ON hris_employee TO isthmus_analyst",
    "a column for all": "GRANT SELECT (name) ON ticketing_ticket TO PUBLIC",
    "a column that may be written": "GRANT UPDATE (name) ON ticketing_ticket TO isthmus_analyst",
    "a column too few": "REVOKE SELECT (name) ON ticketing_ticket FROM isthmus_analyst",
    "a policy by a setting": "ALTER POLICY isthmus_analyst ON ticketing_ticket"
    " USING (tenant_id = current_setting('isthmus.tenant')::uuid)",
    "no policy": "DROP POLICY isthmus_analyst ON ticketing_ticket",
    "a policy on keys": "CREATE POLICY isthmus_analyst ON tenants_apikey TO isthmus_analyst USING (true)",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_to_the_analysts_wall_is_reported_and_put_right(damage: str, restored_walls: Owner) -> None:
    """The system check says that something is not as it should be; migrating mends it."""
    restored_walls.execute(damage.encode())
    connection.close()

    assert {message.id for message in checks.check_walls(["default"])} == {"tenants.E001"}
    with as_owner():
        assert walls.build("default")
        assert walls.differences(connection) == []


def test_a_login_that_is_of_another_group_is_reported(analyst: Session) -> None:
    """The check names the role, and has the SQL that takes away what it should not have."""
    role, group = analyst.info.user, f"loot_{uuid.uuid4().hex}"
    with psycopg.connect(administrator(), autocommit=True) as server:
        server.execute(f"CREATE ROLE {group}".encode())
        server.execute(f"GRANT {group} TO {role}".encode())
        connection.close()
        with pytest.raises(SystemCheckError, match=rf"tenants\.E007.*{role} may do more") as caught:
            call_command("check", databases=["default"])
        server.execute(f"DROP ROLE {group}".encode())

    assert f"NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION; REVOKE {group} FROM {role};" in str(
        caught.value
    )
    assert checks.check_walls(["default"]) == []


def test_a_login_that_passes_policies_is_reported(analyst: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the logins that there are, each that no policy would bind has its error."""
    (group, *logins) = read_powers(connection, ANALYST)
    assert group == (ANALYST, False, [])
    assert (analyst.info.user, False, []) in logins
    monkeypatch.setattr(checks, "read_powers", lambda *_: [group, ("isthmus_analyst_x", True, [])])

    (found,) = checks.check_walls(["default"])
    assert (found.id, "isthmus_analyst_x" in found.msg) == ("tenants.E007", True)


def test_views_make_room_for_migrations(restored_walls: Owner) -> None:
    """A migration can alter a column that a view reads: views go before the first one, and come back after the last."""
    with as_owner():
        walls._before_migrations(using="default", plan=["a migration"])
        restored_walls.execute("ALTER TABLE hris_employee ALTER COLUMN first_name TYPE varchar")
        restored_walls.execute("ALTER TABLE hris_employee ALTER COLUMN first_name TYPE text")
        assert "analysts.hris_employee" in {found.table for found in walls.differences(connection)}
        walls._after_migrations(using="default")

    assert walls.differences(connection) == []


def test_views_stay_when_there_is_nothing_to_migrate(restored_walls: Owner) -> None:
    """Whoever asks meanwhile finds them."""
    with as_owner():
        walls._before_migrations(using="default", plan=[])

    assert walls.differences(connection) == []


def test_a_view_waits_for_its_columns(restored_walls: Owner) -> None:
    """Migrated back to where a column is not there yet, the database has no view that needs it, and no error."""
    with as_owner():
        walls._before_migrations(using="default", plan=["a migration"])
        restored_walls.execute("ALTER TABLE hris_employee RENAME COLUMN first_name TO given_name")
        walls._after_migrations(using="default")
        found = {difference.table for difference in walls.differences(connection)}
        restored_walls.execute("ALTER TABLE hris_employee RENAME COLUMN given_name TO first_name")
        walls._after_migrations(using="default")

    assert found == set()
    assert walls.differences(connection) == []
