"""/api/sync/v1/webhooks: where the product is told what happens; added, tried, resumed and removed."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from tenants.models import ApiKey
from unified_api.api import bodies, bulkhead, newest, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import (
    FLAG,
    INSTANT,
    TEXT,
    WHOLE,
    columns,
    many,
    maybe,
    more,
    named,
    record,
)
from unified_api.api.openapi.schema import page as page_of
from unified_api.events import hooks, outbox
from unified_api.sync.models_hooks import Hook

_COLUMNS = ("id", "url", "is_test", "delivered", "failures", "problem", "rests")
_TIMES = ("created_at", "last_delivered_at", "failing_since", "retry_at")
_SHOWN: Final = record(
    {**columns(Hook, *_COLUMNS, *_TIMES), "events": many(TEXT), "untold_since": maybe(INSTANT)}
)
_HOOK: Final = named("Webhook", _SHOWN)
_ADDED: Final = named("AddedWebhook", more(_SHOWN, {"secret": TEXT}))
_TRIED: Final = named(
    "TriedWebhook", record({"is_delivered": FLAG, "status": maybe(WHOLE), "problem": maybe(TEXT)})
)
_URL: Final = bodies.formed_text("url", "Where to post; https.", hooks.ADDRESS)
_EVENTS: Final = bodies.maybe_words(
    "events", outbox.events(), "The events that are wanted; all, where none is named."
)


class Webhooks(Endpoint):
    """GET and POST webhooks."""

    needs_account = False
    tag = "webhooks"
    operations = {
        "get": Operation({200: page_of(_HOOK)}, query=PAGING),
        "post": Operation({201: _ADDED}, body=bodies.body(_URL, _EVENTS)),
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of the webhooks that are sent, the newest first, and how it goes with them; without secrets."""
        with transaction.atomic():
            window = Window.asked(self.params, f"{self.key.tenant_id} webhooks")
            found, page = newest.page(window, reach.hooks(self.key), "created_at")
            return answer({**page, "results": [hooks.shown(hook) for hook in found]})

    def post(self, _request: Request) -> HttpResponse:
        """Send what happens from now on to an address: of test accounts for a test key, else of production ones.

        The secret by which it is signed is in this answer, and never shown again.
        """
        body = self.body()
        url, events, is_test = _URL.of(body), _EVENTS.of(body), self.key.kind == ApiKey.Kind.TEST
        try:
            hook, secret = hooks.add(url, events=events, is_test=is_test)
        except hooks.HookRefused as error:
            raise malformed(error.about, str(error)) from error
        with transaction.atomic():
            return answer({**hooks.shown(hook), "secret": secret.reveal()}, 201)


class OneWebhook(Endpoint):
    """GET and DELETE webhooks/{id}."""

    needs_account = False
    tag = "webhooks"
    operations = {"get": answers(_HOOK), "delete": answers(_HOOK)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The webhook, and how it goes with it."""
        with transaction.atomic():
            return answer(hooks.shown(self.hook(id)))

    def delete(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Send nothing more there; what was still to be told is forgotten. How it stood."""
        with transaction.atomic():
            hook = self.hook(id)
            stood = hooks.shown(hook)
            hooks.remove(hook)
            return answer(stood)

    def hook(self, text: str) -> Hook:
        """The hook of a path; raises NotFound."""
        return reach.one(reach.hooks(self.key), text)


class Resume(OneWebhook):
    """POST webhooks/{id}/resume."""

    operations = {"post": answers(_HOOK)}
    http_method_names = ("post",)

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Try again at once, from where it stopped."""
        with transaction.atomic():
            hooks.resume(self.hook(id))
            return answer(hooks.shown(self.hook(id)))


class Trial(OneWebhook):
    """POST webhooks/{id}/test."""

    operations = {"post": answers(_TRIED)}
    http_method_names = ("post",)

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Post a message that means nothing, once; what came of it."""
        with transaction.atomic():
            hook = self.hook(id)
        with bulkhead.slot():
            return answer(hooks.tried(hooks.try_out(hook)))
