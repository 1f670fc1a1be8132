"""`manage.py web`: the web server alone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from unified_api.management.keys import require_master_keys
from unified_api.serve import web
from unified_api.serve.children import follow_supervisor


class Command(BaseCommand):
    """Serves API and console until Ctrl-C."""

    help = "Run the web server."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and with how many threads."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
        parser.add_argument("--threads", type=int, default=web.THREADS, help=f"threads ({web.THREADS})")

    def handle(self, *_: Any, host: str, port: int, threads: int, **__: Any) -> None:
        """Serve; CommandError when the port is taken, or a master key is wrong."""
        follow_supervisor()
        require_master_keys("web")
        connections.close_all()  # the serving process is forked from this one
        try:
            web.check_port(host, port)
        except web.PortTaken as error:
            raise CommandError(str(error)) from error
        web.serve(host, port, threads)
