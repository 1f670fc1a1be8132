"""What somebody cannot do who has an analyst's login and means harm: see others, write, take others' room."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import errors

from tenants.models import LinkedAccount
from tests.people import Person
from tests.tenants.analysing import Login, Session, administrator, analyst, enter, logged_in, made, names
from tests.tenants.switches import Owner
from unified_api.models.ticketing import Ticket

__all__ = ["analyst", "logged_in"]  # fixtures


#: Refused as such, whoever asks.
REFUSED = {
    "become the group of another": "SET ROLE {neighbour}",
    "become the app": "SET ROLE {app}",
    "become the owner": "SET ROLE {owner}",
    "become the operator": "SET ROLE isthmus_operator",
    "be somebody else": "SET SESSION AUTHORIZATION {neighbour}",
    "rename a neighbour": "ALTER ROLE {neighbour} RENAME TO {neighbour}_too",
    "bypass": "ALTER ROLE {me} BYPASSRLS",
    "raise the limit": "ALTER ROLE {me} CONNECTION LIMIT 100",
    "join the app": "GRANT {app} TO {me}",
    "make a role": "CREATE ROLE intruder",
    "look past policies": "SET row_security = off; SELECT * FROM ticketing_ticket",
    "a table under a view": "SELECT id FROM public.ticketing_ticket",
    "a table by a function of the server": "SELECT ts_stat('SELECT to_tsvector(name) FROM public.ticketing_ticket')",
    "a sealed column": "SELECT ssn FROM public.hris_employee",
    "credentials": "SELECT sealed_credential FROM public.tenants_linkedaccount",
    "keys": "SELECT * FROM public.tenants_apikey",
    "doors": "SELECT * FROM public.tenants_door",
    "the trail": "SELECT * FROM public.tenants_auditevent",
    "the log": "SELECT * FROM public.sync_change",
    "jobs": "SELECT * FROM public.sync_job",
    "tenants": "SELECT * FROM public.tenants_tenant",
    "insert": "INSERT INTO linked_account (id) VALUES (gen_random_uuid())",
    "update": "UPDATE linked_account SET status = 'IDLE'",
    "delete": "DELETE FROM linked_account",
    "insert below": "INSERT INTO public.ticketing_ticket (id) VALUES (gen_random_uuid())",
    "update below": "UPDATE public.ticketing_ticket SET name = 'x'",
    "delete below": "DELETE FROM public.ticketing_ticket",
    "lock rows": "SELECT * FROM ticketing_ticket FOR UPDATE",
    "lock a view": "BEGIN; LOCK TABLE ticketing_ticket IN ACCESS EXCLUSIVE MODE",
    "empty a table": "TRUNCATE public.ticketing_ticket",
    "drop a view": "DROP VIEW ticketing_ticket",
    "change a view": "ALTER VIEW ticketing_ticket SET (security_invoker = false)",
    "replace a view": "CREATE OR REPLACE VIEW ticketing_ticket AS SELECT 1",
    "drop a policy": "DROP POLICY isthmus_analyst ON public.ticketing_ticket",
    "a table of one's own": "CREATE TABLE loot (x text)",
    "a table among others": "CREATE TABLE public.loot (x text)",
    "a table for the session": "CREATE TEMP TABLE loot (x text)",
    "a view of one's own": "CREATE TEMP VIEW loot AS SELECT 1",
    "a schema": "CREATE SCHEMA loot",
    "a function": "CREATE FUNCTION analysts.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a cheap function": "CREATE FUNCTION pg_temp.f(text) RETURNS bool COST 0.0001 LANGUAGE sql AS 'SELECT true'",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file": "COPY (SELECT 1) TO '/tmp/loot'",
    "copy in": "COPY ticketing_ticket FROM STDIN",
    "read a file": "SELECT pg_read_file('/etc/hostname')",
    "list files": "SELECT pg_ls_dir('/')",
    "password hashes": "SELECT * FROM pg_authid",
    "password hashes by view": "SELECT * FROM pg_shadow",
    "samples of columns": "SELECT * FROM pg_statistic",
    "values of other sessions": "SELECT * FROM pg_largeobject",
    "another server": "CREATE FOREIGN DATA WRAPPER loot",
    "a server's program": "CREATE LANGUAGE plpython3u HANDLER plpgsql_call_handler",
    "end a session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
    "settings of the server": "ALTER SYSTEM SET log_statement = 'all'",
    "room on the disk": "SET temp_file_limit = -1",
    "a publication": "CREATE PUBLICATION loot FOR ALL TABLES",
    "a slot": "SELECT pg_create_logical_replication_slot('loot', 'pgoutput')",
    "reset figures": "SELECT pg_stat_reset()",
}
#: What everybody may call, unless a superuser has closed it: it writes, or holds others up.
CALLS = {
    "lo_create": "SELECT lo_create(0)",
    "lo_from_bytea": "SELECT lo_from_bytea(0, 'loot')",
    "pg_logical_emit_message": "SELECT pg_logical_emit_message(false, 'loot', 'x')",
    "pg_advisory_lock": "SELECT pg_advisory_lock(1)",
    "pg_advisory_xact_lock": "SELECT pg_advisory_xact_lock(1, 2)",
    "pg_try_advisory_lock_shared": "SELECT pg_try_advisory_lock_shared(n) FROM generate_series(1, 10) AS n",
}


def outcome(session: Session, statement: str) -> str:
    """`refused` for want of a right, or what happened instead."""
    try:
        session.execute(statement.encode())
    except (errors.InsufficientPrivilege, errors.InvalidGrantOperation):
        return "refused"
    except psycopg.Error as error:
        return repr(error)
    finally:
        session.execute("ROLLBACK")
    return "done"


def test_an_analyst_may_not(analyst: Session, alice: Person, logged_in: Login) -> None:
    """With every setting of the session turned off that can be, Postgres refuses each attack for want of a right."""
    known = {
        "owner": connection.settings_dict["OWNER_USER"],
        "app": connection.settings_dict["USER"],
        "me": analyst.info.user,
        "neighbour": logged_in(alice).info.user,
    }
    done = {name: outcome(analyst, attack.format(**known)) for name, attack in REFUSED.items()}

    assert {name: what for name, what in done.items() if what != "refused"} == {}


def test_nobody_takes_anothers_name(analyst: Session, alice: Person) -> None:
    """The wall goes by the name of who logged in; that name cannot be changed from within."""
    with pytest.raises(errors.FeatureNotSupported, match="session user cannot be renamed"):
        analyst.execute(
            f"ALTER ROLE {analyst.info.user} RENAME TO isthmus_analyst_{alice.tenant_id.hex}".encode()
        )


def test_what_everybody_may_call_is_closed_or_told(analyst: Session, charlie: Person) -> None:
    """Large objects and locks are refused where this login can see to it, else an administrator is told how."""
    told = " ".join(made(charlie)["left_open"])
    done = {name: outcome(analyst, call) for name, call in CALLS.items() if f"{name}(" not in told}

    assert set(done.values()) <= {"refused"}
    assert done or not settings.EMBEDDED


@pytest.mark.parametrize("name", ["dblink", "postgres_fdw", "file_fdw", "vector"])
def test_no_extension_is_made(analyst: Session, name: str) -> None:
    """Not even one that the server has, and that whoever may make things in the database may make."""
    with pytest.raises((errors.InsufficientPrivilege, errors.FeatureNotSupported)):
        analyst.execute(f"CREATE EXTENSION {name}".encode())
    assert names(analyst, "SELECT extname FROM pg_extension") == ["plpgsql"]


#: Allowed, and of no use: what is said first, in the same session.
USELESS = {
    "tell the tenant": "SELECT set_config('isthmus.tenant', '{alice}', false)",
    "tell it for the transaction": "SET isthmus.tenant = '{alice}'",
    "tell the role": "SET role = 'isthmus_analyst'",
    "tell the group": "SET ROLE isthmus_analyst",
    "search elsewhere": "SET search_path = public, pg_temp, analysts",
    "tell the application": "SET application_name = 'isthmus_owner'",
    "have row security off and on": "SET row_security = off; SET row_security = on",
    "plan otherwise": "SET enable_seqscan = off; SET enable_indexscan = off; SET jit = off",
}


def test_nothing_that_a_session_can_say_shows_others(analyst: Session, alice: Person) -> None:
    """What an analyst sets has no influence on whose rows there are: that follows from the login."""
    for attack in USELESS.values():
        analyst.execute(attack.format(alice=alice.tenant_id).encode())

        assert names(analyst, "SELECT name FROM analysts.ticketing_ticket") == ["ticket of Charlie"], attack


PROBES = {
    "by id": "SELECT name FROM ticketing_ticket WHERE id = '{id}'",
    "by a forgotten join": "SELECT t.name FROM linked_account a, ticketing_ticket t WHERE t.name LIKE '%Alice%'",
    "by an account": "SELECT id::text FROM linked_account WHERE id = '{account}'",
    "by a function of the server": "SELECT word FROM ts_stat('SELECT to_tsvector(name) FROM analysts.ticketing_ticket')"
    " WHERE word = 'alic' OR word = 'alice'",
    "samples": "SELECT tablename FROM pg_stats WHERE schemaname = 'public'",
    "samples of expressions": "SELECT tablename FROM pg_stats_ext_exprs WHERE schemaname = 'public'",
    "queries of others": "SELECT query FROM pg_stat_activity WHERE usename <> session_user AND query LIKE '%Alice%'",
    "prepared statements": "SELECT statement FROM pg_prepared_statements",
    "open cursors": "SELECT statement FROM pg_cursors WHERE statement LIKE '%Alice%'",
    "open transactions": "SELECT gid FROM pg_prepared_xacts",
    "mappings": "SELECT usename FROM pg_user_mappings",
}


def test_no_question_tells_anything_of_others(analyst: Session, alice: Person, database: Owner) -> None:
    """No query finds a row of another company, be it in views, in samples of columns or in what others do."""
    database.execute("ANALYZE ticketing_ticket")
    with alice.at_work():
        (found,) = Ticket.objects.all()
    known = {"id": found.id, "account": found.linked_account_id}

    assert {
        name: rows for name, query in PROBES.items() if (rows := names(analyst, query.format(**known)))
    } == {}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM ticketing_ticket WHERE name::int > 0",
        "SELECT name FROM ticketing_ticket WHERE 1 / (length(name) - length(name)) > 0",
        "SELECT name FROM ticketing_ticket t JOIN linked_account a ON a.id = t.linked_account_id AND name::int > 0",
        "SELECT end_user_origin_id FROM linked_account WHERE end_user_origin_id::int > 0",
    ],
)
def test_a_function_that_tells_is_not_called_with_rows_of_others(
    query: str, analyst: Session, charlie: Person
) -> None:
    """A cast whose error quotes its argument quotes own rows alone; without any, it is never called."""
    with pytest.raises((errors.InvalidTextRepresentation, errors.DivisionByZero)) as caught:
        names(analyst, query)
    assert "Alice" not in str(caught.value)
    with charlie.at_work():
        Ticket.objects.all().delete()
        LinkedAccount.objects.all().delete()

    assert names(analyst, query) == []


def test_an_analyst_enters_no_other_database_or_it_is_told(analyst: Session, charlie: Person) -> None:
    """Neither the broker's nor the server's own; on a given server an administrator is told which are open."""
    told = made(charlie)
    assert not (settings.EMBEDDED and any("template1" in statement for statement in told["left_open"]))
    for name in ("template1", "isthmus_broker"):
        if not any(name in statement for statement in told["left_open"]):
            with pytest.raises(psycopg.OperationalError, match=r"permission denied|does not exist"):
                enter(told, dbname=name)


def test_so_many_sessions_and_no_more(analyst: Session, charlie: Person) -> None:
    """Five at once: others need connections, too."""
    told = made(charlie)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(enter(told))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            enter(told)


def test_a_role_of_no_tenant_gets_an_error_and_not_nothing(analyst: Session, database: Owner) -> None:
    """Somebody whom an administrator puts into the group by hand is not told that there are no records."""
    with psycopg.connect(administrator(), autocommit=True) as server:
        name = f"stray_{uuid.uuid4().hex}"
        server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw' IN ROLE isthmus_analyst".encode())
        server.execute(f"GRANT CONNECT ON DATABASE {analyst.info.dbname} TO {name}".encode())
        try:
            told = {"sql_role": name, "password": "pw", "host": analyst.info.host, "port": analyst.info.port}
            refused = pytest.raises(errors.InvalidTextRepresentation, match=f'uuid: "{name}"')
            with enter({**told, "database": analyst.info.dbname}) as stray, refused:
                names(stray, "SELECT name FROM analysts.ticketing_ticket")
        finally:
            server.execute(f"REVOKE CONNECT ON DATABASE {analyst.info.dbname} FROM {name}".encode())
            server.execute(f"DROP ROLE {name}".encode())
