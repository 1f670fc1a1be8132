"""Real servers, started once a run. What cannot be installed or started is an error, never a skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import Canaille, HelpDesk, Roundup, Server
from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from tests.integrations.lines import connection
from unified_api import registry

#: Environments outlive a run: installing takes longer than all tests of a server.
SOFTWARE = Path(__file__).resolve().parents[2] / ".isthmus" / "servers"

Linked = Callable[..., Client]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is `real`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def software() -> Path:
    """Where the servers' environments are."""
    return SOFTWARE


@pytest.fixture(scope="session")
def roundup_server(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roundup]:
    """A running tracker with nothing in it."""
    with Roundup(software, tmp_path_factory.mktemp("roundup")) as server:
        yield server


@pytest.fixture(scope="session")
def help_desk_server(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelpDesk]:
    """A running help desk with one queue."""
    with HelpDesk(software, tmp_path_factory.mktemp("desk")) as server:
        yield server


@pytest.fixture(scope="session")
def canaille(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaille]:
    """A running directory with one person."""
    with Canaille(software, tmp_path_factory.mktemp("canaille")) as server:
        yield server


@pytest.fixture(scope="session")
def systems(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Roundup, HelpDesk]]:
    """A tracker and a desk for bridges: they copy whatever other tests leave behind."""
    with (
        Roundup(software, tmp_path_factory.mktemp("bridged-roundup")) as roundup,
        HelpDesk(software, tmp_path_factory.mktemp("bridged-desk")) as desk,
    ):
        yield roundup, desk


@pytest.fixture
def roundup(roundup_server: Roundup) -> Roundup:
    """The tracker; started again if the test before has stopped it."""
    return roundup_server.start()


@pytest.fixture
def help_desk(help_desk_server: HelpDesk) -> HelpDesk:
    """The help desk; started again if the test before has stopped it."""
    return help_desk_server.start()


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
