"""Columns for sensitive fields as they are sealed. Numbers that stand in clear wait in a column beside."""

from typing import Any

from django.db import migrations, models

#: Digests are keyed from now on: an equal answer is compared once, and is no news. Where a number stood in clear, its
#: record's raw answer goes, too (see the next migration): only where it came from stays known, so that it is kept anew.
_DIGESTS = r"""
    UPDATE hris_employee SET digest = CASE WHEN ssn_in_clear <> '' AND length(digest) = 26
        THEN decode(repeat('00', 12), 'hex') || substring(digest FROM 13 FOR 2) || decode(repeat('00', 12), 'hex')
    END
    WHERE digest IS NOT NULL
"""


def _sealed(model: str, name: str) -> list[Any]:
    empty = models.BinaryField(blank=True, default=b"")
    return [migrations.RemoveField(model, name), migrations.AddField(model, name, empty)]


class Migration(migrations.Migration):
    dependencies = [
        ("hris", "0003_the_whole_contract"),
    ]

    operations = [
        migrations.RenameField("employee", "ssn", "ssn_in_clear"),
        migrations.AddField("employee", "ssn", models.BinaryField(blank=True, default=b"")),
        *_sealed("dependent", "ssn"),
        *_sealed("bankinfo", "account_number"),
        *_sealed("bankinfo", "routing_number"),
        migrations.RunSQL(_DIGESTS, migrations.RunSQL.noop, elidable=True),
    ]
