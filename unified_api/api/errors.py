"""Answers that say no, in the shape of Django REST framework: `{"detail": …}` or `{"parameter": ["…"]}`. JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.http.response import HttpResponseServerError
from django.views.defaults import bad_request, page_not_found, server_error
from rest_framework.exceptions import APIException, AuthenticationFailed, ValidationError

JSON = "application/json"
_OPTIONS = orjson.OPT_UTC_Z


class Busy(APIException):
    """Nothing was begun; the same request may succeed `after` seconds from now."""

    status_code = 503
    default_code = "busy"

    def __init__(self, detail: str, after: float) -> None:
        super().__init__(detail)
        self.wait = max(1, round(after))


class TooMany(APIException):
    """The account has had its requests of this minute; nothing was begun. It has more `after` seconds from now."""

    status_code = 429
    default_code = "too_many"

    def __init__(self, detail: str, after: float) -> None:
        super().__init__(detail)
        self.wait = max(1, math.ceil(after))


class TooSlow(APIException):
    """Whoever was asked did not answer in time; nothing was changed, and it may be asked again."""

    status_code = 408
    default_code = "too_slow"


class Lengthless(APIException):
    """The server reads bodies of a known length only."""

    status_code = 411
    default_detail = "Say by Content-Length how long the body is; it is not read in chunks."


class TooLarge(APIException):
    """The body of the request is larger than the server takes."""

    status_code = 413
    default_detail = "The body of the request is too large."


class Conflicting(APIException):
    """What was asked for cannot be done as things stand; the sentence says how they do."""

    status_code = 409
    default_code = "conflict"


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """JSON, whatever the caller says that it accepts."""
    return HttpResponse(
        orjson.dumps(data, option=_OPTIONS), status=status, content_type=JSON, headers=dict(headers or {})
    )


def malformed(parameter: str, sentence: str) -> ValidationError:
    """A parameter, or a key of the body, that cannot be understood."""
    return ValidationError({parameter: [sentence]})


def conflict(sentence: str) -> Conflicting:
    """What was asked for cannot be done as things stand."""
    return Conflicting(sentence)


@contextmanager
def deciding(*refusals: type[Exception]) -> Iterator[None]:
    """A transaction in which a person decides something; what these say against it is a 409, and nothing is stored."""
    with transaction.atomic():
        try:
            yield
        except refusals as error:
            raise conflict(str(error)) from error


def of(error: APIException) -> HttpResponse:
    """The answer that an exception stands for."""
    detail = error.detail
    data = detail if isinstance(detail, dict) else {"detail": detail}
    headers = {}
    if isinstance(error, AuthenticationFailed):
        headers["WWW-Authenticate"] = "Bearer"
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(wait)
    return answer(data, error.status_code, headers)


def broken() -> HttpResponse:
    """The answer when we failed: it names what to look for in the logs."""
    known = structlog.contextvars.get_contextvars().get("correlation_id")
    sentence = "Isthmus failed on this request. Tell its operator the correlation id."
    return answer({"detail": sentence, "correlation_id": known}, 500)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse | HttpResponseNotFound:
    """Django's 404, as JSON below /api/."""
    if request.path.startswith("/api/"):
        return answer({"detail": "Not found."}, 404)
    return page_not_found(request, exception)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse | HttpResponseBadRequest:
    """Django's 400, as JSON below /api/."""
    if request.path.startswith("/api/"):
        return answer({"detail": "The request is malformed."}, 400)
    return bad_request(request, exception)


def failed(request: HttpRequest) -> HttpResponse | HttpResponseServerError:
    """Django's 500, as JSON below /api/."""
    return broken() if request.path.startswith("/api/") else server_error(request)
