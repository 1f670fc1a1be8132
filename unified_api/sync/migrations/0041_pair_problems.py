from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0040_budgets_of_applications"),
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
