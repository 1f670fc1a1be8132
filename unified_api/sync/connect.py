"""From a linked account to a client that can call its provider: credential, shared rate limit, guard and moments."""

from __future__ import annotations

import datetime as dt
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from django.conf import settings
from django.db import transaction

from integrations.kit import errors
from integrations.kit.client import Client
from integrations.kit.guard import Guard
from integrations.kit.http import Patience
from integrations.kit.oauth import FAREWELL, ONCE
from integrations.kit.observation import Connection
from integrations.kit.offered import of_account
from integrations.kit.provider import Provider
from integrations.kit.session import fill
from integrations.kit.transport import Limits, Way, Wire
from tenants import audit
from tenants.models import LinkedAccount
from tenants.vault import Secret, VaultError
from unified_api import registry
from unified_api.sync import issues, job
from unified_api.sync.limit import PaceLimiter, Purpose, SharedLimiter
from unified_api.sync.moments import Moments

PAUSED_FOR_RELINK: Final = "RELINK_NEEDED"
#: Seconds between renewals of a lease: with one exchange and the waiting around it, far below what a lease lasts.
RENEWAL: Final = 2.0
#: What one call may take of time and memory.
LIMITS = Limits()
#: How often a call is repeated at once. After one that used up its whole time, the job is put off instead, so that a
#: provider that hangs does not keep a thread from the others.
PATIENCE = Patience(total=20.0)
#: Seconds until a credential that does not open is tried again: somebody has to put a key or a row back.
LOCKED: Final = 60.0


@dataclass(frozen=True)
class Outside:
    """What a client meets outside this process: the wire, time and chance. A simulation brings its own."""

    wire: Callable[[Guard, Limits], Way] = Wire
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


OUTSIDE = Outside()


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


class _Held:
    """Draws moments, and so just before and after every request, under a lease that is renewed meanwhile."""

    def __init__(self, moments: Moments, lease: job.Lease) -> None:
        self._moments = moments
        self._lease = lease
        self._renewed = float("-inf")

    def draw(self) -> int:
        """The next moment; raises Overtaken."""
        if OUTSIDE.monotonic() - self._renewed > RENEWAL:
            job.hold(self._lease)
            self._renewed = OUTSIDE.monotonic()
        return self._moments.draw()


def provider_of(account: LinkedAccount) -> Provider:
    """The adapter of an account, with the models of its category, its custom fields, and the fields that it may have.

    Raises UnknownIntegration when it is gone.
    """
    from unified_api.sync import permissions

    return permissions.narrowed(whole_of(account), account)


def whole_of(account: LinkedAccount) -> Provider:
    """The same with the fields that the account may not have: what it could have, if its scopes let it."""
    from unified_api.sync import targets

    return targets.mapped(adapter_of(account), account)


def is_hosted(account: LinkedAccount) -> bool:
    """Whether Isthmus itself keeps the account's records."""
    try:
        return adapter_of(account).hosted
    except registry.UnknownIntegration:
        return False


def adapter_of(account: LinkedAccount) -> Provider:
    """The same as all accounts of the category have it that are set up alike; needs no database."""
    provider: Provider = registry.by_slug(account.integration).within(account.category)
    return of_account(provider, account.settings)


def address_of(account: LinkedAccount) -> str:
    """The address below which an account's provider is called. Raises UnknownIntegration."""
    provider = adapter_of(account)
    return fill(provider.base_url, provider.placed(account.settings))


def line(
    account: LinkedAccount,
    lease: job.Lease | None = None,
    *,
    purpose: Purpose = Purpose.WAITED_FOR,
    patience: Patience | None = None,
    farewell: bool = False,
) -> Line:
    """Open the account's credential and make its client.

    With a lease, no request leaves once the job is somebody else's, and the lease lasts as long as requests do.
    farewell: the account ends, so that each request is made once, for a few seconds, and so is a token renewed.
    RetryLater: the credential does not open, or its token cannot be renewed. NeedsReauthorisation: it is over.
    """
    from unified_api.sync import granting, renewing

    provider = provider_of(account)
    credential = {} if provider.hosted else credential_of(account)
    renewal = renewing.of(account, provider, credential, briefly=farewell)
    secrets = renewal.fresh() if renewal else credential
    counts_so = provider.rate.per_application
    application = granting.application_of(provider, account.settings, secrets) if counts_so else None
    moments = Moments()
    connection = Connection(
        settings=account.settings,
        secrets=secrets,
        limiter=SharedLimiter(account.id, purpose),
        paces={
            pace.path: PaceLimiter(account.id, place, pace.of(account.settings))
            for place, pace in enumerate(provider.paces)
        },
        of_application=SharedLimiter(application.id, purpose) if application else None,
        guard=guard(),
        moments=moments.draw if lease is None else _Held(moments, lease).draw,
        clock=OUTSIDE.clock,
        sleep=OUTSIDE.sleep,
        random=OUTSIDE.random,
        renew=None if farewell else renewal,
    )
    limits, usual = (FAREWELL, ONCE) if farewell else (LIMITS, PATIENCE)
    client = Client(provider, connection, limits=limits, patience=patience or usual, wire=OUTSIDE.wire)
    return Line(account.id, client, moments)


def credential_of(account: LinkedAccount) -> dict[str, Secret]:
    """The secrets of an account. RetryLater: they do not open. NeedsReauthorisation: there are none any more."""
    if not account.sealed_credential:
        raise errors.NeedsReauthorisation("the account's credential was erased; link it again")
    try:
        with transaction.atomic():
            return account.credential()
    except VaultError as error:
        told = f"the account's credential cannot be opened, so nothing was sent. {error}"
        raise errors.RetryLater(told, after=LOCKED) from error


def guard() -> Guard:
    """What the operator allows beside the public internet: host names, and ranges such as 10.1.0.0/16."""
    ranges = tuple(word for word in settings.ALLOW_PRIVATE_HOSTS if "/" in word)
    return Guard(
        allow_hosts=frozenset(word for word in settings.ALLOW_PRIVATE_HOSTS if "/" not in word),
        allow_networks=ranges,
    )


def pause(account: LinkedAccount, why: str) -> bool:
    """The credential is refused: nothing is read or written until the account is linked again. Whether it rests now.

    In a transaction of its own, as whoever relinks the account locks it before its jobs. Jobs end by themselves
    when they find the account paused. An account that was linked again meanwhile, or whose token was renewed, has
    another credential, and goes on.
    """
    refused = LinkedAccount.objects.filter(
        id=account.id, status=account.status, sealed_credential=account.sealed_credential
    )
    with transaction.atomic(durable=True):
        if refused.update(status=PAUSED_FOR_RELINK, status_detail=why):
            audit.record("linked_account.relink_needed", subject=str(account.id), why=why)
            told = f"The credential of {account} is refused: {why}. Have the account linked again; until then"
            told += " nothing is read or written."
            issues.open_issue(issues.CREDENTIAL, account.id, told, linked_account_id=account.id)
        return LinkedAccount.objects.filter(id=account.id, status=PAUSED_FOR_RELINK).exists()
