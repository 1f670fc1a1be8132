"""How the sandbox refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError


class Refused(Exception):
    """An answer that is no success. fields: reasons by the sandbox's own names. headers: of the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})

    def response(self) -> HttpResponse:
        """What the caller gets."""
        told: dict[str, Any] = {"message": str(self), **({"errors": self.fields} if self.fields else {})}
        made = answer(told, self.status, self.headers)
        made._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django's mark: our server is well
        return made


def answer(data: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """JSON."""
    return HttpResponse(
        orjson.dumps(data), status=status, content_type="application/json", headers=dict(headers or {})
    )


@contextmanager
def understanding() -> Iterator[None]:
    """Within this block a request is read; raises Refused where Django cannot."""
    try:
        yield
    except RequestDataTooBig as error:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.") from error
    except (SuspiciousOperation, MultiPartParserError) as error:
        raise malformed(f"The request is not understood: {error}") from error


def invalid(fields: Mapping[str, str]) -> Refused:
    """Values that cannot be stored."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Some values cannot be stored.", fields=fields)


def malformed(message: str) -> Refused:
    """A request that is not understood."""
    return Refused(HTTPStatus.BAD_REQUEST, message)


def unknown(kind: str, name: str) -> Refused:
    """A record that is not there."""
    return Refused(HTTPStatus.NOT_FOUND, f"There is no {kind} {name}.")
