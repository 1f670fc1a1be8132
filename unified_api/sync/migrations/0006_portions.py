from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0005_pairs_in_flight"),
    ]

    operations = [
        migrations.AddField(
            model_name="bridge",
            name="listing",
            field=models.JSONField(null=True),
        ),
        migrations.RemoveIndex(
            model_name="pair",
            name="pair_dirty",
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(
                condition=models.Q(("dirty", True)),
                fields=["tenant_id", "bridge_id", "held", "id"],
                name="pair_dirty",
            ),
        ),
    ]
