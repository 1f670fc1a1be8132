"""`manage.py worker`: a Celery worker with a pool of threads."""

from __future__ import annotations

import socket
import sys
import warnings
from typing import Any

from celery import signals
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from unified_api.celery import app
from unified_api.management.keys import require_master_keys
from unified_api.serve import interpreter
from unified_api.serve.broker import QUEUES
from unified_api.serve.children import follow_supervisor
from unified_api.serve.heartbeat import Heartbeat
from unified_api.serve.manners import give_way
from unified_api.sync.job import BULK

THREADS = 16


class Command(BaseCommand):
    """Does background work until Ctrl-C."""

    help = "Run a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which queues to serve, and with how many threads."""
        parser.add_argument(
            "--queue", action="append", choices=QUEUES, help="queue to serve; may be repeated (all)"
        )
        parser.add_argument("--threads", type=int, default=THREADS, help=f"threads ({THREADS})")

    def handle(self, *_: Any, queue: list[str] | None, threads: int, **__: Any) -> None:
        """Work; a heartbeat begins when the worker is ready to take tasks."""
        follow_supervisor()
        require_master_keys("worker")
        # Celery warns root because of pickle, which is not accepted here; containers run as root.
        warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
        queues = queue or list(QUEUES)
        if queues == [BULK]:
            give_way()
        heart = Heartbeat(settings.APP_LOGIN, f"worker {' '.join(queues)}")
        signals.worker_ready.connect(lambda **_: heart.start(), weak=False)
        worker = app.Worker(
            hostname=f"{'-'.join(queues)}@{socket.gethostname()}",
            queues=queues,
            concurrency=threads,
            pool_cls="threads",
            loglevel=settings.LOG_LEVEL,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        interpreter.prepare()
        worker.start()
        heart.stop()
        sys.exit(worker.exitcode)
