"""The address at which providers' webhooks arrive, below /webhooks/.

The tenant is found by the door that the address opens; until then no scope is open. The key in the address is a secret:
neither answers nor lines of the log repeat it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from integrations.kit.signatures import Delivery
from tenants import door
from tenants.scope import scope
from tenants.vault import Secret, VaultError
from unified_api.events import addresses, receiving
from unified_api.events.receiving import Taken

log = structlog.get_logger(__name__)
_ANSWERS: Final = {
    Taken.STORED: (HTTPStatus.ACCEPTED, "Stored."),
    Taken.KNOWN: (HTTPStatus.OK, "Known already."),
    Taken.REFUSED: (HTTPStatus.UNAUTHORIZED, "The signature is missing, wrong or too old."),
    Taken.FULL: (HTTPStatus.SERVICE_UNAVAILABLE, "Too many events wait; send it again later."),
    Taken.EARLY: (HTTPStatus.SERVICE_UNAVAILABLE, "It is being subscribed to; send it again later."),
    Taken.UNKNOWN: (HTTPStatus.NOT_FOUND, "Nothing is received at this address."),
}


@method_decorator(csrf_exempt, name="dispatch")
class Inbox(View):
    """webhooks/{key}: POST takes a delivery, whatever is in it; GET says that there is such an address."""

    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponseBase:
        """Answer; a database or key that is away for now is 503, so that the provider sends it again."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except (OperationalError, InterfaceError, VaultError) as error:
            log.warning("webhook.not_taken", error=type(error).__name__)
            return _answer(
                HTTPStatus.SERVICE_UNAVAILABLE, "It cannot be stored just now; send it again later."
            )

    def get(self, _request: HttpRequest, key: str) -> HttpResponse:
        """Tell a provider that looks before it sends."""
        entered = door.enter(addresses.DOOR, Secret(key))
        if entered is None or entered.reference is None:
            return _answer(*_ANSWERS[Taken.UNKNOWN])
        return _answer(HTTPStatus.OK, "Webhooks are received here.")

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Store the delivery."""
        size = request.META.get("CONTENT_LENGTH") or ""
        if not (size.isascii() and size.isdigit()):
            return _answer(HTTPStatus.LENGTH_REQUIRED, "Say how long it is by Content-Length.")
        if int(size[:20]) > receiving.MOST_BYTES:
            told = f"It is larger than {receiving.MOST_BYTES} bytes."
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
        entered = door.enter(addresses.DOOR, Secret(key))
        if entered is None or entered.reference is None:
            return _answer(*_ANSWERS[Taken.UNKNOWN])
        with scope(entered.tenant_id):
            taken = receiving.take(entered.reference, _delivery(request, key))
        if taken is Taken.REFUSED:
            log.info("webhook.refused", tenant=str(entered.tenant_id), linked_account=str(entered.reference))
        return _answer(*_ANSWERS[taken])

    def http_method_not_allowed(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """405, as JSON."""
        return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "Webhooks are sent by POST.", {"Allow": "GET, POST"})


def _delivery(request: HttpRequest, key: str) -> Delivery:
    """What came. Its address is the one that the provider was told, however the request found its way here."""
    query = request.META.get("QUERY_STRING", "")
    url = f"{addresses.known_base()}{addresses.PATH}{key}{f'?{query}' if query else ''}"
    headers = {name.lower(): value.replace("\x00", "") for name, value in request.headers.items()}
    return Delivery(headers, request.body, url)


def _answer(status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> HttpResponse:
    body = orjson.dumps({"message": message})
    more = {"Retry-After": "60"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    made = HttpResponse(
        body, status=status, content_type="application/json", headers={**more, **(headers or {})}
    )
    made._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django would log the path
    return made
