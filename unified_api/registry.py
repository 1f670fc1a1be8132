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


def register(provider: Registered) -> None:
    """Make a provider known; ValueError when another one has its slug already."""
    if _providers.setdefault(provider.slug, provider) is not provider:
        raise ValueError(f"Two adapters have the slug {provider.slug}; give one of them another.")


def by_slug(slug: str) -> Any:
    """The provider of this slug; UnknownIntegration when there is none."""
    try:
        return _providers[slug]
    except KeyError:
        known = ", ".join(sorted(_providers)) or "none"
        raise UnknownIntegration(f"There is no integration {slug!r}; known are: {known}.") from None


def all() -> tuple[Any, ...]:  # noqa: A001 - read as `registry.all()`
    """Every provider, in the order of slugs."""
    return tuple(_providers[slug] for slug in sorted(_providers))
