from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0047_webhooks_out"),
    ]

    operations = [
        migrations.AddField(
            model_name="hook",
            name="broken_at",
            field=models.UUIDField(null=True),
        ),
    ]
