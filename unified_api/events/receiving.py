"""Taking a delivery: proved, stored, answered. All else is a worker's.

What does not prove to be the provider's is counted, and nothing of it is kept. While the provider is being subscribed
anew it may sign by a secret that nobody here knows yet: it is asked to come again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.db import IntegrityError, transaction

from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Webhooks
from tenants import secrets
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api.events import addresses, following, subscribing
from unified_api.sync import clock, issues, job
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent

#: Bytes of a delivery.
MOST_BYTES: Final = 1024 * 1024
#: Events of one account that wait; beyond, the provider is asked to come again.
MOST_WAITING: Final = 5_000
#: Refused ones in a row until a person is to look at it.
WORTH_A_LOOK: Final = 5
#: Characters of a header that are kept.
_LONGEST: Final = 500


class Taken(Enum):
    """What became of a delivery."""

    STORED = "stored"
    KNOWN = "known"
    REFUSED = "refused"
    FULL = "full"
    EARLY = "early"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Known:
    """What a delivery is judged by."""

    account: LinkedAccount
    address: WebhookAddress
    webhooks: Webhooks
    secrets: list[Secret]


def take(account_id: uuid.UUID, delivery: Delivery) -> Taken:
    """Store what an account's provider sent, in the scope of its tenant. Once it returns, no event is lost."""
    known = _known(account_id)
    if known is None:
        return Taken.UNKNOWN
    now = clock.now()
    holds = known.webhooks.proof.holds(delivery, known.secrets, now)
    with transaction.atomic(durable=True):
        address = WebhookAddress.objects.select_for_update().filter(linked_account_id=account_id).first()
        if address is None:  # erased meanwhile
            return Taken.UNKNOWN
        if holds:
            return _accept(address, known, delivery, now)
        return Taken.EARLY if _is_early(address, known) else _refuse(address, known.account, now)


def _known(account_id: uuid.UUID) -> _Known | None:
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=account_id, deleted_at=None).first()
        address = WebhookAddress.objects.filter(linked_account_id=account_id).first()
        webhooks = addresses.webhooks_of(account) if account else None
        if account is None or address is None or webhooks is None:
            return None
        signed = webhooks.proof.signed
        found = addresses.secrets_of(address, addresses.receivers_of(account_id)) if signed else []
    return _Known(account, address, webhooks, found)


def _is_early(address: WebhookAddress, known: _Known) -> bool:
    """Whether it may be signed by a secret that comes with a subscription, or came since this one was judged."""
    now_known = address.subscribed_at != known.address.subscribed_at
    return now_known or job.is_under_way(subscribing.KIND, known.account.id)


def _accept(address: WebhookAddress, known: _Known, delivery: Delivery, now: dt.datetime) -> Taken:
    waiting = WebhookEvent.objects.filter(linked_account_id=known.account.id, ended_at=None)
    if waiting[MOST_WAITING : MOST_WAITING + 1].exists():
        return Taken.FULL
    if address.refused_in_row >= WORTH_A_LOOK:
        issues.resolve(issues.SIGNATURES, known.account.id)
    address.accepted, address.refused_in_row, address.last_accepted_at = address.accepted + 1, 0, now
    address.save(update_fields=["accepted", "refused_in_row", "last_accepted_at"])
    if not _store(known, delivery, now):
        return Taken.KNOWN
    job.ask(following.KIND, known.account.id, priority=following.PRIORITY)
    return Taken.STORED


def _store(known: _Known, delivery: Delivery, now: dt.datetime) -> bool:
    """Keep a delivery; False for one that is here already."""
    told = {name: delivery.headers.get(name, "")[:_LONGEST] for name in known.webhooks.headers}
    event = WebhookEvent(
        linked_account_id=known.account.id,
        name=known.webhooks.name_of(delivery),
        digest=_digest(delivery.body, told),
        headers=told,
        received_at=now,
    )
    secrets.put(Secret(delivery.body.decode("latin-1")), event, "sealed_body")
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _digest(body: bytes, headers: dict[str, str]) -> bytes:
    about = "\x1f".join(f"{name}={value}" for name, value in sorted(headers.items()))
    return hashlib.sha256(about.encode(errors="surrogatepass") + b"\x1e" + body).digest()


def _refuse(address: WebhookAddress, account: LinkedAccount, now: dt.datetime) -> Taken:
    address.refused, address.refused_in_row = address.refused + 1, address.refused_in_row + 1
    address.last_refused_at = now
    address.save(update_fields=["refused", "refused_in_row", "last_refused_at"])
    if address.refused_in_row % WORTH_A_LOOK == 0:
        told = (
            f"The last {address.refused_in_row} webhooks about {account} did not prove to be its provider's,"
        )
        told += " and were not followed. Have the account linked again, or give the key by which the provider signs to"
        told += " webhook-receivers. Until then changes are found by reading."
        issues.open_issue(
            issues.SIGNATURES,
            account.id,
            told,
            linked_account_id=account.id,
            details={"refused": address.refused},
        )
    return Taken.REFUSED
