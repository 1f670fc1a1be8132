"""What the shell keeps of webhooks that go out: where a product is told what happens, and what waits to be told."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from tenants.models import TenantModel
from tenants.sealed import SealedField


class Hook(TenantModel):
    """An address of the tenant's product, to which what happens is posted; a reader of the change log.

    `events`: the names of those that are wanted; all, where none is named. `is_test`: it hears of test accounts, else
    of the others. `cursor`: the position of the log up to which all was delivered. `failures`: how often in a row what
    comes next could not be delivered, since `failing_since`, and last for this `problem`; it is tried again at
    `retry_at`. `broken_at`: the delivery of which no message could be made, where that is what failed, and counts.
    `rests`: nothing is sent any more until a person resumes it.
    """

    url = models.TextField()
    events = ArrayField(models.TextField(), default=list)
    is_test = models.BooleanField(default=False)
    sealed_secret = SealedField(purpose="hook: secret")
    cursor = models.BigIntegerField()
    delivered = models.BigIntegerField(default=0)
    last_delivered_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    problem = models.TextField(default="")
    broken_at = models.UUIDField(null=True)
    rests = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"hook {self.id}"


class Notice(TenantModel):
    """Something that a hook is to be told and that is no change of a record; gone once it was delivered.

    `subject`: the id of what it is about: an account, a stream, an issue, a receipt. `linked_account_id`: the account
    that it tells of, with whose data it is erased. `position`: the end of the change log when it happened; what stands
    before that is told before.
    """

    hook_id = models.UUIDField()
    event = models.TextField()
    subject = models.UUIDField()
    linked_account_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    position = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index("tenant_id", "hook_id", "position", "at", name="notice_hook")]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"
