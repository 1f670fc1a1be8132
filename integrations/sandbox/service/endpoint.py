"""What all addresses of the sandbox share: whose key it is, how the sandbox behaves, and JSON."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, ClassVar, Final, NamedTuple

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox.models import Sandbox
from integrations.sandbox.service import behaviour, bodies, granting, keeping, pausing, store
from integrations.sandbox.service.errors import Refused, invalid, understanding
from tenants import door
from tenants.scope import current_tenant, scope
from tenants.vault import Secret
from unified_api.serve.lengths import is_lengthless

_HARMLESS: Final = frozenset({"GET", "HEAD"})


@method_decorator(csrf_exempt, name="dispatch")
class Endpoint(View):
    """One address below a sandbox's own. Its methods run in the scope of the sandbox's tenant, outside transactions.

    behaves: whether the sandbox behaves there as it was told; where it is told, it does not. owners: methods that take
    the sandbox's key, and no access token of an application.
    """

    behaves: ClassVar[bool] = True
    owners: ClassVar[frozenset[str]] = frozenset()
    sleep: Callable[[float], None] = staticmethod(time.sleep)
    sandbox_id: uuid.UUID

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; every refusal as JSON."""
        try:
            entered = _entered(request, self.owners)
            with scope(entered.tenant_id), understanding():
                self.sandbox_id = entered.sandbox_id
                return self._within(request, *args, **kwargs)
        except Refused as error:
            return error.response()

    def _within(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        turn = self._turn(request)
        if turn.seconds:
            pausing.pause(current_tenant(), turn.seconds, self.sleep)
        if turn.refused:
            raise turn.refused
        response = super().dispatch(request, *args, **kwargs)
        if turn.drops and response.status_code < HTTPStatus.BAD_REQUEST:
            return cut_short()
        for name, value in turn.headers.items():
            response[name] = value
        return response

    def _turn(self, request: HttpRequest) -> behaviour.Turn:
        if not self.behaves:
            return behaviour.Turn()
        return behaviour.take_turn(self.sandbox_id, timezone.now(), writes=request.method not in _HARMLESS)

    def sandbox(self) -> Sandbox:
        """The sandbox of the key; in the open transaction."""
        found: Sandbox = Sandbox.objects.get(id=self.sandbox_id)
        return found

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; raises Refused."""
        return body_of(self.request)

    def http_method_not_allowed(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """405, as JSON."""
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not offered here.")


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent; raises Refused."""
    if is_lengthless(request):
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Say how long the body is by Content-Length.")
    return parsed(request.body)


def parsed(text: bytes | str) -> dict[str, Any]:
    """A JSON object, of which everything can be stored; raises Refused."""
    try:
        told = orjson.loads(text or b"{}")
    except orjson.JSONDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}") from error
    if not isinstance(told, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body has to be a JSON object.")
    if faults := {name: why for name, value in told.items() if (why := bodies.unstorable([name, value]))}:
        raise invalid(faults)
    return told


def bearer(request: HttpRequest) -> Secret | None:
    """What a request carries to be let in."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return Secret(text.strip()) if scheme.lower() == "bearer" and text.strip() else None


def cut_short() -> HttpResponseBase:
    """An answer that says how long it is, and ends before: a server can only break the connection then."""
    pieces: Iterable[bytes] = [b"{"]
    return StreamingHttpResponse(pieces, content_type="application/json", headers={"Content-Length": "1000"})


class _Entered(NamedTuple):
    """Whose key or access token came."""

    tenant_id: uuid.UUID
    sandbox_id: uuid.UUID


def _entered(request: HttpRequest, owners: frozenset[str]) -> _Entered:
    key = bearer(request)
    found = (door.enter(store.DOOR, key) or door.enter(granting.ACCESS, key)) if key else None
    if found is None:
        raise Refused(HTTPStatus.UNAUTHORIZED, "The key or access token is missing, unknown, or over.")
    by_grant = found.kind == granting.ACCESS
    if by_grant and request.method in owners:
        raise Refused(HTTPStatus.FORBIDDEN, "This takes the sandbox's key; a token opens its records alone.")
    with scope(found.tenant_id), transaction.atomic():
        opened = granting.sandbox_of(found.reference) if by_grant else found.reference
        sandbox = Sandbox.objects.filter(id=opened).first()
        if sandbox is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The sandbox of this key is gone.")
        keeping.note_use(sandbox, timezone.now())
    return _Entered(found.tenant_id, sandbox.id)
