"""Adapters by slug."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from unified_api import registry


@dataclass(frozen=True)
class Known:
    """Enough of a provider for the registry."""

    slug: str
    number: int = 1


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of the test's own."""
    monkeypatch.setattr(registry, "_providers", {})


def test_a_registered_provider_is_found() -> None:
    """What was registered is found by its slug, and listed in the order of slugs."""
    registry.register(Known("b"))
    registry.register(Known("a"))

    assert registry.by_slug("b") == Known("b")
    assert registry.all() == (Known("a"), Known("b"))


def test_an_unknown_slug_lists_the_known() -> None:
    """The error says which slugs there are."""
    registry.register(Known("a"))

    with pytest.raises(registry.UnknownIntegration, match="no integration 'z'; known are: a"):
        registry.by_slug("z")


def test_a_slug_is_given_once() -> None:
    """Two adapters of one slug are refused; registering the same one again changes nothing."""
    one = Known("a")
    registry.register(one)
    registry.register(one)

    with pytest.raises(ValueError, match="Two adapters have the slug a"):
        registry.register(Known("a", 2))
