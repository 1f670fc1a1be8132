"""An adapter at its far side, for each that is registered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.provider import Provider
from tests.conformance.far_side import far_side_of, place_of, tried
from tests.conformance.trial import Trial, opened
from tests.integrations.sandbox.conftest import access_log, served
from unified_api import registry

__all__ = ["access_log", "served"]  # fixtures, which far sides ask for


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each adapter; where it is about webhooks, for each whose vendor sends any, or can be asked."""
    if "trial" in metafunc.fixturenames:
        about = {name for name in ("told", "asked") if name in metafunc.fixturenames}
        meant = [provider for provider in tried() if about <= _of_webhooks(provider)]
        known = {provider.slug: far_side_of(provider) for provider in meant}
        told = [pytest.param(slug, marks=found.marks if found else ()) for slug, found in known.items()]
        metafunc.parametrize("trial", told, indirect=True, ids=list(known))


def _of_webhooks(provider: Provider) -> set[str]:
    """Whether its vendor sends any, and whether it can be asked what it sends."""
    if provider.webhooks is None:
        return set()
    way = provider.webhooks.subscriptions
    return {"told", "asked"} if way and way.is_active else {"told"}


@pytest.fixture
def asked(trial: Trial) -> Trial:
    """The same of an adapter whose vendor can be asked what it sends."""
    return trial


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """An account at the far side of an adapter."""
    provider = registry.by_slug(request.param)
    far_side = far_side_of(provider)
    if far_side is None:
        pytest.fail(f"{provider.slug} has no far side: give it as `far_side` in {place_of(provider)}")
    far_side.require()
    with far_side.start(request) as started, opened(provider, started) as one:
        yield one
