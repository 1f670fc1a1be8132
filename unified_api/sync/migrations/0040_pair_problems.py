from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0039_quota"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(
                condition=models.Q(("problems", []), _negated=True),
                fields=["tenant_id", "bridge_id"],
                name="pair_problems",
            ),
        ),
    ]
