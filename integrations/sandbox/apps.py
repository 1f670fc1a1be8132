"""The Django app of the sandbox."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Sandboxes and their records."""

    name = "integrations.sandbox"
    label = "sandbox"
    verbose_name = "Sandbox"
