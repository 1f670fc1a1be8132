"""Which records their providers merged into which."""

import uuid

from django.db import migrations, models

import tenants.scope


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0016_restores_side_by_side"),
    ]

    operations = [
        migrations.CreateModel(
            name="Merged",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(default=tenants.scope.current_tenant, editable=False)),
                ("linked_account_id", models.UUIDField()),
                ("model", models.TextField()),
                ("record_id", models.UUIDField()),
                ("into_id", models.UUIDField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant_id", "into_id"], name="merged_into")],
            },
        ),
    ]
