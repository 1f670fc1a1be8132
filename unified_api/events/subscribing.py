"""Asking providers for webhooks, and telling them when it is over."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.webhooks import A_DAY, Callback, Subscribed, Subscriptions
from tenants import secrets
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.events import addresses
from unified_api.sync import clock, connect, issues, job
from unified_api.sync.models_webhooks import WebhookAddress

log = structlog.get_logger(__name__)
KIND: Final = "webhook subscription"
#: The share of its time after which a subscription is made anew.
_RENEWED_AT: Final = 0.8


class _Due(NamedTuple):
    """What is asked for. before: what was subscribed to until now. until: when that is over; None: now."""

    account: LinkedAccount
    subscriptions: Subscriptions
    callback: Callback
    before: str | None
    until: dt.datetime | None


def begin(account: LinkedAccount) -> None:
    """Give the account its address and have its provider asked for webhooks, within the open transaction."""
    address = addresses.made(account)
    if address is not None and _subscriptions(account) and addresses.url_of(account):
        address.subscribed_at = None
        address.save(update_fields=["subscribed_at"])
        job.ask(KIND, account.id)


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - one subscription is one slice
    """Subscribe for the account that the job names, in the place of what was subscribed to before.

    What is not due yet is left as it is where the provider still has it.
    """
    due = _begin(lease)
    if due is None:
        job.finish(lease)
        return
    account, subscribed = due.account, None
    try:
        with connect.line(account, lease) as line:
            if not _is_kept(line, due):
                subscribed = line.client.subscribe(due.callback)
                _end_former(line, due.before, subscribed.id)
    except errors.RetryLater as error:
        job.put_off(lease, error.after if error.after is not None else job.backoff(lease.attempts))
    except errors.Uncertain:  # what it may have made gives way to what is made next
        job.put_off(lease, job.backoff(lease.attempts))
    except errors.NeedsReauthorisation as error:
        connect.pause(account, str(error))
        job.finish(lease)
    except errors.ProviderError as error:
        _refused(lease, account, error)
    else:
        _note(lease, due, subscribed)


def _is_kept(line: connect.Line, due: _Due) -> bool:
    """Whether what was subscribed to is there still, and need not be made anew yet."""
    if due.before is None or due.until is None or due.until <= clock.now():
        return False
    try:
        kept = line.client.is_subscribed(due.before, due.callback)
    except (errors.RetryLater, errors.NeedsReauthorisation):
        raise
    except errors.ProviderError:  # asking anew tells what is wrong
        return False
    if not kept:
        log.warning("webhook.subscription_missing", linked_account=str(due.account.id))
    return kept


def _end_former(line: connect.Line, before: str | None, now: str) -> None:
    """End what was subscribed to until now, where it is there still: at the address that this installation had."""
    if before in (None, now):
        return
    try:
        line.client.unsubscribe(str(before))
    except errors.Gone:
        pass  # the new one took its place
    except errors.ProviderError as error:
        log.warning("webhook.not_unsubscribed", subscription=before, error=type(error).__name__)


def is_subscribed(account: LinkedAccount) -> bool:
    """Whether there is anything to end."""
    with transaction.atomic():
        mine = WebhookAddress.objects.filter(linked_account_id=account.id)
        return mine.exclude(subscription=None).exists()


def end(account: LinkedAccount) -> None:
    """Tell the provider that it is over, before the account's credential is erased; outside of transactions.

    Tried once, for a few seconds: what is still sent afterwards is answered with 404.
    """
    with transaction.atomic():
        address = WebhookAddress.objects.filter(linked_account_id=account.id).first()
    if address is None or address.subscription is None or account.status == connect.PAUSED_FOR_RELINK:
        return
    try:
        with connect.line(account, farewell=True) as line:
            line.client.unsubscribe(address.subscription)
    except (errors.ProviderError, registry.UnknownIntegration) as error:
        log.warning("webhook.not_unsubscribed", linked_account=str(account.id), error=type(error).__name__)


def _subscriptions(account: LinkedAccount) -> Subscriptions | None:
    webhooks = addresses.webhooks_of(account)
    return webhooks.subscriptions if webhooks else None


def _begin(lease: job.Lease) -> _Due | None:
    """What is to be asked for; None where nothing is to be any more."""
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=lease.reference, deleted_at=None).first()
        if account is None or account.status == connect.PAUSED_FOR_RELINK:
            return None
        subscriptions, url = _subscriptions(account), addresses.url_of(account)
        address = addresses.made(account)
        if subscriptions is None or url is None or address is None:
            return None
        callback = Callback(url, secrets.opened(address, "sealed_secret"))
        since = address.subscribed_at if subscriptions.is_active else None
        until = since and since + dt.timedelta(seconds=subscriptions.lasts * _RENEWED_AT)
        return _Due(account, subscriptions, callback, address.subscription, until)


def _note(lease: job.Lease, due: _Due, subscribed: Subscribed | None) -> None:
    """subscribed: None where what there was is kept."""
    account, lasts = due.account, due.subscriptions.lasts * _RENEWED_AT
    if subscribed is None and due.until is not None:
        lasts = max((due.until - clock.now()).total_seconds(), 0.0)
    with transaction.atomic(durable=True):
        # In the order in which linking takes them: first the address, then the job.
        address = WebhookAddress.objects.select_for_update().filter(linked_account_id=account.id).first()
        job.hold(lease)
        if address is not None and subscribed is not None:
            if subscribed.secret:
                addresses.take_secret(address, Secret(subscribed.secret))
            else:
                address.sealed_former = b""  # the hour for which it counts would begin anew
            address.subscription, address.subscribed_at = subscribed.id, clock.now()
            address.save(update_fields=["subscription", "subscribed_at", "sealed_secret", "sealed_former"])
        issues.resolve(issues.SUBSCRIPTION, account.id)
        job.again(lease, min(lasts, A_DAY) if due.subscriptions.is_active else lasts)


def _refused(lease: job.Lease, account: LinkedAccount, error: errors.ProviderError) -> None:
    """It will not be asked again until the account is linked again: reading goes on as if it sent nothing."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        told = (
            f"{account.integration} was asked for webhooks about {account}, and {error}. Changes are found by"
        )
        told += " reading meanwhile. Correct what it says, and have the account linked again."
        issues.open_issue(issues.SUBSCRIPTION, account.id, told, linked_account_id=account.id)
        job.finish(lease)
