"""Routes: health, the operators' console, and the API."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from unified_api.serve.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    # The API is included here: path("api/", include("unified_api.api.urls")),
]
