"""Standing by an embedded Postgres whose keeper is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from tests.unified_api.serve.test_postgres import (
    KEY,
    answers,
    cluster,
    eventually,
    keeper_of,
    model_home,
    postmaster,
)
from unified_api.serve.guard import Guard
from unified_api.serve.postgres import Cluster, ClusterError

__all__ = ["cluster", "model_home"]  # fixtures

pytestmark = pytest.mark.processes


def test_a_killed_keeper_is_started_again_by_who_holds_the_cluster(cluster: Cluster) -> None:
    """Nobody has to come by: the server is back, with all rows."""
    with cluster.hold(KEY), Guard(cluster, KEY, look=0.05):
        with psycopg.connect(cluster.owner_login().conninfo()) as connection:
            connection.execute("CREATE TABLE kept ()")
        pid = postmaster(cluster)
        os.kill(keeper_of(pid), signal.SIGKILL)
        assert eventually(lambda: not Path(f"/proc/{pid}").exists())
        assert eventually(lambda: answers(cluster))

        with psycopg.connect(cluster.owner_login().conninfo()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_server_that_does_not_start_is_tried_ever_later(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread does not end with the first failure, and the keeper is started when that is possible again."""
    failures = []

    def refuse(_self: Cluster, _key: str) -> bool:
        failures.append(1)
        raise ClusterError("The disk is full.")

    monkeypatch.setattr(Cluster, "revive", refuse)
    with cluster.hold(KEY), Guard(cluster, KEY, look=0.01) as guard:
        assert eventually(lambda: len(failures) > 2)
        assert guard.is_alive()
