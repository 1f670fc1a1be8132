"""Logs: structlog over the standard library's, JSON for machines or readable lines for people.

One correlation id goes from a request through its tasks to the calls of providers: it is bound to the context
here, sent along with each task by `unified_api.celery`, and part of every line.
"""

from __future__ import annotations

import logging
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from tenants.tokens import Prefix

HEADER = "X-Correlation-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,80}")
_FORMS = ("json", "console")

#: Whoever logs a path, or what a caller sent, logs the tokens in it, and the code with which a provider sends somebody
#: back.
_TOKEN = re.compile(rf"({'|'.join(Prefix)})[A-Za-z0-9_-]+|([?&]code=)[^\s&'\">]+")


def _without_query(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    """A request stands in lines of Django's by its method and path: tokens and people's data are in the query."""
    for name, value in line.items():
        if isinstance(value, HttpRequest):
            line[name] = f"{value.method} {value.path}"
    return line


def _without_tokens(_logger: Any, _method: str, line: Any) -> str:
    """The line as it is written, exceptions included: of a token, what it opens."""
    return _TOKEN.sub(r"\1\2...", line)


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    _without_query,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


#: Local variables may hold secrets, so tracebacks go without them.
_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at that moment, since tests exchange it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        self.stream = sys.stderr
        super().emit(record)


def configure(*, form: str, level: str) -> None:
    """Send everything that is logged to standard error, as `json` or for the `console`."""
    if form not in _FORMS:
        raise ImproperlyConfigured(f"LOG_FORMAT is {form!r}; write json or console.")
    if level not in logging.getLevelNamesMapping():
        raise ImproperlyConfigured(f"LOG_LEVEL is {level!r}; write DEBUG, INFO, WARNING or ERROR.")
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = StandardError()
    handler.setFormatter(_formatter(form))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in (
        "urllib3",
        "httpx",
        "celery.beat",
        "celery.worker.strategy",
        "celery.app.trace",
        "pgmq",
        "psycopg",
    ):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    logging.captureWarnings(capture=True)


@contextmanager
def at(level: str) -> Iterator[None]:
    """Within the block, log what is of this level or above."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    try:
        yield
    finally:
        root.setLevel(before)


def _formatter(form: str) -> logging.Formatter:
    ends: dict[str, list[Any]] = {
        "json": [structlog.processors.ExceptionRenderer(_TRACEBACKS), structlog.processors.JSONRenderer()],
        "console": [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)],
    }
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends[form], _without_tokens],
    )


def correlate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: take the caller's correlation id if it is harmless, else make one; answer with it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        offered = request.headers.get(HEADER, "")
        known = offered if _ACCEPTED.fullmatch(offered) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=known)
        response = get_response(request)
        response.headers[HEADER] = known
        return response

    return middleware
