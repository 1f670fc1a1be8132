"""Where an audit stands; and one a day for bridges that there are, spread over the day."""

from django.db import migrations, models

_ASK = """
    INSERT INTO sync_job (id, tenant_id, kind, reference, queue, priority, due_at, asked, held, fence, attempts)
    SELECT gen_random_uuid(), tenant_id, 'drift', id, 'background', 9,
        clock_timestamp() + random() * interval '1 day', 1, false, 0, 0
    FROM sync_bridge ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0013_reasons_of_writes"),
    ]

    operations = [
        migrations.AddField(
            model_name="driftaudit",
            name="place",
            field=models.JSONField(default=dict),
        ),
        migrations.RunSQL(_ASK, "DELETE FROM sync_job WHERE kind = 'drift'"),
    ]
