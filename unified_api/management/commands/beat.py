"""`manage.py beat`: the clock that sends the tick. One per installation; a second one does no harm."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from unified_api.celery import app
from unified_api.management.keys import require_master_keys
from unified_api.serve.children import follow_supervisor
from unified_api.serve.heartbeat import Heartbeat


class Command(BaseCommand):
    """Sends the tick every second until Ctrl-C; its schedule is in memory."""

    help = "Run the clock that wakes the workers."

    def handle(self, *_: Any, **__: Any) -> None:
        """Tick until SIGINT or SIGTERM."""
        follow_supervisor()
        require_master_keys("beat")
        Heartbeat(settings.APP_LOGIN, "beat").start()
        app.Beat(loglevel=settings.LOG_LEVEL, quiet=True).run()
