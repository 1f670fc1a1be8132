"""Registers every adapter at start-up.

Each module or package in `integrations.providers` has one `provider`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.apps import AppConfig

from integrations import providers
from unified_api import registry


class IntegrationsConfig(AppConfig):
    """The adapters."""

    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Import what there is; a contradiction in an adapter stops the start with its sentence."""
        for module in pkgutil.iter_modules(providers.__path__):
            code = import_module(f"{providers.__name__}.{module.name}")
            registry.register(code.provider, code.__name__)
