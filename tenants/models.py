"""Tenants and what they own here: API keys, linked accounts, audit trail; and doors, which are nobody's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from django.db import models, transaction
from django.db.models.functions import Now

from tenants.analysts import Shown
from tenants.rows import TenantManager, TenantModel, Walled
from tenants.scope import scope
from tenants.sealed import KeyIdOf, SealedField
from tenants.vault import Secret

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Door",
    "LinkToken",
    "LinkedAccount",
    "OAuthApplication",
    "OAuthAttempt",
    "OperatorEvent",
    "Permission",
    "Tenant",
    "TenantExists",
    "TenantManager",
    "TenantModel",
    "Walled",
]


class TenantExists(ValueError):
    """A tenant of this name exists already."""


class Tenant(Walled):
    """A company that runs its product on Isthmus.

    `sealed_key`: its own key, under a master key. `sealed_under`: the id of that master key, as the database
    reads it from there, so that rows under an old one are found by an index.
    """

    wall_column: ClassVar[str] = "id"
    database_key: ClassVar[tuple[str, ...]] = ("id",)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.TextField(unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sealed_key = models.BinaryField(editable=False)
    sealed_under = models.GeneratedField(
        expression=KeyIdOf("sealed_key"), output_field=models.TextField(), db_persist=True
    )

    class Meta(Walled.Meta):
        indexes = [models.Index("sealed_under", "id", name="tenant_sealed_under")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def create(cls, name: str) -> Self:
        """Make a tenant with a key of its own, in a scope of its own; TenantExists if the name is taken."""
        from tenants import audit, door, secrets

        tenant_id = uuid.uuid4()
        with scope(tenant_id), transaction.atomic():
            if not door.claim("tenant", Secret(name), reference=tenant_id):
                raise TenantExists(f"There is a tenant named {name!r} already; choose another name.")
            door.open_door("tenant", Secret(str(tenant_id)), reference=tenant_id)
            tenant: Self = cls.objects.create(
                id=tenant_id, name=name, sealed_key=secrets.new_tenant_key(tenant_id)
            )
            audit.record("tenant.created", subject=str(tenant_id), name=name)
        return tenant

    @classmethod
    def find(cls, name_or_id: str) -> uuid.UUID | None:
        """The id of the tenant of this name, or with this id; None if there is none. Needs no scope."""
        from tenants import door

        found = door.enter("tenant", Secret(name_or_id))
        return found.tenant_id if found else None


class ApiKey(TenantModel):
    """A key to the API. Shown once; kept as a digest, with the last four characters as a hint.

    `may_read_sensitive`: whether sensitive fields of records are shown to who asks for them with it.
    """

    class Kind(models.TextChoices):
        """What the key opens: linked accounts of customers, or of test."""

        PRODUCTION = "production"
        TEST = "test"

    name = models.TextField()
    digest = models.BinaryField(editable=False)
    hint = models.TextField(editable=False)
    kind = models.TextField(choices=Kind.choices, default=Kind.PRODUCTION)
    may_read_sensitive = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class LinkedAccount(TenantModel):
    """One end user's connection to one integration in one category.

    `settings` holds what is no secret (a site's address); `sealed_credential` what is. `remote_identity` is
    the provider's own name of the account, which a relink has to meet again. `permissions`: what of it may not be read
    or written, by common model, as `tenants.permissions` makes it of what was said for all accounts and for this one.
    `deleted_at` ends it: token and credential are erased at that moment.
    """

    class Status(models.TextChoices):
        """How the link stands."""

        COMPLETE = "COMPLETE"
        INCOMPLETE = "INCOMPLETE"
        RELINK_NEEDED = "RELINK_NEEDED"
        IDLE = "IDLE"

    category = models.TextField()
    integration = models.TextField()
    end_user_origin_id = models.TextField()
    end_user_organization_name = models.TextField(default="")
    end_user_email_address = models.TextField(default="")
    status = models.TextField(choices=Status.choices, default=Status.COMPLETE)
    status_detail = models.TextField(default="")
    is_test = models.BooleanField(default=False)
    token_digest = models.BinaryField(null=True, editable=False)
    sealed_token = SealedField(purpose="account token")
    settings = models.JSONField(default=dict)
    sealed_credential = SealedField(purpose="credential")
    remote_identity = models.TextField(null=True)
    permissions = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "end_user_origin_id", "category", "integration"],
                condition=models.Q(deleted_at=None),
                name="linked_account_unique",
            ),
            models.UniqueConstraint(fields=["tenant_id", "token_digest"], name="linked_account_token"),
        ]

    def __str__(self) -> str:
        return f"{self.end_user_origin_id} at {self.integration}"

    @classmethod
    def shown_to_analysts(cls) -> Shown:
        """Whose account it is, where, and since when; nothing by which it is opened."""
        named = ("category", "integration", "end_user_origin_id", "end_user_organization_name")
        return Shown("linked_account", ("id", *named, "status", "is_test", "created_at", "completed_at"))

    def credential(self) -> dict[str, Secret]:
        """The secrets given at linking, by name. Reveal them only where a request is about to be signed."""
        from tenants import secrets

        return secrets.unpack(secrets.opened(self, "sealed_credential"))

    def store_credential(self, credential: Mapping[str, Secret]) -> None:
        """Seal these secrets into the row, in place of the earlier ones; saving is the caller's."""
        from tenants import secrets

        secrets.put(secrets.pack(credential), self, "sealed_credential")

    def token(self) -> Secret:
        """The account token."""
        from tenants import secrets

        return secrets.opened(self, "sealed_token")

    def may(self, action: Literal["read", "write"], model: str) -> bool:
        """Whether records of a common model (`category.Model`) may be read, or written."""
        return bool(self.permissions.get(model, {}).get(action, True))

    def hidden(self, model: str) -> frozenset[str]:
        """Names of the fields of a common model that are neither read nor shown nor written."""
        return frozenset(self.permissions.get(model, {}).get("hidden", ()))

    @property
    def withholds(self) -> bool:
        """Whether anything of it may not be read."""
        return any(told.get("hidden") or not told.get("read", True) for told in self.permissions.values())

    def store_token(self, token: Secret) -> None:
        """Seal the account token into the row, and note its digest; saving is the caller's."""
        from tenants import secrets, tokens

        secrets.put(token, self, "sealed_token")
        self.token_digest = tokens.digest("account token", token)


class Permission(TenantModel):
    """What was said of one common model: for one linked account, or for all (no `linked_account_id`).

    `reads`, `writes`: null where nothing was said. `fields`: by name, whether the field may be read and written.
    """

    linked_account_id = models.UUIDField(null=True)
    model = models.TextField()
    reads = models.BooleanField(null=True)
    writes = models.BooleanField(null=True)
    fields = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "model"],
                name="permission_account",
                condition=models.Q(linked_account_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "model"],
                name="permission_default",
                condition=models.Q(linked_account_id=None),
            ),
        ]

    def __str__(self) -> str:
        return f"permission of {self.model}"


class LinkToken(TenantModel):
    """A tenant's leave to link one end user's account, for as long as it lasts, once.

    `categories`: in which it may be linked. `integration`: the slug of the only one, if it was said, or follows from
    the account that is linked again. `settings`: those of the account that whoever uses it cannot change.
    `permissions`: of the account, as `tenants.permissions` reads them. `used_at`: when an account was linked by it,
    which is `linked_account_id`.
    """

    end_user_origin_id = models.TextField()
    end_user_organization_name = models.TextField()
    end_user_email_address = models.TextField()
    categories = models.JSONField()
    integration = models.TextField(default="")
    is_test = models.BooleanField(default=False)
    are_syncs_disabled = models.BooleanField(default=False)
    language = models.TextField(default="en")
    settings = models.JSONField(default=dict, db_default={})
    permissions = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    linked_account_id = models.UUIDField(null=True)

    def __str__(self) -> str:
        return f"link token of {self.end_user_origin_id}"


class OAuthApplication(TenantModel):
    """The tenant's own OAuth application at an integration, by which end users let it in.

    `site`: the address of the installation at which it is registered, where customers run their own; else empty.
    `sealed_client`: its id and secret; `hint`: the last characters of the id. `scopes`: in place of the adapter's.
    """

    integration = models.TextField()
    site = models.TextField(default="")
    sealed_client = SealedField(purpose="oauth application")
    hint = models.TextField(editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = "OAuth application"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "integration", "site"], name="oauth_application_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.integration} {self.site}".strip()


class OAuthAttempt(TenantModel):
    """An end user on the way to a provider, to allow what a link token asks for; gone with the return.

    `sealed_secrets`: the link token, and the verifier of the code. `browser`: digest of what the browser that began
    holds. `settings`: those of the account that is to be linked.
    """

    link_token_id = models.UUIDField()
    integration = models.TextField()
    settings = models.JSONField(default=dict)
    redirect_uri = models.TextField()
    sealed_secrets = SealedField(purpose="oauth attempt")
    browser = models.BinaryField(editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index("tenant_id", "link_token_id", name="oauth_attempt_link_token"),
            models.Index("tenant_id", "expires_at", name="oauth_attempt_expires"),
        ]

    def __str__(self) -> str:
        return f"oauth attempt at {self.integration}"


class AuditEvent(TenantModel):
    """Who did what to a tenant's things. Never changed, never deleted by the app.

    `event_type`: what the wire contract calls it; null for what the contract has no word for, and does not show.
    `address`: where the request of an API key came from, as the server saw it.
    """

    append_only: ClassVar[bool] = True

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.TextField()
    actor = models.TextField()
    action = models.TextField()
    subject = models.TextField(default="")
    detail = models.JSONField(default=dict)
    event_type = models.TextField(null=True)
    address = models.TextField(default="")

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index("tenant_id", "at", name="audit_event_at"),
            models.Index(
                fields=["tenant_id", "at", "id"],
                condition=models.Q(event_type__isnull=False),
                name="audit_event_typed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_kind} {self.actor}: {self.action} {self.subject}"


class OperatorEvent(models.Model):
    """An operator's look across tenants: who, when and why. Holds no customer data, so no tenant's policy."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.TextField()
    actor = models.TextField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.actor_kind} {self.actor}: {self.reason}"


class Door(models.Model):
    """A digest of what is presented before the tenant is known, and whose it is. No customer data here."""

    walled: ClassVar[bool] = False

    digest = models.BinaryField(primary_key=True)
    kind = models.TextField()
    tenant_id = models.UUIDField()
    reference = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("tenant_id", "reference", name="door_reference")]

    def __str__(self) -> str:
        return f"{self.kind} of tenant {self.tenant_id}"
