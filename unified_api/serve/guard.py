"""Standing by an embedded Postgres: where the keeper itself was killed, whoever still holds the cluster starts another.

The keeper starts a server that was killed; nobody starts the keeper but a process that comes to hold the cluster. One
that holds it already would otherwise wait for ever.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self

import psycopg
import structlog

from unified_api.serve.postgres import Cluster, ClusterError

log = structlog.get_logger(__name__)
#: Seconds between two looks, and between two attempts at the most where the server does not start.
LOOK: Final = 1.0
LONGEST: Final = 60.0


class Guard(threading.Thread):
    """Looks after the keeper of a cluster that this process holds, until the end of its block."""

    def __init__(self, cluster: Cluster, secret_key: str, look: float = LOOK) -> None:
        super().__init__(name="guard", daemon=True)
        self._cluster, self._secret_key, self._look = cluster, secret_key, look
        self._end = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end.set()

    def run(self) -> None:
        """Look until the end; ever later while it fails."""
        pause = self._look
        while not self._end.wait(pause):
            pause = self._look if self._stand_by() else min(2 * pause, LONGEST)

    def _stand_by(self) -> bool:
        try:
            if self._cluster.revive(self._secret_key):
                log.warning("postgres.keeper_started_again")
        except (ClusterError, psycopg.Error, OSError) as error:
            log.warning("postgres.keeper_missing", problem=str(error).strip().partition("\n")[0])
            return False
        return True
