"""Sandboxes and their records. Rows of a tenant like all others, although they play somebody else's system."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from tenants.models import TenantModel
from tenants.sealed import SealedField


class Sandbox(TenantModel):
    """One rehearsal system of a tenant, in one category.

    `seed`: of what it held at first. `behaviour`: how it is to behave, see `service.behaviour`; `counters`: what it has
    to remember for that. `serial`: the number of the record that was made last. `changed_on`: the latest stamp.
    `used_on`: when somebody called it last, to a day.
    """

    category = models.TextField()
    seed = models.TextField()
    behaviour = models.JSONField(default=dict)
    counters = models.JSONField(default=dict)
    serial = models.BigIntegerField(default=100_000)
    changed_on = models.DateTimeField()
    used_on = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"sandbox {self.id} of {self.category}"


class SandboxRecord(TenantModel):
    """A record of a sandbox, as the system spells it.

    `name`: its id there. `body`: its fields; what is sensitive among them is in `sealed_body`. `content`: the bytes of
    a file. `removed_on`: since when it is gone.
    """

    sandbox_id = models.UUIDField()
    kind = models.TextField()
    name = models.TextField()
    body = models.JSONField()
    sealed_body = SealedField(purpose="sandbox record")
    content = models.BinaryField(null=True)
    created_on = models.DateTimeField()
    changed_on = models.DateTimeField()
    removed_on = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index("tenant_id", "sandbox_id", "kind", "changed_on", "name", name="sandbox_record_list")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "sandbox_id", "kind", "name"], name="sandbox_record_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
