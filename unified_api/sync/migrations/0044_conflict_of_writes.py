from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0043_former_webhook_secrets"),
    ]

    operations = [
        migrations.AddField(model_name="write", name="conflict_id", field=models.UUIDField(null=True)),
    ]
