"""The Django app of tenants; at start-up it hooks the walls into migrations and system checks."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants, API keys, linked accounts, audit trail and doors."""

    name = "tenants"
    verbose_name = "Tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Build the walls after migrations, and compare them in system checks."""
        import_module("tenants.checks")
        import_module("tenants.walls").build_after_migrations(self)
