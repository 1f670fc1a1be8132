from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0039_quota"),
    ]

    operations = [
        migrations.RenameField("throttle", "linked_account_id", "holder_id"),
        migrations.RemoveField("throttle", "tokens"),
        migrations.AddField(
            "throttle",
            "tokens",
            ArrayField(base_field=models.FloatField(), default=list),  # an empty one counts as full
            preserve_default=False,
        ),
    ]
