"""Heartbeats without a table: each worker holds one named database connection, and speaks regularly.

Postgres forgets the connection with the process, however that ends, so nothing has to be cleaned up.
"""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import structlog

from unified_api.serve.logins import Login

PREFIX = "isthmus beat: "
SECONDS = 2.0

log = structlog.get_logger(__name__)

_QUERY = """
SELECT substr(application_name, length(%(prefix)s) + 1),
       max(extract(epoch FROM clock_timestamp() - greatest(state_change, backend_start)))
FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %(prefix)s)
GROUP BY 1 ORDER BY 1
"""


def ages(cursor: Any) -> dict[str, float]:
    """Seconds since the last sign of life, by part; the oldest when there are several of a kind."""
    cursor.execute(_QUERY, {"prefix": PREFIX})
    return {part: round(float(age), 1) for part, age in cursor.fetchall()}


class Heartbeat(threading.Thread):
    """A thread that shows that this process lives; a lost database is waited for."""

    def __init__(self, login: Login, part: str, seconds: float = SECONDS) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._conninfo = login.conninfo(application_name=PREFIX + part, connect_timeout=5)
        self._seconds = seconds
        self._end = threading.Event()

    def run(self) -> None:
        """Beat until `stop`."""
        while not self._end.is_set():
            try:
                self._beat()
            except psycopg.OperationalError as error:
                log.warning("heartbeat.lost", detail=str(error).strip().split("\n", 1)[0])
                self._end.wait(self._seconds)

    def stop(self) -> None:
        """End the thread soon."""
        self._end.set()

    def _beat(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            while not self._end.wait(self._seconds):
                connection.execute("SELECT 1")
