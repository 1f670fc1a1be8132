from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0037_webhooks_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="driftaudit",
            name="missing_a",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="driftaudit",
            name="missing_b",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
