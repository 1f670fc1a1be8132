"""The keys of people, of whom each address is one."""

import uuid

from django.db import migrations, models

import tenants.scope

#: Keys were made of the whole list: each pair is looked at again, and notes those that it has now.
_LOOK = """
    UPDATE sync_pair p SET dirty = true FROM sync_bridge b
    WHERE b.tenant_id = p.tenant_id AND b.id = p.bridge_id
        AND b.configuration->'match' ?| ARRAY['email_addresses', 'phone_numbers', 'addresses']
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0017_merged"),
    ]

    operations = [
        migrations.CreateModel(
            name="PairKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(default=tenants.scope.current_tenant, editable=False)),
                ("bridge_id", models.UUIDField()),
                ("pair_id", models.UUIDField()),
                ("key", models.TextField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant_id", "pair_id"], name="pair_key_pair")],
            },
        ),
        migrations.RunSQL(_LOOK, migrations.RunSQL.noop),
    ]
