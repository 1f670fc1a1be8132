"""The Django app of the sandbox."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Sandboxes and their records."""

    name = "integrations.sandbox"
    label = "sandbox"
    verbose_name = "Sandbox"

    def ready(self) -> None:
        """Have workers do what sandboxes have to do by themselves."""
        from integrations.sandbox.service import announcing, delivering, keeping
        from unified_api.sync import tasks

        tasks.HANDLERS |= {keeping.KIND: keeping.work, announcing.KIND: delivering.work}
