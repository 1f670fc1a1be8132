from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0041_pair_problems"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookaddress",
            name="sealed_former",
            field=models.BinaryField(default=b""),
        ),
    ]
