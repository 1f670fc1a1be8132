"""What the shell keeps of plans: what a bridge would do, item by item, and what became of it."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel


class Plan(TenantModel):
    """What a bridge would write now: shown, approved by its hash, executed exactly.

    `purpose`: why it was made. `hash`: of all its items, so that what is approved is what was shown. `version`: of the
    bridge's configuration that it was made by. `counts`: items by action. `cost`: by side, requests that it takes at
    the most, which grow while it is made, and the provider's quota where it is known. `reason`: why it waits, or why it
    is over.
    """

    class Purpose(models.TextChoices):
        """Round: what the bridge owes. Undo, restore, replay: what a person asked for."""

        ROUND = "round"
        UNDO = "undo"
        RESTORE = "restore"
        REPLAY = "replay"

    class State(models.TextChoices):
        """Making: items are being added. Open: it waits for approval. Approved: it is being executed.

        Done: every item was executed or left alone. Refused: by a person. Stale: another plan took its place.
        """

        MAKING = "making"
        OPEN = "open"
        APPROVED = "approved"
        DONE = "done"
        REFUSED = "refused"
        STALE = "stale"

    bridge_id = models.UUIDField()
    purpose = models.TextField(choices=Purpose.choices, default=Purpose.ROUND)
    state = models.TextField(choices=State.choices, default=State.MAKING)
    hash = models.TextField(default="")
    version = models.IntegerField(default=1)
    counts = models.JSONField(default=dict)
    cost = models.JSONField(default=dict)
    reason = models.TextField(default="")
    after = models.UUIDField(null=True)
    made_by = models.TextField(default="")
    created_at = models.DateTimeField()
    approved_by = models.TextField(null=True)
    approved_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "bridge_id"],
                condition=models.Q(state__in=["making", "open", "approved"], purpose="round"),
                name="plan_round_once",
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "bridge_id", "created_at"], name="plan_bridge")]

    def __str__(self) -> str:
        return f"{self.purpose} plan {self.hash[:12]}"


class PlanItem(TenantModel):
    """One thing that a plan would do, or cannot do.

    `action`: create, update, delete, or what keeps it from being done: problem, conflict, held (a
    side is closed, or the pair paused). `side`: at which it would be
    written. `fields`: by name `was`, `value`, `rule`, `overrules`; for problems their kind and reason. `ordinal`: its
    place; items of one pair are executed in their order. `digest`: of what it says. `state`: waiting, sent, done, moved
    (the records are not as the plan saw them: left alone), refused (by the provider), or shown (nothing to execute).
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        SENT = "sent"
        DONE = "done"
        MOVED = "moved"
        REFUSED = "refused"
        SHOWN = "shown"

    plan_id = models.UUIDField()
    ordinal = models.IntegerField()
    pair_id = models.UUIDField()
    record_a = models.UUIDField(null=True)
    record_b = models.UUIDField(null=True)
    key = models.TextField(null=True)
    action = models.TextField()
    side = models.TextField(null=True)
    fields = models.JSONField(default=dict)
    digest = models.TextField(default="")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    reason = models.TextField(default="")
    write_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "plan_id", "ordinal"], name="plan_item_place"),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "plan_id", "state", "ordinal"], name="plan_item_state"),
            models.Index(
                fields=["tenant_id", "write_id"],
                condition=models.Q(write_id__isnull=False),
                name="plan_item_write",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ordinal}: {self.action} {self.state}"
