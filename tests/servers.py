"""Real servers, started once a run by whatever asks first. What cannot be installed or started is an error, no skip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers import Canaille, HelpDesk, Redmine, Roundup, Tryton

#: Environments outlive a run: installing takes longer than all tests of a server.
SOFTWARE = Path(__file__).resolve().parents[1] / ".isthmus" / "servers"


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
def tryton_server(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """A running ERP with one company."""
    with Tryton(software, tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture(scope="session")
def redmine_server(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    """A running Redmine with nothing in it; where there can be none, its tests say so."""
    if reason := Redmine.absent():
        pytest.skip(reason)
    with Redmine(software, tmp_path_factory.mktemp("redmine")) as server:
        yield server


@pytest.fixture
def redmine(redmine_server: Redmine) -> Redmine:
    """Redmine; started again if the test before has stopped it."""
    return redmine_server.start()


@pytest.fixture
def roundup(roundup_server: Roundup) -> Roundup:
    """The tracker; started again if the test before has stopped it."""
    return roundup_server.start()


@pytest.fixture
def help_desk(help_desk_server: HelpDesk) -> HelpDesk:
    """The help desk; started again if the test before has stopped it."""
    return help_desk_server.start()


@pytest.fixture
def tryton(tryton_server: Tryton) -> Tryton:
    """The ERP; started again if the test before has stopped it."""
    return tryton_server.start()
