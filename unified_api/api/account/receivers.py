"""Webhook receivers: events of which the provider tells an account, and the keys by which it is known."""

from __future__ import annotations

import os
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from tenants import audit, secrets
from tenants.tokens import Prefix, new_token
from tenants.vault import Secret
from unified_api.api import bodies
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.schema import FLAG, TEXT, many, maybe, named, record
from unified_api.events import addresses
from unified_api.sync import clock
from unified_api.sync.models_account import WebhookReceiver

_EVENT: Final = bodies.text("event", "The provider's name of the event.")
_ACTIVE: Final = bodies.flag("is_active", "Whether it is listened to.")
_KEY: Final = bodies.maybe_text("key", "By which the provider is known; one is made where none is given.")
_RECEIVER: Final = named("WebhookReceiver", record({"event": TEXT, "is_active": FLAG, "key": maybe(TEXT)}))


class WebhookReceivers(Endpoint):
    """GET and POST webhook-receivers."""

    tag = "accounts"
    operations = {
        "get": Operation({200: many(_RECEIVER)}),
        "post": Operation({200: _RECEIVER}, body=bodies.body(_EVENT, _ACTIVE, _KEY)),
    }

    def get(self, _request: Request) -> HttpResponse:
        """The account's receivers, without their keys."""
        with transaction.atomic():
            rows = WebhookReceiver.objects.filter(linked_account_id=self.account.id).order_by("event")
            return answer([_shown(row, None) for row in rows])

    def post(self, _request: Request) -> HttpResponse:
        """A receiver of an event, in the place of the one that there was; its key is shown this once."""
        body = self.body()
        event, active, key = (one.of(body) for one in (_EVENT, _ACTIVE, _KEY))
        secret = Secret(str(key)) if key else new_token(Prefix.WEBHOOK_RECEIVER, os.urandom)
        with transaction.atomic():
            addresses.made(self.account)
            made, _ = WebhookReceiver.objects.select_for_update().get_or_create(
                linked_account_id=self.account.id,
                event=event,
                defaults={"is_active": active, "created_at": clock.now()},
            )
            made.is_active = active
            secrets.put(secret, made, "sealed_key")
            made.save()
            audit.record("webhook_receiver.set", subject=str(self.account.id), receives=event, active=active)
        return answer(_shown(made, secret.reveal()))


def _shown(row: WebhookReceiver, key: str | None) -> dict[str, Any]:
    return {"event": row.event, "is_active": row.is_active, "key": key}
