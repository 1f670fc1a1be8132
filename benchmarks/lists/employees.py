"""An account full of employees, the widest model: every field that its list shows to everybody has a value."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from benchmarks.lists.full import BEGIN, END, Full, linked
from tenants.postgres.roles import as_owner
from unified_api.models.base import wire_fields
from unified_api.models.fields import Choice, Day, Instant, Ref, Refs, Text, WireField
from unified_api.models.hris import Employee
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Object

#: 500 employees a store transaction carry one stamp, as in a first load; one in fifty is gone, one a shell.
_EMPLOYEES: Final = """
    INSERT INTO hris_employee (id, tenant_id, linked_account_id, remote_id, created_at, modified_at,
        remote_was_deleted, is_shell, as_of, {columns})
    SELECT md5('employee' || n || %(account)s)::uuid, %(tenant)s, %(account)s, n::text, stamp, stamp,
        mixed %% 50 = 7, mixed %% 50 = 8, 0, {values}
    FROM (SELECT n, abs(hashint4(n)::bigint)::int AS mixed,
            %(begin)s + (%(end)s - %(begin)s) * ((n - 1) / 500 * 500.0 / %(count)s) + interval '1 us' AS stamp
        FROM generate_series(1, %(count)s) n) numbered
"""
#: What a field of each class holds, as SQL; nothing is looked up for an id, so it need not lead anywhere.
_VALUES: Final[tuple[tuple[type[WireField], str], ...]] = (
    (Text, "'Some words, ' || substr(md5(n::text), 1, 9)"),
    (Instant, "stamp - interval '1 day'"),
    (Day, "(stamp - n % 9000 * interval '1 day')::date"),
    (Ref, "md5('{name}' || n % 200 || %(account)s)::uuid"),
    (Sensitive, "''::bytea"),
    (Object, """'{"badge": "4711", "parking": "north"}'::jsonb"""),
    (
        Refs,
        "ARRAY[md5('{name}' || n % 200 || %(account)s)::uuid, md5('{name}' || n % 199 || %(account)s)::uuid]",
    ),
)


def staff(name: str, employees: int) -> Full:
    """A new tenant whose one linked account holds so many employees."""
    one = linked(name, Employee)
    fields = wire_fields(Employee).items()
    shown = {connection.ops.quote_name(name): _value(name, field) for name, field in fields}
    sql = _EMPLOYEES.format(columns=", ".join(shown), values=", ".join(shown.values()))
    facts: dict[str, Any] = {"tenant": one.tenant_id, "account": one.account_id, "begin": BEGIN, "end": END}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql, {**facts, "count": employees})
        cursor.execute("VACUUM (ANALYZE) hris_employee")
    return one


def _value(name: str, field: WireField) -> str:
    if isinstance(field, Choice) and field.words:
        return f"(ARRAY[{', '.join(repr(word) for word in field.words)}])[1 + mixed %% {len(field.words)}]"
    for kind, sql in _VALUES:
        if isinstance(field, kind):
            return sql.replace("{name}", name).replace("n % ", "n %% ")
    raise LookupError(f"nothing is known to fill {name} with, a {type(field).__name__}")
