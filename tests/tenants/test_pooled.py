"""Behind a pooler, Postgres is told to keep no plan: what one process of it prepared, the next one does not know."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections

from tests.people import Person

#: BackendKeyData: the length of the message, then the process that answers.
_NUMBER = re.compile(rb"(K\x00\x00\x00\x0c).{4}", re.DOTALL)
_OWN = (7).to_bytes(4, "big")


@pytest.fixture
def pooler() -> Iterator[int]:
    """The port of one that hands everything on, but for the number of the process: that is its own, as poolers do."""
    told = connection.settings_dict
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            near, _ = listening.accept()
            with near, _postgres(told["HOST"], int(told["PORT"] or 5432)) as far:
                there = threading.Thread(target=_hand_on, args=(near, far, False), daemon=True)
                there.start()
                _hand_on(far, near, True)
                there.join(60)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        serving.join(60)


def _postgres(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    far = socket.socket(socket.AF_UNIX)
    far.connect(str(Path(host) / f".s.PGSQL.{port}"))
    return far


def _hand_on(one: socket.socket, other: socket.socket, is_numbering: bool) -> None:  # noqa: FBT001 - of a thread
    with suppress(OSError):  # whichever end hangs up first
        while heard := one.recv(65536):
            other.sendall(_NUMBER.sub(lambda found: found[1] + _OWN, heard) if is_numbering else heard)
        other.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("told", [None, True, False])
def test_plans_are_kept_only_without_a_pooler_in_between(
    alice: Person, pooler: int, *, told: bool | None
) -> None:
    """It is known by the number of the process, which is not that of the one that answers; else the setting counts."""
    direct: Any = connections[DEFAULT_DB_ALIAS]
    direct.ensure_connection()
    pooled = direct.copy("pooled")
    pooled.settings_dict = {**direct.settings_dict, "HOST": "127.0.0.1", "PORT": str(pooler)}
    pooled.settings_dict["PREPARED_STATEMENTS"] = told
    pooled.ensure_connection()
    try:
        assert pooled.connection.info.backend_pid == 7
        assert (pooled.prepare_threshold is not None) is bool(told)
        assert direct.prepare_threshold is not None
    finally:
        pooled.close()
