"""`manage.py up`: everything at once, on one machine."""

from __future__ import annotations

import http.client
import json
import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from unified_api import __version__
from unified_api.management.keys import require_master_keys
from unified_api.serve import web
from unified_api.serve.broker import QUEUES
from unified_api.serve.children import follow_supervisor
from unified_api.serve.supervisor import Supervisor, manage_command


class Command(BaseCommand):
    """Migrates, then runs web, workers and beat until Ctrl-C."""

    help = "Run everything: web server, workers and clock, and the embedded database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")

    def handle(self, *_: Any, host: str, port: int, **__: Any) -> None:
        """Run until SIGINT or SIGTERM; CommandError when the port is taken, or a master key is wrong."""
        follow_supervisor()
        try:
            web.check_port(host, port)
        except web.PortTaken as error:
            raise CommandError(str(error)) from error
        os.environ.setdefault("SANDBOX_URL", f"http://{_reached(host)}:{port}/sandbox")  # children inherit it
        supervisor = Supervisor(commands(host, port), self.stdout)
        proven = require_master_keys("up")
        supervisor.say("migrating the database")
        call_command("migrate", verbosity=0, interactive=False)
        if not proven:  # a database of an earlier version could not be asked before
            require_master_keys("up")
        connections.close_all()
        address = f"http://{host}:{port}"
        supervisor.run(
            ready=lambda: is_ready(host, port),
            announce=lambda: supervisor.write(
                f"Isthmus {__version__} is ready at {address} (Ctrl-C stops it)"
            ),
        )


def commands(host: str, port: int) -> dict[str, list[str]]:
    """The processes by name."""
    workers = {queue: manage_command("worker", "--queue", queue) for queue in QUEUES}
    return {
        "web": manage_command("web", "--host", host, "--port", str(port)),
        **workers,
        "beat": manage_command("beat"),
    }


def is_ready(host: str, port: int) -> bool:
    """Whether /healthz is well and hears every part."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": _host_name()})
        answer = connection.getresponse()
        state = json.loads(answer.read())
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return False
    finally:
        connection.close()
    expected = {"beat", *(f"worker {queue}" for queue in QUEUES)}
    return answer.status == http.client.OK and expected <= set(state["heartbeats"])


def _reached(host: str) -> str:
    """Where a process of this machine reaches a server that listens there."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not listened on


def _host_name() -> str:
    known = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    return known[0] if known else "localhost"
