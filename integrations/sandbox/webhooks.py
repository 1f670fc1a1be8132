"""Webhooks of the sandbox as the kit sees them: what a delivery is like, and how they are asked for.

POST /webhooks           {"url": …, "secret": …}; in the place of what was sent there before
DELETE /webhooks/{id}

X-Sandbox-Timestamp: 1772366400
X-Sandbox-Signature: sha256=…
{"id": …, "what": "changed", "kind": "ticket", "object": "ticket-1001", "at": …}
"""

from __future__ import annotations

from typing import Final

from integrations.kit.endpoints import Api
from integrations.kit.signatures import Header, Hmac
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from integrations.sandbox.spelling import kind_of
from unified_api.models.base import common_models

SIGNATURE: Final = "X-Sandbox-Signature"
TIMESTAMP: Final = "X-Sandbox-Timestamp"
#: What a signature begins with, behind which its digest stands; and what the digest is made of.
SCHEME: Final = "sha256="
BASE: Final = "{timestamp}.{body}"


def webhooks(category: str) -> Webhooks:
    """Those of the sandboxes of a category."""
    return Webhooks(
        proof=Hmac(SIGNATURE, prefix=SCHEME, base=BASE, timestamp=Header(TIMESTAMP)),
        models={kind_of(model): model for model in common_models(category)},
        word="kind",
        remote_id="object",
        event_id="id",
        subscriptions=Subscriptions(make=_subscribe, remove=_unsubscribe),
    )


def _subscribe(api: Api, callback: Callback) -> Subscribed:
    told = {"url": callback.url, "secret": callback.secret.reveal()}
    return Subscribed(str(api.send("POST", "/webhooks", told, repeatable=True)["id"]))


def _unsubscribe(api: Api, subscription: str) -> None:
    api.send("DELETE", f"/webhooks/{subscription}", repeatable=True)
