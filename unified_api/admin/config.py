"""The Django app of the console, in place of `django.contrib.admin`'s own."""

from __future__ import annotations

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """Django's admin, with our site as `admin.site`."""

    default_site = "unified_api.admin.site.Console"

    def ready(self) -> None:
        """Let Django's own apps register their pages, then register ours."""
        super().ready()
        import_module("unified_api.admin.register")
