"""From a linked account to a client that can call its provider: credential, shared rate limit, guard and moments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final, Self

from django.conf import settings
from django.db import transaction

from integrations.kit.client import Client
from integrations.kit.guard import Guard
from integrations.kit.observation import Connection
from integrations.kit.provider import Provider
from tenants import audit
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.sync import job
from unified_api.sync.limit import SharedLimiter
from unified_api.sync.models import Stream
from unified_api.sync.moments import Moments

PAUSED_FOR_RELINK: Final = "RELINK_NEEDED"


@dataclass(frozen=True)
class Line:
    """An open way to one account's provider, closed at the end of its block; never passed between threads."""

    account_id: uuid.UUID
    client: Client
    moments: Moments

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.close()


def provider_of(account: LinkedAccount) -> Provider:
    """The adapter of an account; raises UnknownIntegration when it is no longer installed."""
    provider: Provider = registry.by_slug(account.integration)
    return provider


def line(account: LinkedAccount) -> Line:
    """Open the account's credential and make its client."""
    with transaction.atomic():
        credential = account.credential()
    moments = Moments()
    connection = Connection(
        settings=account.settings,
        secrets=credential,
        limiter=SharedLimiter(account.id),
        guard=guard(),
        moments=moments.draw,
    )
    return Line(account.id, Client(provider_of(account), connection), moments)


def guard() -> Guard:
    """What the operator allows beside the public internet: host names, and ranges such as 10.1.0.0/16."""
    ranges = tuple(word for word in settings.ALLOW_PRIVATE_HOSTS if "/" in word)
    return Guard(
        allow_hosts=frozenset(word for word in settings.ALLOW_PRIVATE_HOSTS if "/" not in word),
        allow_networks=ranges,
    )


def pause(account: LinkedAccount, why: str) -> None:
    """The credential is refused: nothing is read or written until the account is linked again."""
    LinkedAccount.objects.filter(id=account.id).update(status=PAUSED_FOR_RELINK, status_detail=why)
    for stream in Stream.objects.filter(linked_account_id=account.id):
        job.forget("pull", stream.id)
    audit.record("linked_account.relink_needed", subject=str(account.id), why=why)


def pause_alone(account: LinkedAccount, why: str) -> None:
    """The same, in a transaction of its own."""
    with transaction.atomic(durable=True):
        pause(account, why)
