"""Numbers that stand in clear are sealed, tenant by tenant; one that was stopped in the middle goes on."""

import uuid
from typing import Any

from django.db import migrations, transaction

from tenants import secrets
from tenants.scope import scope
from tenants.vault import Secret

_TENANTS = "SELECT DISTINCT tenant_id FROM hris_employee WHERE ssn_in_clear IS NOT NULL"
_SOME = (
    "SELECT id, ssn_in_clear FROM hris_employee WHERE tenant_id = %s AND ssn_in_clear IS NOT NULL LIMIT 5000"
)
_SEALED = "UPDATE hris_employee SET ssn = %s, ssn_in_clear = NULL WHERE tenant_id = %s AND id = %s"
#: The provider's own answers, in which the number stands wherever the provider has it: they are kept anew when read.
_RAW = "DELETE FROM sync_remotedata WHERE tenant_id = %s AND record_id = ANY (%s)"


def seal(_apps: object, schema_editor: Any) -> None:
    """Seal what stands in clear."""
    connection = schema_editor.connection
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TENANTS)
        tenants = [tenant for (tenant,) in cursor.fetchall()]
    for tenant in tenants:
        with scope(tenant):
            while _seal_some(tenant, connection):
                pass


def _seal_some(tenant: uuid.UUID, connection: Any) -> bool:
    """Seal a number of them; whether there were any."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SOME, [tenant])
        rows = cursor.fetchall()
        put = secrets.seal_with_key_held()
        sealed = [
            (put(Secret(text), row=record, purpose="hris.Employee.ssn") if text else b"", tenant, record)
            for record, text in rows
        ]
        cursor.executemany(_SEALED, sealed)
        cursor.execute(_RAW, [tenant, [record for record, text in rows if text]])
    return bool(rows)


class Migration(migrations.Migration):
    atomic = False  # a tenant's scope opens before its transaction

    dependencies = [
        ("hris", "0004_sensitive_fields"),
        ("sync", "0032_open_writes_sealed"),
        ("tenants", "0004_keys_that_may_read_sensitive_fields"),
    ]

    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
    ]
