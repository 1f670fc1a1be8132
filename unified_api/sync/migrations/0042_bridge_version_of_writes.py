from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0041_pair_problems"),
    ]

    operations = [
        migrations.AddField(model_name="write", name="bridge_version", field=models.IntegerField(null=True)),
    ]
