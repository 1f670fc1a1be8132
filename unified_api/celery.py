"""The Celery application. Tasks live in `tasks.py` of the apps; their settings begin with CELERY_."""

from __future__ import annotations

import os
from typing import Any

import structlog
from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")

app = Celery("isthmus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

CORRELATION = "correlation_id"


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """A receiver here keeps Celery from configuring logging by itself."""


@signals.before_task_publish.connect
def _send_correlation(headers: dict[str, Any], **_: Any) -> None:
    known = structlog.contextvars.get_contextvars().get(CORRELATION)
    if known:
        headers[CORRELATION] = known


@signals.task_prerun.connect
def _take_correlation(task_id: str, task: Any, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    known = getattr(task.request, CORRELATION, None) or task_id
    structlog.contextvars.bind_contextvars(**{CORRELATION: known, "task": task.name})


@signals.task_postrun.connect
def _drop_correlation(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()
