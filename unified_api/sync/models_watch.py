"""What the shell keeps of what goes wrong: issues, and the audits that look whether two sides are really equal."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel


class Issue(TenantModel):
    """Something that a person has to look at. It ends by itself when its cause does.

    `kind`: budget, drift, conflict …; `subject`: the id of what it is about (a bridge, a pair, a write), so that one
    cause has one issue however often it is met. `details`: for programs.
    """

    class Status(models.TextChoices):
        """In the words of the wire contract."""

        ONGOING = "ONGOING"
        RESOLVED = "RESOLVED"

    kind = models.TextField()
    subject = models.UUIDField()
    linked_account_id = models.UUIDField(null=True)
    bridge_id = models.UUIDField(null=True)
    status = models.TextField(choices=Status.choices, default=Status.ONGOING)
    description = models.TextField()
    details = models.JSONField(default=dict)
    is_muted = models.BooleanField(default=False)
    first_incident_time = models.DateTimeField()
    last_incident_time = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "subject"],
                condition=models.Q(status="ONGOING"),
                name="issue_ongoing_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "status", "last_incident_time"], name="issue_status"),
            models.Index(fields=["tenant_id", "bridge_id"], name="issue_bridge"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.status}"


class DriftAudit(TenantModel):
    """One comparison of both sides of a bridge, without writing: how many pairs differ, and towards which side.

    `compared`: pairs whose bridged fields were compared; `passed_over`: pairs that were not, as something is under way
    or waits; `sampled`: how many records were read anew from the providers. `to_a`, `to_b`: pairs in which that side
    lacks something of the other and nothing is under way that would bring it. `missing_a`, `missing_b`: records of the
    other side that take part and have no counterpart at this one, where nothing is under way that would make one, and
    nobody has left them out. `strayed_a`, `strayed_b`: pairs in which a field that only arrives at that side was edited
    there, which is nothing that a bridge mends. `unmirrored_a`, `unmirrored_b`: sampled records of that side that were
    not as the mirror has them. `findings`: some of them, in detail. `place`: until it is finished, where it stands, as
    `unified_api.sync.bridge.drift` goes on from there.
    """

    bridge_id = models.UUIDField()
    started = models.DateTimeField()
    finished = models.DateTimeField(null=True)
    compared = models.IntegerField(default=0)
    sampled = models.IntegerField(default=0)
    to_a = models.IntegerField(default=0)
    to_b = models.IntegerField(default=0)
    missing_a = models.IntegerField(default=0, db_default=0)
    missing_b = models.IntegerField(default=0, db_default=0)
    passed_over = models.IntegerField(default=0, db_default=0)
    strayed_a = models.IntegerField(default=0, db_default=0)
    strayed_b = models.IntegerField(default=0, db_default=0)
    unmirrored_a = models.IntegerField(default=0, db_default=0)
    unmirrored_b = models.IntegerField(default=0, db_default=0)
    findings = models.JSONField(default=list)
    place = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant_id", "bridge_id", "started"], name="drift_bridge")]

    def __str__(self) -> str:
        return f"drift of {self.bridge_id}: {self.to_a} to a, {self.to_b} to b"
