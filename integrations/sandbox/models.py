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


class SandboxApplication(TenantModel):
    """An OAuth client at the tenant's sandboxes. `secret`: the digest of its secret. `redirect_uri`: the only one."""

    client_id = models.TextField()
    secret = models.BinaryField()
    redirect_uri = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"application {self.client_id}"


class SandboxGrant(TenantModel):
    """What somebody who has a sandbox's key allowed to an application.

    `challenge`: what the code is bound to. `current`: the digest of the refresh token that counts, empty before the
    code is exchanged; `replaced`: of the one before, and since when.
    """

    sandbox_id = models.UUIDField()
    application_id = models.UUIDField()
    challenge = models.TextField()
    current = models.BinaryField(default=b"")
    replaced = models.BinaryField(default=b"")
    replaced_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index("tenant_id", "sandbox_id", name="sandbox_grant_sandbox")]

    def __str__(self) -> str:
        return f"grant of sandbox {self.sandbox_id}"


class SandboxWebhook(TenantModel):
    """An address of this installation that is told of every change in a sandbox, and the secret that signs it."""

    sandbox_id = models.UUIDField()
    sealed_url = SealedField(purpose="sandbox webhook: address")
    sealed_secret = SealedField(purpose="sandbox webhook: secret")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index("tenant_id", "sandbox_id", name="sandbox_webhook_sandbox")]

    def __str__(self) -> str:
        return f"webhook of sandbox {self.sandbox_id}"


class SandboxDelivery(TenantModel):
    """What is still to be told to one address: that something happened to the object `name` of a kind, and what.

    `event_id`: the same in each attempt, and where it is told twice. `is_forged`: signed wrongly, on purpose.
    """

    sandbox_id = models.UUIDField()
    webhook_id = models.UUIDField()
    event_id = models.UUIDField()
    what = models.TextField()
    kind = models.TextField()
    name = models.TextField()
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    is_forged = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index("tenant_id", "sandbox_id", "due_at", name="sandbox_delivery_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.what}"
