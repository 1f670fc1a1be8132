from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0006_portions"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="held",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(condition=models.Q(("held", True)), fields=["tenant_id"], name="job_held"),
        ),
    ]
