"""What the shell keeps of accounts: which records are wanted, calls that wait, hooks of providers, imports."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel
from tenants.sealed import SealedField


class SyncCondition(TenantModel):
    """What a record has to say to be taken in: `field`, compared by `operator` with `value`.

    All conditions of a model have to hold. `value` is an object, as the wire contract has it: what to compare with
    stands under `value`.
    """

    linked_account_id = models.UUIDField()
    model = models.TextField()
    field = models.TextField()
    operator = models.TextField()
    value = models.JSONField()
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "linked_account_id"], name="sync_condition_account")]

    def __str__(self) -> str:
        return f"{self.model}.{self.field} {self.operator}"


class AsyncPassthrough(TenantModel):
    """A call of a provider that a worker makes; its id is the receipt. Request and answer are sealed.

    `sent_at`: when it may have left.
    """

    linked_account_id = models.UUIDField()
    sealed_request = SealedField(purpose="asynchronous passthrough: request")
    sealed_answer = SealedField(purpose="asynchronous passthrough: answer")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(
                fields=["tenant_id", "linked_account_id", "created_at"], name="async_passthrough_account"
            )
        ]

    def __str__(self) -> str:
        return f"asynchronous passthrough {self.id}"


class WebhookReceiver(TenantModel):
    """An event of which a provider tells an account, and the key by which it is known."""

    linked_account_id = models.UUIDField()
    event = models.TextField()
    is_active = models.BooleanField()
    sealed_key = SealedField(purpose="webhook receiver: key")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "event"], name="webhook_receiver_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.linked_account_id}"


class Ignored(TenantModel):
    """A record that is not shown and not taken in any more, see `unified_api.sync.ignoring`."""

    database_key = ("tenant_id", "record_id")

    linked_account_id = models.UUIDField()
    model = models.TextField()
    record_id = models.UUIDField()
    reason = models.TextField()
    message = models.TextField(null=True)
    ignored_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "linked_account_id"], name="ignored_account")]

    def __str__(self) -> str:
        return f"{self.model} {self.record_id}"


class ImportedPart(TenantModel):
    """How far it has come with what an account brings from elsewhere: its settings, or the ids of one common model.

    `part`: `settings`, or `category.Model`. `cursor`: where the first reading goes on. `newest`: the newest creation
    that was seen, by the clock of where it comes from: later readings begin there. `finished_at`: null until all was
    read once; before, the account is not linked, as records would get other ids.
    """

    database_key = ("tenant_id", "linked_account_id", "part")

    linked_account_id = models.UUIDField()
    part = models.TextField()
    cursor = models.TextField(null=True)
    newest = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.part} of {self.linked_account_id}"
