from django.db import migrations


class Migration(migrations.Migration):
    """The order of observations and of claims; and a table that needs no log, as a sweep can begin again."""

    dependencies = [("sync", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE sync_moment", "DROP SEQUENCE sync_moment"),
        migrations.RunSQL("CREATE SEQUENCE sync_fence", "DROP SEQUENCE sync_fence"),
        migrations.RunSQL("ALTER TABLE sync_sighting SET UNLOGGED", "ALTER TABLE sync_sighting SET LOGGED"),
    ]
