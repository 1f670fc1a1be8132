"""Questions in one message: the tenant holds for exactly one of them, whatever becomes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.models import LinkedAccount
from tenants.postgres.ask import ask, ask_behind, spelled_ids, spelled_instants
from tenants.scope import NoTenantInScope, ScopeConflict, scope
from tests.people import Person
from tests.tenants.switches import Owner

TENANT = "SELECT current_setting('isthmus.tenant', true)"
ACCOUNTS = "SELECT end_user_origin_id FROM tenants_linkedaccount"
#: Whose rows are asked for: the first value's, if one can be divided by the second.
ASKER = "(SELECT %s::text WHERE 1 / %s::int > 0)"


def left_behind() -> Any:
    """The tenant that the session knows between questions; empty for none."""
    with connection.cursor() as cursor:
        cursor.execute(TENANT)
        return cursor.fetchone()[0] or ""


def test_the_tenant_holds_for_one_question(alice: Person) -> None:
    """It is there before the question, in the same message, and gone after it, without any transaction of ours."""
    with scope(alice.tenant_id), CaptureQueriesContext(connection) as sent:
        assert ask(TENANT, []) == [(str(alice.tenant_id),)]

    assert len(sent) == 1
    assert left_behind() == ""


def test_who_wraps_queries_sees_those_that_are_asked(alice: Person) -> None:
    """Whatever is hung around Django's queries is around these too."""
    seen: list[str] = []

    def look(execute: Any, sql: str, *more: Any) -> Any:
        seen.append(sql)
        return execute(sql, *more)

    with scope(alice.tenant_id), connection.execute_wrapper(look):
        assert ask("SELECT 1", []) == [(1,)]

    assert [sql.rpartition("; ")[2] for sql in seen] == ["SELECT 1"]


def test_only_the_tenants_own_rows_are_seen(alice: Person, charlie: Person) -> None:
    """A question that names no tenant is answered with the rows of the one in scope: the policies hold."""
    for person in (alice, charlie):
        person.link(end_user_origin_id=f"of {person.name}")

    for person in (alice, charlie):
        with scope(person.tenant_id):
            assert ask(ACCOUNTS, []) == [(f"of {person.name}",)]


def test_nobody_asks_nothing(alice: Person) -> None:
    """Without a tenant in scope, nothing is sent."""
    with pytest.raises(NoTenantInScope), CaptureQueriesContext(connection) as sent:
        ask(ACCOUNTS, [])

    assert len(sent) == 0


def test_inside_a_transaction_it_is_part_of_that_one(alice: Person) -> None:
    """What is not committed yet is seen, and the tenant stays for what comes after."""
    with alice.at_work():
        LinkedAccount.objects.create(category="ticketing", integration="x", end_user_origin_id="new")
        assert ask(ACCOUNTS, []) == [("new",)]
        assert LinkedAccount.objects.count() == 1
        transaction.set_rollback(True)

    with scope(alice.tenant_id):
        assert ask(ACCOUNTS, []) == []


@pytest.mark.parametrize("wrong", ["SELECT 1 / 0", "SELECT no_such_column", "SELECT 1; SELECT 1 / 0"])
def test_a_failed_question_leaves_nothing_behind(alice: Person, wrong: str) -> None:
    """Neither a tenant nor a transaction that has failed: the next question is answered as usual."""
    with scope(alice.tenant_id), pytest.raises(DatabaseError, match=r"zero|no_such_column|multiple commands"):
        ask(wrong, [])

    assert left_behind() == ""
    with scope(alice.tenant_id):
        assert ask("SELECT 1", []) == [(1,)]


def test_values_are_values(alice: Person) -> None:
    """Nothing that a value says becomes a statement."""
    nasty = "'; SELECT set_config('isthmus.tenant', '', true); -- %s \\' $$ \u2028"
    with scope(alice.tenant_id):
        assert ask("SELECT %s, '100%%'", [nasty]) == [(nasty, "100%")]


def _cut() -> None:
    """End the session of this connection behind its back, and begin a new request."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_a_kept_connection_that_was_lost_is_replaced(alice: Person) -> None:
    """The first question of a request is its own check: it is asked again on a new connection, and nobody notices."""
    _cut()
    connection.close_if_unusable_or_obsolete()  # what a request begins with

    with scope(alice.tenant_id):
        assert ask(TENANT, []) == [(str(alice.tenant_id),)]


def test_a_connection_that_is_lost_later_is_an_error(alice: Person) -> None:
    """Once a request has been answered on it, its loss is not hidden."""
    connection.close_if_unusable_or_obsolete()
    with scope(alice.tenant_id):
        ask("SELECT 1", [])
        _cut()
        with pytest.raises(OperationalError):
            ask("SELECT 1", [])
    connection.close()


def test_a_new_request_sends_no_check(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is all that is sent."""
    connection.close_if_unusable_or_obsolete()
    monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("a check was sent"))

    with scope(alice.tenant_id):
        assert ask("SELECT 1", []) == [(1,)]


def _planned(sql: str) -> list[tuple[int, int]]:
    """How often a statement of this connection was planned for all values, and for its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = %s", [sql]
        )
        return [tuple(row) for row in cursor.fetchall()]


def test_a_plan_is_kept_of_what_is_asked_often_where_any_value_has_the_same(alice: Person) -> None:
    """Of what may not be kept, Postgres is never told to."""
    with scope(alice.tenant_id):
        for _ in range(12):
            ask(ACCOUNTS, [], is_kept=True)
            ask(f"{ACCOUNTS} LIMIT 7", [])

    ((generic, _),) = _planned(ACCOUNTS)
    assert generic > 1
    assert _planned(f"{ACCOUNTS} LIMIT 7") == []


def test_a_kept_plan_shows_each_tenant_its_own(alice: Person, charlie: Person) -> None:
    """The policies compare with the tenant of the question, and not with the one of the plan's first."""
    for person in (alice, charlie):
        person.link(end_user_origin_id=f"of {person.name}")

    for _ in range(8):
        for person in (alice, charlie):
            with scope(person.tenant_id):
                assert ask(ACCOUNTS, [], is_kept=True) == [(f"of {person.name}",)]


def test_a_column_of_another_type_is_planned_anew(alice: Person, database: Owner) -> None:
    """A migration while the web server runs: the kept plan is let go of with its connection, and nobody notices."""
    app = connection.ops.quote_name(connection.settings_dict["USER"])
    database.execute(f"CREATE TABLE of_a_test AS SELECT 1 AS n; GRANT SELECT ON of_a_test TO {app}")
    try:
        with scope(alice.tenant_id):
            for _ in range(8):
                assert ask("SELECT n FROM of_a_test", [], is_kept=True) == [(1,)]
            database.execute("ALTER TABLE of_a_test ALTER n TYPE text")
            assert ask("SELECT n FROM of_a_test", [], is_kept=True) == [("1",)]
    finally:
        database.execute("DROP TABLE of_a_test")


def _broken_by_what_comes_first(tenant: str, _: Owner) -> None:
    """The tenant cannot be told: what follows in the same message is skipped."""
    with pytest.raises(DatabaseError, match="zero"):
        ask_behind(ASKER, [tenant, 0], ACCOUNTS, [])


def _broken_by_a_lock(tenant: str, database: Owner) -> None:
    """A migration has the table while it is planned."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '200ms'")
    database.execute("BEGIN; LOCK TABLE tenants_linkedaccount IN ACCESS EXCLUSIVE MODE")
    try:
        with pytest.raises(OperationalError, match="timeout"):
            ask_behind(ASKER, [tenant, 1], ACCOUNTS, [])
    finally:
        database.execute("COMMIT")
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")


@pytest.mark.parametrize("broken", [_broken_by_what_comes_first, _broken_by_a_lock])
def test_a_plan_that_was_never_made_is_not_missed(
    alice: Person, database: Owner, broken: Callable[[str, Owner], None]
) -> None:
    """An error as it was about to be kept is one error: what is asked next is answered."""
    alice.link()
    tenant = str(alice.tenant_id)
    for _ in range(5):
        ask_behind(ASKER, [tenant, 1], ACCOUNTS, [])
    broken(tenant, database)

    for _ in range(8):
        assert ask_behind(ASKER, [tenant, 1], ACCOUNTS, []) == [("customer-1",)]
    ((generic, _),) = _planned(ACCOUNTS)
    assert generic > 0


def test_a_plan_is_still_kept_after_all_that_others_ask(alice: Person) -> None:
    """Texts of Django hold their values: the driver remembers none, and so forgets nothing for their sake."""
    with scope(alice.tenant_id), connection.cursor() as cursor:
        for first in (0, 100):
            for _ in range(5):
                ask(ACCOUNTS, [], is_kept=True)
            assert len(_planned(ACCOUNTS)) == first // 100
            for number in range(first, first + 100):
                cursor.execute("SELECT %s", [number])
        ask(ACCOUNTS, [], is_kept=True)

    ((generic, custom),) = _planned(ACCOUNTS)
    assert generic + custom == 6


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_instants_are_spelled_with_microseconds(alice: Person, moment: dt.datetime) -> None:
    """Whatever Postgres leaves out at the end of a time stands there."""
    with scope(alice.tenant_id):
        ((told,),) = ask("SELECT %s", [moment])

    assert spelled_instants([told, None]) == [
        f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z",
        None,
    ]


def test_instants_are_spelled_so_whatever_the_server_prefers(alice: Person, database: Owner) -> None:
    """Another style of dates and another time zone, as defaults of the database, change nothing."""
    name = connection.settings_dict["NAME"]
    for setting in ("DateStyle = 'SQL, DMY'", "TimeZone = 'America/New_York'"):
        database.execute(f'ALTER DATABASE "{name}" SET {setting}')
    connection.close()
    try:
        with scope(alice.tenant_id):
            ((told, ids),) = ask(
                "SELECT '2026-07-31T12:00:00.5Z'::timestamptz, ARRAY[%s::uuid]", [alice.tenant_id]
            )
    finally:
        database.execute(f'ALTER DATABASE "{name}" RESET ALL')
        connection.close()

    assert spelled_instants([told]) == ["2026-07-31T12:00:00.500000Z"]
    assert spelled_ids([ids, "{}", None]) == [[str(alice.tenant_id)], [], None]


def test_who_asks_is_found_out_outside_of_any_scope(alice: Person) -> None:
    """The tenant that an expression names must not get mixed up with one that is known already."""
    with scope(alice.tenant_id), pytest.raises(ScopeConflict):
        ask_behind("%s", [str(alice.tenant_id)], ACCOUNTS, [])
    with transaction.atomic(), pytest.raises(ScopeConflict):
        ask_behind("%s", [str(alice.tenant_id)], ACCOUNTS, [])


def test_an_expression_without_a_tenant_shows_nothing(alice: Person) -> None:
    """No tenant is nobody: no rows, and no error."""
    alice.link()

    assert ask_behind("%s", [None], ACCOUNTS, []) == []
    assert ask_behind("%s", [str(alice.tenant_id)], ACCOUNTS, []) == [("customer-1",)]
    assert left_behind() == ""
