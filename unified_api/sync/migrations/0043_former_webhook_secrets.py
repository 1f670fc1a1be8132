from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0042_bridge_version_of_writes"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookaddress",
            name="sealed_former",
            field=models.BinaryField(db_default=b"", default=b""),
        ),
    ]
