"""Making sandboxes: for who has an API key of a tenant, of either kind."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox.service import store
from integrations.sandbox.service.endpoint import bearer, body_of
from integrations.sandbox.service.errors import Refused, answer, invalid, understanding
from integrations.sandbox.spelling import categories
from tenants import audit, callers
from tenants.audit import acting
from tenants.scope import scope


@method_decorator(csrf_exempt, name="dispatch")
class Accounts(View):
    """accounts: POST makes a sandbox; its key is shown this once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """A sandbox of a category, with what a seed gives."""
        try:
            with understanding():
                return self._make(request)
        except Refused as error:
            return error.response()

    def _make(self, request: HttpRequest) -> HttpResponse:
        key = bearer(request)
        caller = callers.recognise(key, None) if key else None
        if caller is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The API key is missing, unknown or revoked.")
        body = body_of(request)
        category, seed = body.get("category"), body.get("seed", "1")
        if category not in categories():
            raise invalid({"category": f"one of {', '.join(categories())} is due"})
        if not isinstance(seed, str):
            raise invalid({"seed": "a text is due"})
        with scope(caller.key.tenant_id), acting("api_key", caller.key.hint), transaction.atomic():
            made = store.make(category, seed)
            audit.record("sandbox.made", subject=str(made.sandbox.id), category=category)
        told = {"account": str(made.sandbox.id), "category": category, "seed": seed}
        return answer({**told, "key": made.key.reveal()}, HTTPStatus.CREATED)
