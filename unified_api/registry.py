"""The adapters that this installation knows, by slug.

Filled once, at start-up, by the outermost ring: nothing in the product names an adapter.
"""

from __future__ import annotations

from typing import Any, Protocol


class Registered(Protocol):
    """What the registry needs to know of a provider: its slug."""

    @property
    def slug(self) -> str:
        """The short name under which linked accounts refer to it."""


class UnknownIntegration(LookupError):
    """No adapter has this slug. The sentence lists those that there are."""


_providers: dict[str, Any] = {}
_modules: dict[str, str] = {}


def register(provider: Registered, module: str = "") -> None:
    """Make a provider known, and the module of its code; ValueError when another one has its slug already."""
    if _providers.setdefault(provider.slug, provider) is not provider:
        raise ValueError(f"Two adapters have the slug {provider.slug}; give one of them another.")
    _modules[provider.slug] = module


def by_slug(slug: str) -> Any:
    """The provider of this slug; UnknownIntegration when there is none."""
    try:
        return _providers[slug]
    except KeyError:
        known = ", ".join(sorted(_providers)) or "none"
        raise UnknownIntegration(f"There is no integration {slug!r}; known are: {known}.") from None


def module_of(slug: str) -> str:
    """The module that has the code of an adapter; the slug, where nobody said."""
    return _modules.get(slug) or slug


def all() -> tuple[Any, ...]:  # noqa: A001 - read as `registry.all()`
    """Every provider, in the order of slugs."""
    return tuple(_providers[slug] for slug in sorted(_providers))
