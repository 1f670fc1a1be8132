"""The web server: granian, one process that runs the application in threads."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from unified_api.serve.children import follow_parent

#: Many, because some endpoints wait for providers.
THREADS = 64
STOP_SECONDS = 4


class PortTaken(RuntimeError):
    """The address cannot be listened on. The sentence says what to do."""


class Server(MPServer):
    """Granian, which stops however many signals say so at once.

    The kernel sends one for each thread of a supervisor that was killed. Granian's handler sets an event, and who does
    so within that, as a second signal has the same thread do, waits for itself for ever.
    """

    def signal_handler_interrupt(self, *told: Any, **more: Any) -> None:
        """Once is enough."""
        if not self.interrupt_signal:
            super().signal_handler_interrupt(*told, **more)  # type: ignore[no-untyped-call]


def check_port(host: str, port: int) -> None:
    """Raise PortTaken when the web server could not listen there."""
    if not 0 < port < 65536:  # noqa: PLR2004 - what a port is
        raise PortTaken(f"There is no port {port}: choose one from 1 to 65535 by --port.")
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise PortTaken(
            f"Port {port} of {host} is not free ({os.strerror(error.errno or 0)}): choose another by --port."
        ) from error


def load_application() -> Callable[..., Any]:
    """The application, in the process that serves it; that process must not outlive its parent."""
    follow_parent()
    from unified_api.wsgi import application

    return application


def serve(host: str, port: int, threads: int = THREADS) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = Server(
        "unified_api.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        websockets=False,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig={"loggers": {"_granian": {"handlers": [], "propagate": True}}},
    )
    server.serve(target_loader=load_application, wrap_loader=False)
