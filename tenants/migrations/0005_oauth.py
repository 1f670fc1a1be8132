import uuid

import django.db.models.functions.datetime
from django.db import migrations, models

import tenants.scope


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_keys_that_may_read_sensitive_fields"),
    ]

    operations = [
        migrations.CreateModel(
            name="OAuthApplication",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(default=tenants.scope.current_tenant, editable=False)),
                ("integration", models.TextField()),
                ("site", models.TextField(default="")),
                ("sealed_client", models.BinaryField(default=b"")),
                ("hint", models.TextField(editable=False)),
                ("scopes", models.JSONField(default=list)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("changed_at", models.DateTimeField(editable=False)),
            ],
            options={
                "verbose_name": "OAuth application",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "integration", "site"), name="oauth_application_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OAuthAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(default=tenants.scope.current_tenant, editable=False)),
                ("link_token_id", models.UUIDField()),
                ("integration", models.TextField()),
                ("settings", models.JSONField(default=dict)),
                ("redirect_uri", models.TextField()),
                ("sealed_secrets", models.BinaryField(default=b"")),
                ("browser", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index("tenant_id", "link_token_id", name="oauth_attempt_link_token"),
                    models.Index("tenant_id", "expires_at", name="oauth_attempt_expires"),
                ],
            },
        ),
    ]
