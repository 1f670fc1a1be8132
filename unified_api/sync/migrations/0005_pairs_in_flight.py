from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0004_bridges"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(
                condition=models.Q(("write_id__isnull", False)),
                fields=["tenant_id", "bridge_id"],
                name="pair_in_flight",
            ),
        ),
    ]
