"""Fixtures around the walls. Conftests are read before Django is set up, so models are imported inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def restored_walls(database: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """Whatever a test does to the database's wall is put right afterwards."""
    from tenants import walls
    from tenants.postgres.roles import as_owner

    yield database
    with as_owner():
        walls.build("default")


@pytest.fixture(params=["both walls", "python alone", "database alone"])
def standing(
    request: pytest.FixtureRequest,
    restored_walls: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Which walls stand: the test has to pass behind each of them."""
    from tests.tenants.switches import policies_off, python_off

    connection.close()
    if request.param == "python alone":
        policies_off(restored_walls)
    if request.param == "database alone":
        python_off(monkeypatch)
    yield request.param
    monkeypatch.undo()
