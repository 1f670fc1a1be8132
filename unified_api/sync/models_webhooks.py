"""What the shell keeps of webhooks that come in: where each account's arrive, and those that wait to be followed."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel
from tenants.sealed import SealedField


class WebhookAddress(TenantModel):
    """Where webhooks about a linked account arrive, and how they went.

    `sealed_key`: what nobody can guess of the address. `sealed_secret`: by which the provider signs; `sealed_former`:
    by which it signed before it was subscribed anew, at `subscribed_at`, which is empty where it is to be asked for
    anew. `subscription`: the provider's own id of what was subscribed to. `accepted`, `refused`: how many came, and how
    many proved nothing; `refused_in_row`: of these, since the last one that was accepted.
    """

    linked_account_id = models.UUIDField()
    sealed_key = SealedField(purpose="webhook address: key")
    sealed_secret = SealedField(purpose="webhook address: secret")
    sealed_former = SealedField(purpose="webhook address: former secret", db_default=b"")
    subscription = models.TextField(null=True)
    subscribed_at = models.DateTimeField(null=True)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    refused_in_row = models.BigIntegerField(default=0)
    last_accepted_at = models.DateTimeField(null=True)
    last_refused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "linked_account_id"], name="webhook_address_account")
        ]

    def __str__(self) -> str:
        return f"webhooks of {self.linked_account_id}"


class WebhookEvent(TenantModel):
    """A delivery of a provider, as it came.

    `name`: the provider's id of it, by which one that comes again is known; without one it is known by its `digest`,
    until it is `taken_at`: what comes afterwards may tell of a later change. `headers`: those that say what it is
    about. `sealed_body`: erased when it ends. `outcome`: what came of it, for people.
    """

    linked_account_id = models.UUIDField()
    name = models.TextField(null=True)
    digest = models.BinaryField()
    headers = models.JSONField(default=dict)
    sealed_body = SealedField(purpose="webhook event: body")
    received_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    outcome = models.TextField(default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "name"],
                condition=models.Q(name__isnull=False),
                name="webhook_event_name",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "digest"],
                condition=models.Q(name=None, taken_at=None),
                name="webhook_event_digest",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "linked_account_id", "attempts", "received_at"],
                condition=models.Q(ended_at=None),
                name="webhook_event_waiting",
            ),
            models.Index(
                fields=["tenant_id", "linked_account_id", "received_at"], name="webhook_event_received"
            ),
        ]

    def __str__(self) -> str:
        return f"webhook event {self.name or self.id}"
