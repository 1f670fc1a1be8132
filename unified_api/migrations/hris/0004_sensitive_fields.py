"""Sensitive fields are sealed. Numbers that stood in clear are sealed here, tenant by tenant, and their column dropped."""

from typing import Any

from django.db import migrations, models, transaction

from tenants import secrets
from tenants.scope import scope
from tenants.vault import Secret

_IN_CLEAR = "SELECT DISTINCT tenant_id FROM hris_employee WHERE ssn_in_clear IS NOT NULL"


def seal(_apps: object, schema_editor: Any) -> None:
    """Seal what stands in clear; the row's digest is of another form of it, and so the next answer is compared."""
    connection = schema_editor.connection
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_IN_CLEAR)
        tenants = [tenant for (tenant,) in cursor.fetchall()]
    for tenant in tenants:
        with scope(tenant), transaction.atomic(), connection.cursor() as cursor:
            put = secrets.seal_with_key_held()
            told = "SELECT id, ssn_in_clear FROM hris_employee WHERE tenant_id = %s AND ssn_in_clear <> ''"
            cursor.execute(told, [tenant])
            for record, text in cursor.fetchall():
                sealed = put(Secret(text), row=record, purpose="hris.Employee.ssn")
                changed = "UPDATE hris_employee SET ssn = %s, digest = NULL WHERE tenant_id = %s AND id = %s"
                cursor.execute(changed, [sealed, tenant, record])


def _sealed(model: str, name: str) -> list[Any]:
    empty = models.BinaryField(blank=True, default=b"")
    return [migrations.RemoveField(model, name), migrations.AddField(model, name, empty)]


class Migration(migrations.Migration):
    atomic = False  # a tenant's scope opens before its transaction

    dependencies = [
        ("hris", "0003_the_whole_contract"),
        ("tenants", "0004_keys_that_may_read_sensitive_fields"),
    ]

    operations = [
        migrations.RenameField("employee", "ssn", "ssn_in_clear"),
        migrations.AddField("employee", "ssn", models.BinaryField(blank=True, default=b"")),
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField("employee", "ssn_in_clear"),
        *_sealed("dependent", "ssn"),
        *_sealed("bankinfo", "account_number"),
        *_sealed("bankinfo", "routing_number"),
    ]
