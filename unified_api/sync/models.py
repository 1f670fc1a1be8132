"""What the shell keeps: the feed, streams and their runs, the journal of writes, jobs, and the exceptions of ids."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.models import TenantModel
from tenants.sealed import SealedField


class FeedHead(TenantModel):
    """The end of a tenant's change log: `position` counts entries, `stamp` is the time of the newest.

    Every store transaction moves it last, so the order of positions is the order of commits.
    """

    position = models.BigIntegerField(default=0)
    stamp = models.DateTimeField()

    database_key = ("tenant_id",)


class Change(TenantModel):
    """One entry of the change log: which fields of which record went from what to what, when, and why.

    `fields` maps a field to [old, new]; it is empty for a creation, which replaced nothing. `source` is pull, read,
    write, bridge, sweep, resync, mapping (a custom field is not mapped any more) or ignore; `run` the run, and
    `write` the journalled write that caused it.
    """

    append_only: ClassVar[bool] = True
    erasable: ClassVar[bool] = True
    database_key = ("tenant_id", "position")

    position = models.BigIntegerField()
    at = models.DateTimeField()
    linked_account_id = models.UUIDField()
    model = models.TextField()
    record_id = models.UUIDField()
    kind = models.TextField()
    fields = models.JSONField(default=dict)
    source = models.TextField()
    run_id = models.UUIDField(null=True)
    write_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant_id", "record_id", "position"], name="change_record"),
            models.Index(fields=["tenant_id", "linked_account_id", "position"], name="change_account"),
        ]


class Identity(TenantModel):
    """A remote id whose record has another Isthmus id than the one computed from it."""

    database_key = ("tenant_id", "linked_account_id", "model", "remote_id")

    linked_account_id = models.UUIDField()
    model = models.TextField()
    remote_id = models.TextField()
    record_id = models.UUIDField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "record_id"], name="identity_record")]


class Merged(TenantModel):
    """A record that its provider merged into another one: it is deleted, and `into_id` stands in its place."""

    database_key = ("tenant_id", "record_id")

    linked_account_id = models.UUIDField()
    model = models.TextField()
    record_id = models.UUIDField()
    into_id = models.UUIDField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "into_id"], name="merged_into")]


class RemoteData(TenantModel):
    """The provider's raw answer about a record, one per endpoint, compressed JSON. Lists never load it."""

    database_key = ("tenant_id", "record_id", "path")

    linked_account_id = models.UUIDField()
    record_id = models.UUIDField()
    path = models.TextField()
    body = models.BinaryField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "linked_account_id"], name="remote_data_account")]


class FieldMapping(TenantModel):
    """A custom field of a common model: of one linked account, or of all at an integration (no `linked_account_id`).

    `jmes_path`: where it is read. `steps`: the same as names, one inside the other, where it was said like that.
    `remote_path`: where it is written, if it can be.
    """

    linked_account_id = models.UUIDField(null=True)
    integration = models.TextField()
    model = models.TextField()
    target = models.TextField()
    description = models.TextField(default="")
    jmes_path = models.TextField(default="")
    steps = models.JSONField(default=list)
    remote_path = models.TextField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        # Two, since what says that nulls are one value has every check of the project ask a database for its version.
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "model", "target"],
                name="field_mapping_account",
                condition=models.Q(linked_account_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "integration", "model", "target"],
                name="field_mapping_all",
                condition=models.Q(linked_account_id=None),
            ),
        ]


class SetAside(TenantModel):
    """A remote record that could not be mapped: kept with its reason until a later answer maps."""

    stream_id = models.UUIDField()
    remote_id = models.TextField(null=True)
    reason = models.TextField()
    raw = models.TextField(default="")
    seen_at = models.DateTimeField()
    run_id = models.UUIDField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "stream_id"], name="set_aside_stream")]


class Stream(TenantModel):
    """The pull of one common model from one linked account: its cursor, its schedule, how it went last.

    `frequency`: seconds between runs. `sweep_every`: seconds between complete sweeps, which find what was deleted,
    where ordinary runs read only changes. `cursor`: where the next page begins, the adapter's own; saved with the rows
    that it covers. `mode`: `changes` or `everything`, of the run that is under way or due.
    `sweep`: id and state of a complete sweep. `held_removals`: how many records the brake keeps from being removed.
    `skew`: seconds by which the provider's clock was ahead of ours at its last page. `untold`: a run brought something
    since hooks were last told that the account's reading is complete; never where there are none.
    """

    linked_account_id = models.UUIDField()
    model = models.TextField()
    frequency = models.FloatField(default=60.0)
    sweep_every = models.FloatField(default=86400.0)
    last_sweep = models.DateTimeField(null=True)
    paused_by = models.TextField(null=True)
    cursor = models.JSONField(null=True)
    mode = models.TextField(default="everything")
    sweep = models.JSONField(null=True)
    held_removals = models.IntegerField(default=0)
    skew = models.FloatField(null=True)
    removals_allowed = models.BooleanField(default=False)
    run_id = models.UUIDField(null=True)
    status = models.TextField(default="SYNCING")
    reason = models.TextField(null=True)
    error = models.TextField(null=True)
    failures = models.IntegerField(default=0)
    is_initial = models.BooleanField(default=True)
    last_started = models.DateTimeField(null=True)
    last_finished = models.DateTimeField(null=True)
    last_result = models.TextField(null=True)
    fresh_as_of = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)
    untold = models.BooleanField(default=False, db_default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "linked_account_id", "model"], name="stream_unique"),
        ]


class Run(TenantModel):
    """One run of a stream: what it read and what came of it. `nulls`: null values per field among the rows seen."""

    stream_id = models.UUIDField()
    mode = models.TextField()
    started = models.DateTimeField()
    finished = models.DateTimeField(null=True)
    result = models.TextField(null=True)
    requests = models.IntegerField(default=0)
    seen = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    set_aside = models.IntegerField(default=0)
    reread = models.IntegerField(default=0)
    nulls = models.JSONField(default=dict)
    unknown_words = models.JSONField(default=dict)
    error = models.TextField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant_id", "stream_id", "started"], name="run_stream"),
            models.Index(fields=["tenant_id", "started"], name="run_newest"),
        ]


class Sighting(TenantModel):
    """A record seen by a sweep that is under way. Unlogged: lost in a crash, which the sweep notices and restarts."""

    database_key = ("tenant_id", "sweep_id", "record_id")

    sweep_id = models.UUIDField()
    record_id = models.UUIDField()


class WriteState(models.TextChoices):
    """Where a write stands. Journalled: not sent. Sent: its call may have left. Moved: not sent, as the record changed.

    Uncertain: its outcome is being found out. All others are final.
    """

    JOURNALLED = "journalled"
    SENT = "sent"
    DONE = "done"
    REJECTED = "rejected"
    MOVED = "moved"
    UNCERTAIN = "uncertain"
    NOT_APPLIED = "not applied"


class Write(TenantModel):
    """One intended change to a remote system, journalled before it leaves.

    `values`: common-model values as asked for; `sealed_values`: those of sensitive fields, until it ends; `sent`: those
    really sent; `pre_image`: what stood there before.
    `expected`, `if_version`: what the record must still be, else nothing is sent. `source` says who wants it: api,
    operator, or bridge with `bridge_id`, `pair_id` and the `bridge_version` that it had then; a bridge says in
    `reasons` for each field by which `rule` it travels, and which value of the other side, `source`, it carries.
    `conflict_id`: the conflict of a bridge for which a person gave the value; what stops that bridge stops it as well.
    `problems`: in the form of the wire contract.
    `answer`: what the caller got. `settled_by`: the person who told an outcome that reading back could not.
    `retry_after`, not stored: seconds after which a provider that could not take the write wants to be asked again.
    """

    retry_after: float | None = None

    linked_account_id = models.UUIDField()
    model = models.TextField()
    operation = models.TextField()
    record_id = models.UUIDField(null=True)
    values = models.JSONField()
    sealed_values = SealedField(purpose="values of a write")
    sent = models.JSONField(null=True)
    pre_image = models.JSONField(null=True)
    expected = models.JSONField(null=True)
    if_version = models.TextField(null=True)
    state = models.TextField(choices=WriteState.choices, default=WriteState.JOURNALLED)
    source = models.TextField(default="api")
    actor = models.TextField(default="")
    bridge_id = models.UUIDField(null=True)
    pair_id = models.UUIDField(null=True)
    bridge_version = models.IntegerField(null=True)
    reasons = models.JSONField(null=True)
    conflict_id = models.UUIDField(null=True)
    settled_by = models.TextField(null=True)
    idempotency_key = models.TextField(null=True)
    request_digest = models.BinaryField(null=True)
    answer = models.JSONField(null=True)
    remote_id = models.TextField(null=True)
    error = models.TextField(null=True)
    problems = models.JSONField(default=list)
    attempts = models.IntegerField(default=0)
    journalled_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "idempotency_key"], name="write_idempotency"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "linked_account_id", "journalled_at"], name="write_account"),
            models.Index(fields=["tenant_id", "record_id"], name="write_record"),
            models.Index(fields=["tenant_id", "journalled_at"], name="write_newest"),
            models.Index(
                fields=["tenant_id", "bridge_id", "journalled_at"],
                name="write_bridge",
                condition=models.Q(bridge_id__isnull=False),
            ),
            models.Index(
                fields=["tenant_id", "state"],
                name="write_open",
                condition=models.Q(state__in=["journalled", "sent", "uncertain"]),
            ),
        ]


class Throttle(TenantModel):
    """A request budget, of a linked account or an OAuth application: shared by all workers; and what the provider said.

    Or that of the requests which come for an account, where there is a limit (`allowance`). `tokens`: of a bucket for
    each purpose of requests. `remaining`, `resets_at`: how many requests the provider said that it takes until then;
    `quota`: the most that it has named of these.
    """

    database_key = ("tenant_id", "holder_id")

    holder_id = models.UUIDField()
    tokens = ArrayField(models.FloatField())
    filled_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    remaining = models.BigIntegerField(null=True)
    quota = models.BigIntegerField(null=True)
    resets_at = models.DateTimeField(null=True)


class Job(models.Model):
    """A claim on work that is due. Carries no customer data, and no tenant policy: workers look across tenants.

    One row per (tenant, kind, reference). `asked` counts requests for it, so that one made while the work is under
    way is not lost. A claim sets `leased_until` and a `fence` greater than any before. `held`: somebody claimed it and
    has not given it back; in an index of its own, which the renewals of a lease leave alone. `attempts`: claims since
    it was last done; `failures`: those of them that ended in an error which nobody expected, as far as that is counted.
    """

    walled: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant_id = models.UUIDField()
    kind = models.TextField()
    reference = models.UUIDField()
    queue = models.TextField(default="background")
    priority = models.SmallIntegerField(default=5)
    due_at = models.DateTimeField()
    asked = models.BigIntegerField(default=1)
    fence = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    held = models.BooleanField(default=False, db_default=False)
    attempts = models.IntegerField(default=0)
    failures = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "kind", "reference"], name="job_unique")]
        indexes = [
            models.Index(fields=["queue", "priority", "due_at"], name="job_due"),
            models.Index(fields=["tenant_id"], condition=models.Q(held=True), name="job_held"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


# Django finds models here.
from unified_api.sync.models_account import (  # noqa: E402, F401
    AsyncPassthrough,
    ImportedPart,
    SyncCondition,
    WebhookReceiver,
)
from unified_api.sync.models_bridge import (  # noqa: E402, F401
    Bridge,
    BridgeVersion,
    Conflict,
    Overruled,
    Pair,
    PairKey,
)
from unified_api.sync.models_fields import RemoteFieldClass  # noqa: E402, F401
from unified_api.sync.models_hooks import Hook, Notice  # noqa: E402, F401
from unified_api.sync.models_plan import Plan, PlanItem  # noqa: E402, F401
from unified_api.sync.models_watch import DriftAudit, Issue  # noqa: E402, F401
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent  # noqa: E402, F401
