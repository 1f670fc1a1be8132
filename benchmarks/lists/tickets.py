"""An account full of tickets, and the records that they refer to."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from benchmarks.lists.full import BEGIN, END, Full, linked
from tenants.postgres.roles import as_owner
from unified_api.models.ticketing import Ticket

#: The record of a kind that this number leads to.
_RECORD = """
    CREATE OR REPLACE FUNCTION pg_temp.record(kind text, number int, account uuid) RETURNS uuid
    IMMUTABLE LANGUAGE sql AS $$ SELECT md5(kind || number % 200 || account)::uuid $$
"""
_OTHERS = """
    INSERT INTO {table} (id, tenant_id, linked_account_id, remote_id, created_at, modified_at,
        remote_was_deleted, is_shell, as_of, name{columns})
    SELECT pg_temp.record('{kind}', n, %(account)s), %(tenant)s, %(account)s, n::text, %(begin)s, %(begin)s,
        false, false, 0, 'One of many, ' || substr(md5(n::text), 1, 9){values}
    FROM generate_series(0, 199) n
"""
#: Columns beyond the name, and what they hold, of each kind of record that tickets refer to.
_KINDS = {
    "user": (", email_address, is_active, teams, roles", ", n || '@customer.example', true, '{}', '{}'"),
    "team": (", description", ", 'Whoever is near'"),
    "collection": (", description", ", 'A floor'"),
    "account": (", domains", ", ARRAY[n || '.example']"),
    "contact": (", email_address", ", n || '@outside.example'"),
}
#: 500 tickets a store transaction carry one stamp, and within it ids are in no order, as in a first load.
_TICKETS = """
    INSERT INTO ticketing_ticket (id, tenant_id, linked_account_id, remote_id, created_at, modified_at,
        remote_was_deleted, is_shell, as_of, name, assignees, assigned_teams, creator, due_date, status, description,
        collections, ticket_type, account, contact, tags, roles, ticket_url, priority, access_level,
        remote_created_at, remote_updated_at, completed_at)
    SELECT md5('ticket' || n || %(account)s)::uuid, %(tenant)s, %(account)s, n::text, stamp,
        CASE WHEN mixed %% 100 < %(edited)s THEN stamp + (%(end)s - stamp) * (mixed %% 97 / 97.0) ELSE stamp END,
        mixed %% 50 = 7, mixed %% 50 = 8, 0,
        'The ' || substr(md5(n::text), 1, 8) || ' printer on floor ' || n %% 40 || ' jams again',
        ARRAY[pg_temp.record('user', mixed / 7, %(account)s), pg_temp.record('user', mixed / 7 + 1, %(account)s)],
        ARRAY[pg_temp.record('team', mixed / 11, %(account)s)], pg_temp.record('user', mixed / 13, %(account)s),
        stamp + interval '7 days', (ARRAY['OPEN', 'CLOSED', 'IN_PROGRESS', 'ON_HOLD'])[1 + mixed %% 4],
        left(repeat('It jams whenever somebody prints more than one page, "duplex" or not. ', 20), %(text)s),
        ARRAY[pg_temp.record('collection', mixed / 17, %(account)s)], (ARRAY['incident', 'question'])[1 + n %% 2],
        pg_temp.record('account', mixed / 19, %(account)s), pg_temp.record('contact', mixed / 23, %(account)s),
        ARRAY['printer', 'floor ' || n %% 40], '{}', 'https://desk.example/tickets/' || n,
        (ARRAY['URGENT', 'HIGH', 'NORMAL', 'LOW'])[1 + mixed / 4 %% 4], 'COMPANY',
        stamp - interval '1 day', stamp, CASE WHEN mixed %% 4 = 1 THEN stamp END
    FROM (SELECT n, abs(hashint4(n)::bigint)::int AS mixed,
            %(begin)s + (%(end)s - %(begin)s) * ((n - 1) / 500 * 500.0 / %(count)s) + interval '1 us' AS stamp
        FROM generate_series(1, %(count)s) n) numbered
"""


def desk(name: str, tickets: int, *, text: int = 400, edited: int = 5) -> Full:
    """A new tenant whose one linked account holds so many tickets.

    text: characters of a description. edited: the share of tickets, in percent, that changed later at some time.
    """
    one = linked(name, Ticket)
    _fill(one.tenant_id, one.account_id, tickets, text, edited)
    return one


def _fill(tenant_id: uuid.UUID, account_id: uuid.UUID, tickets: int, text: int, edited: int) -> None:
    """Tickets, and the records that they refer to; then what autovacuum would do."""
    facts: dict[str, Any] = {"tenant": tenant_id, "account": account_id, "begin": BEGIN, "end": END}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(_RECORD)
        for kind, (columns, values) in _KINDS.items():
            table = f"ticketing_{kind}"
            cursor.execute(_OTHERS.format(kind=kind, table=table, columns=columns, values=values), facts)
        cursor.execute(_TICKETS, {**facts, "count": tickets, "text": text, "edited": edited})
        for kind in (*_KINDS, "ticket"):
            cursor.execute(f"VACUUM (ANALYZE) ticketing_{kind}")
