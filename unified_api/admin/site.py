"""The console as a Django admin site: every view behind the walls, and the chooser of tenants."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from unified_api import __version__
from unified_api.admin import chooser, walls

#: Looks up any object by its type, which is no page of ours.
_LEFT_OUT = frozenset({"view_on_site"})


def readable(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, for queries without a NUL: no text of Postgres holds one, and each filter would fail on it."""

    @functools.wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The query holds a NUL.")
        return view(request, *args, **kwargs)

    return read


class Console(AdminSite):
    """What operators see."""

    site_header = "Isthmus"
    site_title = "Isthmus"
    index_title = "Operators' console"
    site_url = None
    index_template = "console/index.html"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Django's check of who is signed in, and then our walls."""
        return super().admin_view(readable(walls.behind(view)), cacheable)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The chosen tenant, for the band on every page."""
        tenant = getattr(request, "console_tenant", None)
        return {**super().each_context(request), "console_tenant": tenant, "version": __version__}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The chooser's, which open no tenant's scope themselves, and Django's."""
        across = super().admin_view
        return [
            path("tenant/", across(readable(self.choose_tenant)), name="choose_tenant"),
            path("tenant/<uuid:tenant_id>/enter/", across(self.enter_tenant), name="enter_tenant"),
            path("tenant/leave/", across(self.leave_tenant), name="leave_tenant"),
            *(url for url in super().get_urls() if getattr(url, "name", None) not in _LEFT_OUT),
        ]

    def choose_tenant(self, request: HttpRequest) -> HttpResponse:
        """The list of tenants."""
        return chooser.choose(self, request)

    def enter_tenant(self, request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
        """Look at one."""
        return chooser.enter(request, tenant_id)

    def leave_tenant(self, request: HttpRequest) -> HttpResponse:
        """Look at none."""
        return chooser.leave(request)
