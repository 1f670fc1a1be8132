"""Routes: health, the operators' console, the API, webhooks that come in, linking by OAuth, and the sandbox."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView

from unified_api.api.routing import Routes
from unified_api.events.views import Inbox
from unified_api.link.views import Begin, Callback
from unified_api.serve.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("docs", RedirectView.as_view(pattern_name="api-docs"), name="docs"),
    Routes(RoutePattern("api/"), "unified_api.api.urls"),
    path("webhooks/<str:key>", Inbox.as_view(), name="webhooks"),
    path("oauth/begin/<str:link_token>", Begin.as_view(), name="oauth-begin"),
    path("oauth/callback", Callback.as_view(), name="oauth-callback"),
    path("sandbox/", include("integrations.sandbox.service.urls")),
]
handler400 = "unified_api.api.errors.refused"
handler404 = "unified_api.api.errors.not_found"
handler500 = "unified_api.api.errors.failed"
