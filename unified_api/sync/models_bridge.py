"""What the shell keeps of bridges: the bridge, its pairs, and the edits that gave way."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel


class Bridge(TenantModel):
    """A standing two-way sync of one common model between two linked accounts of one end user.

    `configuration`: `policy` as `unified_api.engine.policy` reads it, and `match`, the fields whose values are the
    key by which records find each other. `cursor`: the position of the change log up to which pairs have been
    marked; null until the first round. `frequency`: seconds between rounds that nothing else asked for.
    `listing`: until then, how far the records that are there have been listed, and the log's position when that
    began. `reason`: why a waiting bridge waits.
    """

    class Status(models.TextChoices):
        """How it stands."""

        NEW = "new"
        WAITING = "waiting"
        WORKING = "working"
        QUIET = "quiet"
        PAUSED = "paused"

    account_a = models.UUIDField()
    account_b = models.UUIDField()
    model = models.TextField()
    configuration = models.JSONField()
    cursor = models.BigIntegerField(null=True)
    listing = models.JSONField(null=True)
    frequency = models.FloatField(default=60.0)
    paused_by = models.TextField(null=True)
    status = models.TextField(choices=Status.choices, default=Status.NEW)
    reason = models.TextField(default="")
    created_at = models.DateTimeField()
    last_round = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "account_a", "account_b", "model"], name="bridge_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.account_a} <-> {self.account_b}"


class Pair(TenantModel):
    """Two records that a bridge keeps equal, or one whose counterpart is still to come.

    `state`, `base_a`, `base_b`, `memory` (what was sent, refused, presumed) are the engine's, see
    `unified_api.engine.plan`. `dirty`: a record changed since the last look. `write_id`: the write in flight.
    `key`: of the records, in the words of side a. `held`: why it is not looked at, see `unified_api.sync.bridge.held`.
    `problems`: what keeps fields from being equal, as of the last look.
    """

    bridge_id = models.UUIDField()
    record_a = models.UUIDField(null=True)
    record_b = models.UUIDField(null=True)
    state = models.TextField()
    base_a = models.JSONField(default=dict)
    base_b = models.JSONField(default=dict)
    memory = models.JSONField(default=dict)
    dirty = models.BooleanField(default=True)
    write_id = models.UUIDField(null=True)
    key = models.TextField(null=True)
    held = models.TextField(default="")
    problems = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "bridge_id", "record_a"], name="pair_record_a"),
            models.UniqueConstraint(fields=["tenant_id", "bridge_id", "record_b"], name="pair_record_b"),
            models.UniqueConstraint(
                fields=["tenant_id", "bridge_id", "key"],
                condition=models.Q(state="creating"),
                name="pair_pending_create",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "bridge_id", "held", "id"],
                condition=models.Q(dirty=True),
                name="pair_dirty",
            ),
            models.Index(
                fields=["tenant_id", "bridge_id"],
                condition=models.Q(write_id__isnull=False),
                name="pair_in_flight",
            ),
            models.Index(fields=["tenant_id", "bridge_id", "key"], name="pair_key"),
            models.Index(fields=["tenant_id", "bridge_id", "state"], name="pair_state"),
        ]

    def __str__(self) -> str:
        return f"{self.record_a} <-> {self.record_b}"


class Conflict(TenantModel):
    """An edit that gave way: the value of `side` in a field, what replaced it, and under which rule.

    `write_id`: the write that replaced it; the change log has the same moment from the record's view.
    """

    bridge_id = models.UUIDField()
    pair_id = models.UUIDField()
    record_id = models.UUIDField(null=True)
    field = models.TextField()
    side = models.TextField()
    value = models.JSONField(null=True)
    by = models.JSONField(null=True)
    rule = models.TextField()
    write_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant_id", "bridge_id", "at"], name="conflict_bridge"),
            models.Index(fields=["tenant_id", "record_id"], name="conflict_record"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.side}: {self.rule}"
