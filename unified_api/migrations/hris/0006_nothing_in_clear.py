"""The column of numbers in clear is dropped. There is no way back as long as numbers are sealed: they would be lost."""

from typing import Any

from django.db import migrations
from django.db.migrations.exceptions import IrreversibleError

_HELD = """
    SELECT (SELECT count(*) FROM hris_employee WHERE ssn <> '') + (SELECT count(*) FROM hris_dependent WHERE ssn <> '')
         + (SELECT count(*) FROM hris_bankinfo WHERE account_number <> '' OR routing_number <> '')
"""


def refuse(_apps: object, schema_editor: Any) -> None:
    """Refuse to go back while there is something to lose."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_HELD)
        (held,) = cursor.fetchone()
    if held:
        told = (
            f"{held} records of HRIS accounts hold sealed numbers (ssn, account_number, routing_number), which the"
            " version before this migration cannot hold sealed: going back would lose them. Nothing was changed."
            " To go back, restore a backup that was made before the upgrade."
        )
        raise IrreversibleError(told)


class Migration(migrations.Migration):
    dependencies = [
        ("hris", "0005_sealed_numbers"),
    ]

    operations = [
        migrations.RemoveField("employee", "ssn_in_clear"),
        migrations.RunPython(migrations.RunPython.noop, refuse, elidable=True),
    ]
