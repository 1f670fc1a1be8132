from django.db import migrations


class Migration(migrations.Migration):
    """What was called a conflict was an edit that had given way; a conflict waits for a person."""

    dependencies = [
        ("sync", "0007_claims"),
    ]

    operations = [
        migrations.RenameModel("Conflict", "Overruled"),
        migrations.RenameIndex("overruled", new_name="overruled_bridge", old_name="conflict_bridge"),
        migrations.RenameIndex("overruled", new_name="overruled_record", old_name="conflict_record"),
    ]
