"""Two servers for bridges, and what links one: those that single tests share stand in `tests.servers`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import HelpDesk, Roundup, Server
from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from tests.integrations.lines import connection
from unified_api import registry

Linked = Callable[..., Client]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is `real`."""
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def systems(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Roundup, HelpDesk]]:
    """A tracker and a desk for bridges: they copy whatever other tests leave behind."""
    with (
        Roundup(software, tmp_path_factory.mktemp("bridged-roundup")) as roundup,
        HelpDesk(software, tmp_path_factory.mktemp("bridged-desk")) as desk,
    ):
        yield roundup, desk


@pytest.fixture
def linked() -> Iterator[Linked]:
    """Links a server: its client, with settings or secrets changed."""
    opened: list[Client] = []

    def link(slug: str, server: Server, **changes: str) -> Client:
        provider: Provider = registry.by_slug(slug)
        settings, secrets = provider.accept({**server.settings, **server.secrets, **changes})
        client = Client(provider, connection(settings, secrets), patience=Patience(attempts=2))
        opened.append(client)
        return client

    yield link
    for client in opened:
        client.close()


def every(client: Client, model: Any, cursor: Any = None, *, full: bool = False) -> dict[str, Any]:
    """The values of a whole list by remote id."""
    resource = client.provider.resource(model)
    pages = client.pages(resource, cursor, full=full) if resource else ()
    return {observation.remote_id: observation.values for page in pages for observation in page.observations}


def small(resource: Resource, size: int = 10) -> Resource:
    """The same with small pages, so that a few tickets fill several."""
    assert resource.list is not None
    assert isinstance(resource.list.paging, ByPage)
    return replace(resource, list=replace(resource.list, paging=replace(resource.list.paging, size=size)))
