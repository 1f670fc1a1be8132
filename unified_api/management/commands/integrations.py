"""`manage.py integrations`: what can be linked, and which settings and secrets each one asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from integrations.kit.provider import Operation, Provider, Resource
from integrations.kit.setting import Setting
from unified_api import registry
from unified_api.management.answering import AnsweringCommand, Document, table
from unified_api.models.base import model_id

OPERATIONS: tuple[Operation, ...] = ("list", "get", "create", "update", "delete")


class Command(AnsweringCommand):
    """The adapters of this installation."""

    help = "List the integrations, the settings and secrets to link them with, and what each can do."
    called = "integrations"

    def answer(self, **_options: Any) -> Document:
        """Read the registry."""
        return {"integrations": [_integration(provider) for provider in registry.all()]}

    def tell(self, document: Document) -> Iterable[str]:
        """One paragraph per integration, ready to copy options from."""
        return [line for one in document["integrations"] for line in _tell(one)]


def _integration(provider: Provider) -> Document:
    return {
        "slug": provider.slug,
        "name": provider.name,
        "categories": list(provider.categories),
        "settings": [_setting(setting) for setting in provider.settings],
        "models": {model_id(resource.model): _abilities(resource) for resource in provider.resources},
    }


def _setting(setting: Setting) -> Document:
    names = ("name", "help", "required", "secret", "default", "kind")
    return {name: getattr(setting, name) for name in names}


def _abilities(resource: Resource) -> list[str]:
    return [operation for operation in OPERATIONS if resource.can(operation)]


def _tell(one: Document) -> Iterator[str]:
    yield f"{one['slug']}: {one['name']} ({', '.join(one['categories'])})"
    yield from table([_told(setting) for setting in one["settings"]], indent="  ")
    yield from table([(name, ", ".join(can)) for name, can in one["models"].items()], indent="  ")
    yield ""


def _told(setting: Document) -> tuple[str, str]:
    option = "--secret" if setting["secret"] else "--set"
    default = f" Default: {setting['default']}." if setting["default"] else ""
    optional = "" if setting["required"] else " Optional."
    return f"{option} {setting['name']}=…", f"{setting['help'].removesuffix('.')}.{optional}{default}"
