"""Sensitive values of writes are sealed; those that stood in clear are taken out of log, ended writes and bridges.

No adapter but that of the product had any, and so no bridge but one between two products.
"""

from django.db import migrations, models

_OUT = (
    "UPDATE sync_change SET fields = fields - 'ssn' WHERE model = 'hris.Employee' AND fields ? 'ssn'",
    # What a write that is not carried out yet asks for is sealed by the next migration.
    """
    UPDATE sync_write SET sent = sent - 'ssn', pre_image = pre_image - 'ssn', expected = expected - 'ssn',
        reasons = reasons - 'ssn',
        values = CASE WHEN state IN ('journalled', 'sent', 'uncertain') THEN values ELSE values - 'ssn' END
    WHERE model = 'hris.Employee'
    """,
    # Why a record was set aside stays; what was is kept no more, as of any record with sensitive fields.
    """
    UPDATE sync_setaside SET raw = ''
    WHERE stream_id IN (SELECT id FROM sync_stream WHERE model = 'hris.Employee')
        OR remote_id LIKE 'hris.Employee/%'
    """,
    """
    UPDATE sync_bridge SET configuration = configuration #- '{policy,fields,ssn}'
    WHERE model = 'hris.Employee'
    """,
    """
    UPDATE sync_pair SET base_a = base_a - 'ssn', base_b = base_b - 'ssn', dirty = true,
        memory = memory - 'refused' - 'rulings'
    WHERE bridge_id IN (SELECT id FROM sync_bridge WHERE model = 'hris.Employee')
        AND (base_a ? 'ssn' OR base_b ? 'ssn' OR memory::text LIKE '%"ssn"%')
    """,
    """
    UPDATE sync_overruled SET value = NULL, by = NULL
    WHERE field = 'ssn' AND bridge_id IN (SELECT id FROM sync_bridge WHERE model = 'hris.Employee')
    """,
    """
    UPDATE sync_conflict SET value_a = NULL, value_b = NULL, base_a = NULL, base_b = NULL,
        state = CASE WHEN state = 'open' THEN 'void' ELSE state END
    WHERE field = 'ssn' AND bridge_id IN (SELECT id FROM sync_bridge WHERE model = 'hris.Employee')
    """,
    """
    UPDATE sync_planitem SET fields = fields - 'ssn'
    WHERE fields ? 'ssn' AND plan_id IN (
        SELECT p.id FROM sync_plan p JOIN sync_bridge b ON b.id = p.bridge_id WHERE b.model = 'hris.Employee'
    )
    """,
)


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0030_remote_field_classes"),
    ]

    operations = [
        migrations.AddField(
            model_name="write",
            name="sealed_values",
            field=models.BinaryField(default=b""),
        ),
        migrations.RunSQL(_OUT, migrations.RunSQL.noop, elidable=True),
    ]
