"""Registers every adapter at start-up.

Each module or package in `integrations.providers` has one `provider`. Installed packages bring others, as entry points
of the group `isthmus.adapters`: `bugs-by-example = "bugs_by_example.adapter:provider"`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from django.apps import AppConfig

from integrations import providers
from unified_api import registry

GROUP: Final = "isthmus.adapters"


class IntegrationsConfig(AppConfig):
    """The adapters."""

    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Import what there is; a contradiction in an adapter stops the start with its sentence."""
        for provider, module in (*own(), *installed()):
            registry.register(provider, module)


def own() -> Iterator[tuple[Any, str]]:
    """The adapters of this repository, each with its module."""
    for module in pkgutil.iter_modules(providers.__path__):
        code = import_module(f"{providers.__name__}.{module.name}")
        yield code.provider, code.__name__


def installed() -> Iterator[tuple[Any, str]]:
    """Those of installed packages; TypeError for what is no provider, or has another slug than it is installed as."""
    from integrations.kit.provider import Provider  # models cannot be imported with this module

    for point in entry_points(group=GROUP):
        provider = point.load()
        if not isinstance(provider, Provider) or provider.slug != point.name:
            told = getattr(provider, "slug", f"a {type(provider).__name__}")
            raise TypeError(
                f"The entry point {point.name} of {GROUP} is {told!r}; name there a Provider with this slug."
            )
        yield provider, point.module
