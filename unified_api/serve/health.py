"""/healthz: whether this installation works, as JSON, for people, load balancers and `manage.py status`.

Workers and beat are seen by the connection that each holds to the database: its name says who it is, and the
time since its last statement is the age of the heartbeat (see `unified_api.serve.heartbeat`).
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu import Connection
from kombu.exceptions import OperationalError

from unified_api import __version__
from unified_api.serve.heartbeat import ages

log = structlog.get_logger(__name__)


def state() -> dict[str, Any]:
    """Version, and per part whether it works; `heartbeats` are ages in seconds, by part.

    `problem` is there when the database does not answer, and says why.
    """
    try:
        with connection.cursor() as cursor:
            heartbeats: dict[str, float] = ages(cursor)
    except DatabaseError as error:
        problem = str(error).strip().partition("\n")[0]
        log.warning("health.database", problem=problem)
        return _state(database=False, problem=problem)
    return _state(database=True, heartbeats=heartbeats)


def healthz(_request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer, else 503; workers are reported and do not decide."""
    found = state()
    found.pop("problem", None)  # it names hosts and logins, and anyone may ask
    return JsonResponse(found, status=200 if found["database"] and found["broker"] else 503)


def broker_answers() -> bool:
    """Whether the broker takes a connection just now."""
    if settings.BROKER_LOGIN is not None:
        try:
            psycopg.connect(settings.BROKER_LOGIN.conninfo(connect_timeout=2)).close()
        except psycopg.OperationalError:
            return False
        return True
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, OSError):
        return False
    return True


def _state(*, database: bool, **more: Any) -> dict[str, Any]:
    return {
        "version": __version__,
        "database": database,
        "broker": broker_answers(),
        "heartbeats": {},
        **more,
    }
