"""Pages of bridges: each with its document, generated when it is opened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from unified_api.admin import show
from unified_api.admin.actions import action
from unified_api.admin.pages import Page
from unified_api.observe.documents import writing
from unified_api.observe.documents.bridge import of_bridge
from unified_api.sync.bridge import ending, plans, steering
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_plan import Plan


class BridgePage(Page):
    """Bridges: what they keep equal, and how they stand."""

    listed = (
        "name",
        "model",
        "account_a",
        "account_b",
        "status",
        "mode",
        "reason",
        "last_round",
        "paused_by",
    )
    ids = ("id", "account_a", "account_b")
    texts = ("name",)
    list_filter = ("status", "mode")
    ordering = ("-created_at",)
    actions = (
        action("pause", "Pause", "Paused", lambda bridge: steering.pause(bridge.id)),
        action("resume", "Resume", "Resumed", lambda bridge: steering.resume(bridge.id)),
        action("look_now", "Look now", "Asked to look", lambda bridge: steering.look_now(bridge.id)),
        action(
            "plan",
            "Have a plan made",
            "A plan is being made",
            lambda bridge: steering.plan_anew(bridge.id),
            warning="Until a plan is approved and has been carried out, nothing is written.",
            refusals=(plans.PlanRefused,),
        ),
        action(
            "end",
            "End",
            "Ended",
            lambda bridge: ending.end(bridge.id),
            warning=ending.WARNING,
            refusals=(ending.NotEnded,),
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The ways to the document and to what belongs to it, and all columns."""
        return [self.document_link, self.belonging, *super().get_fields(request, obj)]

    def get_urls(self) -> list[URLPattern]:
        """Django's, and the document's."""
        document = path(
            "<uuid:bridge_id>/document/",
            self.admin_site.admin_view(self.document),
            name="sync_bridge_document",
        )
        return [document, *super().get_urls()]

    @admin.display(description="document")
    def document_link(self, bridge: Bridge) -> Any:
        """A link to the document of the bridge."""
        where = reverse("admin:sync_bridge_document", args=[bridge.id])
        return format_html('<a href="{}">what it does, for whom, and what to do when it fails</a>', where)

    @admin.display(description="belonging to it")
    def belonging(self, bridge: Bridge) -> Any:
        """Links to the bridge's plans, pairs and open conflicts."""
        return show.joined(
            [
                show.listed(Plan, "plans", bridge_id=bridge.id),
                show.listed(Pair, "pairs", bridge_id=bridge.id),
                show.listed(Conflict, "open conflicts", bridge_id=bridge.id, state__exact="open"),
            ]
        )

    def document(self, request: HttpRequest, bridge_id: Any) -> HttpResponse:
        """The document as a page of its own."""
        bridge = self.get_queryset(request).filter(id=bridge_id).first()
        if bridge is None:
            raise Http404
        if not self.has_view_permission(request, bridge):
            raise PermissionDenied
        return writing.answer(of_bridge(bridge), "html")
