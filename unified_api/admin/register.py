"""Which pages the console has. Common models and tables of the shell that nobody names here get a plain page."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from tenants.models import ApiKey, AuditEvent, LinkedAccount, OAuthApplication, OperatorEvent, Tenant
from unified_api.admin import actions, lists, show
from unified_api.admin.bridges import BridgePage
from unified_api.admin.conflicts import ConflictPage
from unified_api.admin.history import ChangePage
from unified_api.admin.oauth_applications import OAuthApplicationPage
from unified_api.admin.pages import Page, Records
from unified_api.admin.pairs import PairPage
from unified_api.admin.plans import PlanPage
from unified_api.models.base import common_models
from unified_api.sync.models import (
    Change,
    FeedHead,
    Identity,
    Job,
    RemoteData,
    Run,
    SetAside,
    Sighting,
    Stream,
    Throttle,
    Write,
)
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_hooks import Hook
from unified_api.sync.models_plan import Plan

admin.site.register(Bridge, BridgePage)
admin.site.register(Change, ChangePage)
admin.site.register(Conflict, ConflictPage)
admin.site.register(OAuthApplication, OAuthApplicationPage)
admin.site.register(Pair, PairPage)
admin.site.register(Plan, PlanPage)
#: Tables of the shell that tell a person nothing.
INNER: frozenset[type[models.Model]] = frozenset({FeedHead, Identity, RemoteData, Sighting, Throttle})


@admin.register(Tenant)
class TenantPage(Page):
    """The chosen tenant."""

    listed = ("name", "id", "created_at")
    texts = ("name",)


@admin.register(ApiKey)
class ApiKeyPage(Page):
    """Keys, by name and their last characters."""

    listed = ("name", "kind", "may_read_sensitive", "hint", "created_at", "last_used_at", "revoked_at")
    texts = ("name", "hint")
    ordering = ("-created_at",)
    actions = actions.OF_KEYS


@admin.register(LinkedAccount)
class LinkedAccountPage(Page):
    """Linked accounts, with ways to what was read through them."""

    listed = (
        "end_user_origin_id",
        "integration",
        "category",
        "status",
        "end_user_organization_name",
        "created_at",
        "deleted_at",
    )
    texts = ("end_user_origin_id", "integration", "remote_identity")
    list_filter = ("status",)
    ordering = ("-created_at",)
    actions = actions.OF_ACCOUNTS

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns, and the ways on."""
        return [*super().get_fields(request, obj), self.read_through_it]

    @admin.display(description="read through it")
    def read_through_it(self, account: LinkedAccount) -> Any:
        """Links to the account's streams, writes, changes and records."""
        models_: list[type[models.Model]] = [Stream, Write, Change, *common_models(account.category)]
        links = [
            show.listed(m, str(m._meta.verbose_name_plural), linked_account_id=account.id) for m in models_
        ]
        return show.joined(links)


@admin.register(AuditEvent)
class AuditEventPage(Page):
    """Who did what."""

    listed = ("at", "actor_kind", "actor", "action", "subject")
    texts = ("subject", "action", "actor")
    ordering = ("-at",)


@admin.register(OperatorEvent)
class OperatorEventPage(Page):
    """Looks across tenants."""

    listed = ("at", "actor_kind", "actor", "reason")
    texts = ("actor",)
    ordering = ("-at",)


@admin.register(Stream)
class StreamPage(Page):
    """Streams: when they were read last, how that went, and when they are next."""

    listed = (
        "model",
        "linked_account_id",
        "status",
        "error",
        "last_finished",
        "next_due",
        "held_removals",
        "paused_by",
    )
    ids = ("id", "linked_account_id")
    texts = ("model",)
    list_filter = (lists.AccountFilter, "status")
    ordering = ("linked_account_id", "model")
    actions = actions.OF_STREAMS

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns, and the ways on."""
        return [*super().get_fields(request, obj), self.runs_and_set_aside]

    @admin.display(description="runs and set aside")
    def runs_and_set_aside(self, stream: Stream) -> Any:
        """Links to the stream's runs, and to what could not be mapped."""
        return show.joined(
            [
                show.listed(Run, "runs", stream_id=stream.id),
                show.listed(SetAside, "set aside", stream_id=stream.id),
            ]
        )


@admin.register(Hook)
class HookPage(Page):
    """Webhooks that are sent, and how it goes with them."""

    listed = ("url", "is_test", "last_delivered_at", "delivered", "failures", "problem", "retry_at", "rests")
    texts = ("url",)
    ordering = ("-created_at",)


@admin.register(Run)
class RunPage(Page):
    """Runs, newest first."""

    listed = (
        "started",
        "stream_id",
        "mode",
        "result",
        "seen",
        "added",
        "changed",
        "unchanged",
        "removed",
        "set_aside",
        "requests",
        "finished",
    )
    ids = ("id", "stream_id")
    ordering = ("-started",)


@admin.register(Write)
class WritePage(Page):
    """The journal of writes, newest first."""

    listed = (
        "journalled_at",
        "operation",
        "model",
        "linked_account_id",
        "state",
        "source",
        "actor",
        "attempts",
        "error",
    )
    ids = ("id", "record_id", "linked_account_id")
    texts = ("idempotency_key",)
    list_filter = (lists.AccountFilter, "state")
    ordering = ("-journalled_at",)


@admin.register(SetAside)
class SetAsidePage(Page):
    """Records that could not be mapped, and why."""

    listed = ("seen_at", "stream_id", "remote_id", "reason")
    ids = ("id", "stream_id")
    ordering = ("-seen_at",)


@admin.register(Job)
class JobPage(Page):
    """Claims on work that is due."""

    listed = ("due_at", "kind", "reference", "queue", "priority", "leased_until", "attempts")
    ids = ("id", "reference")
    texts = ("kind",)
    ordering = ("due_at",)


def _register_the_rest() -> None:
    for common in common_models():
        admin.site.register(common, Records)
    for model in apps.get_app_config("sync").get_models():
        if model not in INNER and not admin.site.is_registered(model):
            admin.site.register(model, _plain(model))


def _plain(model: type[models.Model]) -> type[Page]:
    """A page for a model that has none of its own: its first plain columns are listed."""
    wanted = [
        f.name
        for f in model._meta.concrete_fields
        if not isinstance(f, models.BinaryField | models.JSONField) and f.name != "tenant_id"
    ]
    return type(f"{model.__name__}Page", (Page,), {"listed": tuple(wanted[:8])})


_register_the_rest()
