from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0010_runs_and_clocks"),
    ]

    operations = [
        migrations.AddField(model_name="write", name="reasons", field=models.JSONField(null=True)),
        migrations.AddField(model_name="write", name="settled_by", field=models.TextField(null=True)),
    ]
