"""Where webhooks about a linked account arrive: an address of its own, which nobody can guess."""

from __future__ import annotations

import datetime as dt
import os
import re
import uuid
from collections.abc import Sequence
from typing import Final

from django.conf import settings

from integrations.kit.provider import Provider
from integrations.kit.webhooks import Webhooks
from tenants import door, secrets
from tenants.models import Door, LinkedAccount
from tenants.scope import current_tenant
from tenants.tokens import Prefix, new_token
from tenants.vault import Secret
from unified_api import registry
from unified_api.sync import clock, connect
from unified_api.sync.models_account import WebhookReceiver
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent

DOOR: Final = "webhook"
#: Of the path below which all arrive.
PATH: Final = "/webhooks/"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{20,80}")
#: For which the former secret counts: what the provider sends again was signed when it happened.
_FORMER_COUNTS: Final = dt.timedelta(hours=1)
#: What the address of a sandbox's service ends with, behind that of this installation.
_SANDBOX: Final = "/sandbox"


def webhooks_of(account: LinkedAccount) -> Webhooks | None:
    """What its provider sends by itself, if it does."""
    try:
        return connect.adapter_of(account).webhooks
    except registry.UnknownIntegration:
        return None


def made(account: LinkedAccount) -> WebhookAddress | None:
    """The account's address, made where there was none; within the open transaction.

    None where its provider sends nothing. One whose key was lost with a master key has another one.
    """
    if webhooks_of(account) is None:
        return None
    WebhookAddress.objects.get_or_create(linked_account_id=account.id, defaults={"created_at": clock.now()})
    address: WebhookAddress = WebhookAddress.objects.select_for_update().get(linked_account_id=account.id)
    if not (address.sealed_key and address.sealed_secret):
        address.subscribed_at = None  # what was subscribed to knows others
    if not address.sealed_key:
        _give_key(address)
    if not address.sealed_secret:
        secrets.put(new_token(Prefix.WEBHOOK_SIGNATURE, os.urandom), address, "sealed_secret")
    address.save(update_fields=["sealed_key", "sealed_secret", "subscribed_at"])
    return address


def _give_key(address: WebhookAddress) -> None:
    account_id = address.linked_account_id
    Door.objects.filter(tenant_id=current_tenant(), reference=account_id, kind=DOOR).delete()
    key = new_token(Prefix.WEBHOOK_ADDRESS, os.urandom)
    door.open_door(DOOR, key, reference=account_id)
    secrets.put(key, address, "sealed_key")


def begin_anew(account: LinkedAccount) -> None:
    """Another remote account takes the place of the one that was linked: nothing that this one sent counts any more."""
    WebhookEvent.objects.filter(linked_account_id=account.id).delete()
    WebhookAddress.objects.filter(linked_account_id=account.id).update(
        sealed_key=b"", sealed_secret=b"", sealed_former=b"", subscription=None, subscribed_at=None
    )


def url_of(account: LinkedAccount) -> str | None:
    """The account's address as its provider has to know it; None where it has none, or nobody could reach it.

    In the open transaction.
    """
    address = WebhookAddress.objects.filter(linked_account_id=account.id).first()
    if address is None or not address.sealed_key or webhooks_of(account) is None:
        return None
    return url(connect.adapter_of(account), secrets.opened(address, "sealed_key"))


def url(provider: Provider, key: Secret) -> str | None:
    """The address with this key, as a provider has to know it."""
    base = settings.PUBLIC_URL or (home() if provider.is_sandbox else None)
    return f"{base}{PATH}{key.reveal()}" if base else None


def home() -> str | None:
    """Where this installation reaches itself; None where SANDBOX_URL does not tell."""
    told = str(settings.SANDBOX_URL).rstrip("/")
    return told.removesuffix(_SANDBOX) if told.endswith(_SANDBOX) else None


def known_base() -> str:
    """What addresses begin with."""
    return str(settings.PUBLIC_URL) or home() or ""


def key_in(address: str) -> str | None:
    """The key in an address of this installation at which webhooks arrive; None in any other address."""
    base, key = _parted(address)
    return key if base and base in (settings.PUBLIC_URL, home()) else None


def key_behind(address: str) -> str | None:
    """The key in what was such an address, also when the installation has been called something else since."""
    return _parted(address)[1]


def _parted(address: str) -> tuple[str, str | None]:
    base, _, key = address.rpartition(PATH)
    return base, key if key.startswith(Prefix.WEBHOOK_ADDRESS) and _KEY.fullmatch(key) else None


def secrets_of(address: WebhookAddress, receivers: Sequence[WebhookReceiver]) -> list[Secret]:
    """By which its deliveries may be signed.

    The one given to the provider, or chosen by it; for a while the one before that; and those of its receivers.
    """
    own = [secrets.opened(address, "sealed_secret")] if address.sealed_secret else []
    if (
        address.sealed_former
        and address.subscribed_at
        and clock.now() < address.subscribed_at + _FORMER_COUNTS
    ):
        own.append(secrets.opened(address, "sealed_former"))
    keys = [secrets.opened(one, "sealed_key") for one in receivers if one.is_active and one.sealed_key]
    return [*own, *keys]


def take_secret(address: WebhookAddress, secret: Secret) -> None:
    """Have deliveries signed by what the provider chose now; what it chose before counts a while longer.

    In the open transaction, before the address is told when it was subscribed.
    """
    if address.subscription is not None:
        secrets.put(secrets.opened(address, "sealed_secret"), address, "sealed_former")
    secrets.put(secret, address, "sealed_secret")


def receivers_of(account_id: uuid.UUID) -> list[WebhookReceiver]:
    """What was said of single events of an account."""
    return list(WebhookReceiver.objects.filter(linked_account_id=account_id).order_by("id"))
