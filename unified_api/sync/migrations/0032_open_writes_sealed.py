"""The numbers in writes that wait to be carried out, or whose outcome is open, are sealed, tenant by tenant."""

from typing import Any

from django.db import migrations, transaction

from tenants import secrets
from tenants.scope import scope
from tenants.vault import Secret

_TENANTS = """
    SELECT DISTINCT tenant_id FROM sync_write
    WHERE model = 'hris.Employee' AND jsonb_typeof(values -> 'ssn') = 'string'
"""
_OF_ONE = """
    SELECT id, values ->> 'ssn' FROM sync_write
    WHERE tenant_id = %s AND model = 'hris.Employee' AND jsonb_typeof(values -> 'ssn') = 'string'
"""
_SEALED = "UPDATE sync_write SET sealed_values = %s, values = values - 'ssn' WHERE tenant_id = %s AND id = %s"


def seal(_apps: object, schema_editor: Any) -> None:
    """Seal what stands in clear, as the journal does."""
    connection = schema_editor.connection
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TENANTS)
        tenants = [tenant for (tenant,) in cursor.fetchall()]
    for tenant in tenants:
        with scope(tenant), transaction.atomic(), connection.cursor() as cursor:
            put = secrets.seal_with_key_held()
            cursor.execute(_OF_ONE, [tenant])
            for write, text in cursor.fetchall():
                packed = secrets.pack({"ssn": Secret(text)})
                cursor.execute(_SEALED, [put(packed, row=write, purpose="values of a write"), tenant, write])


class Migration(migrations.Migration):
    atomic = False  # a tenant's scope opens before its transaction

    dependencies = [
        ("sync", "0031_sealed_values"),
        ("tenants", "0004_keys_that_may_read_sensitive_fields"),
    ]

    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
    ]
