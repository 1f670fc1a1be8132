"""What the shell keeps of bridges: the bridge and its versions, its pairs, edits that gave way, and open conflicts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models import TenantModel


class Bridge(TenantModel):
    """A standing two-way sync of one common model between two linked accounts of one end user.

    `name`: what people call it; the bridges of one name are of one file, and `follows` is the one whose pairs this
    one's records refer to (comments follow tickets). `goal`, `owner`: for people. `configuration`: see
    `unified_api.sync.bridge.configuration`; `version` counts its changes. `mode`: whether it writes by itself, or makes
    plans that a person approves. `cursor`: the position of the change log up to which pairs have been marked; null
    until the first round. `frequency`: seconds between rounds that nothing else asked for; `priority` of its work, as
    of jobs. `listing`: until the first round is over, how far the records that are there have been listed, and the
    log's position when that began. `paused_by`: who stopped it; `closed`: who closed the way to a side, by side.
    `reason`: why a waiting or held bridge waits. `run`: what the run under way has created and deleted, and may.
    """

    class Status(models.TextChoices):
        """How it stands. Planned: a plan waits for a person. Held: it would do more than its budget allows."""

        NEW = "new"
        WAITING = "waiting"
        WORKING = "working"
        QUIET = "quiet"
        PLANNED = "planned"
        HELD = "held"
        PAUSED = "paused"

    class Mode(models.TextChoices):
        """Plan: nothing is written that no approved plan shows. Live: what it owes is written."""

        PLAN = "plan"
        LIVE = "live"

    name = models.TextField(default="")
    goal = models.TextField(default="")
    owner = models.TextField(default="")
    follows = models.UUIDField(null=True)
    account_a = models.UUIDField()
    account_b = models.UUIDField()
    model = models.TextField()
    configuration = models.JSONField()
    version = models.IntegerField(default=1)
    mode = models.TextField(choices=Mode.choices, default=Mode.LIVE)
    cursor = models.BigIntegerField(null=True)
    listing = models.JSONField(null=True)
    frequency = models.FloatField(default=60.0)
    priority = models.SmallIntegerField(default=5)
    paused_by = models.TextField(null=True)
    closed = models.JSONField(default=dict)
    status = models.TextField(choices=Status.choices, default=Status.NEW)
    reason = models.TextField(default="")
    created_at = models.DateTimeField()
    last_round = models.DateTimeField(null=True)
    run = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "account_a", "account_b", "model"], name="bridge_unique"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "name"], name="bridge_name")]

    def __str__(self) -> str:
        return f"{self.name or self.model} {self.account_a} <-> {self.account_b}"


class BridgeVersion(TenantModel):
    """One configuration that a bridge had or has: what it was told, by whom, since when."""

    append_only: ClassVar[bool] = True
    erasable: ClassVar[bool] = True
    database_key = ("tenant_id", "bridge_id", "version")

    bridge_id = models.UUIDField()
    version = models.IntegerField()
    configuration = models.JSONField()
    actor = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.bridge_id} version {self.version}"


class Pair(TenantModel):
    """Two records that a bridge keeps equal, or one whose counterpart is still to come.

    `state`, `base_a`, `base_b`, `memory` (what was sent, refused, presumed) are the engine's, see
    `unified_api.engine.plan`. `dirty`: a record changed since the last look. `write_id`: the write in flight.
    `key`: of the records, in the words of side a. `held`: why it is not looked at, see `unified_api.sync.bridge.held`.
    `problems`: what keeps fields from being equal, as of the last look. `awaits`: one of them is a reference to a
    record without a counterpart, so the pair is looked at again when one comes. `paused_by`: who stopped this pair.
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
    awaits = models.BooleanField(default=False, db_default=False)
    paused_by = models.TextField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "bridge_id", "record_a"], name="pair_record_a"),
            models.UniqueConstraint(fields=["tenant_id", "bridge_id", "record_b"], name="pair_record_b"),
            models.UniqueConstraint(
                fields=["tenant_id", "bridge_id", "key"],
                condition=models.Q(state="creating") & (models.Q(record_a=None) | models.Q(record_b=None)),
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
            models.Index(
                fields=["tenant_id", "bridge_id"], condition=models.Q(awaits=True), name="pair_awaits"
            ),
            models.Index(
                fields=["tenant_id", "bridge_id"], condition=~models.Q(problems=[]), name="pair_problems"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_a} <-> {self.record_b}"


class PairKey(TenantModel):
    """One of the keys of a pair's record, where each of several is enough (the addresses of a person)."""

    database_key = ("tenant_id", "bridge_id", "key", "pair_id")

    bridge_id = models.UUIDField()
    pair_id = models.UUIDField()
    key = models.TextField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "pair_id"], name="pair_key_pair")]


class Overruled(TenantModel):
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
            models.Index(fields=["tenant_id", "bridge_id", "at"], name="overruled_bridge"),
            models.Index(fields=["tenant_id", "record_id"], name="overruled_record"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.side}: {self.rule}"


class Conflict(TenantModel):
    """A field of a pair that both sides changed since their bases, and that a person has to decide about.

    `value_a`, `value_b`, `base_a`, `base_b`: as of the last look; a base that was never agreed is null. `edited_a`,
    `edited_b`: when and by whom, as far as the change log knows. `state`: open, resolved by a person, or void, because
    the values moved or became equal by themselves. `resolution`: a, b or both (they stay as they are).
    """

    class State(models.TextChoices):
        """Whether somebody still has to say."""

        OPEN = "open"
        RESOLVED = "resolved"
        VOID = "void"

    bridge_id = models.UUIDField()
    pair_id = models.UUIDField()
    field = models.TextField()
    value_a = models.JSONField(null=True)
    value_b = models.JSONField(null=True)
    base_a = models.JSONField(null=True)
    base_b = models.JSONField(null=True)
    edited_a = models.JSONField(default=dict)
    edited_b = models.JSONField(default=dict)
    state = models.TextField(choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    resolution = models.TextField(null=True)
    resolved_by = models.TextField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "pair_id", "field"],
                condition=models.Q(state="open"),
                name="conflict_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "bridge_id", "state", "opened_at"], name="conflict_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.state}"
