"""Sensitive values of writes are sealed; those that stood in clear in journal and log are taken out."""

from django.db import migrations, models

_OUT = (
    "UPDATE sync_change SET fields = fields - 'ssn' WHERE model = 'hris.Employee' AND fields ? 'ssn'",
    """
    UPDATE sync_write SET values = values - 'ssn', sent = sent - 'ssn', pre_image = pre_image - 'ssn'
    WHERE model = 'hris.Employee'
    """,
)


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0030_remote_field_classes"),
    ]

    operations = [
        migrations.AddField(
            model_name="write",
            name="sealed_values",
            field=models.BinaryField(default=b""),
        ),
        migrations.RunSQL(_OUT, migrations.RunSQL.noop, elidable=True),
    ]
