"""Telling a provider that tokens are over, where the account that had them ends.

Nothing waits for it: it is tried once, for a few seconds, and the audit trail says what came of it.
"""

from __future__ import annotations

from typing import Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.auth import OAuth2
from integrations.kit.provider import Provider
from tenants import audit
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.sync import connect, granting, renewing

log = structlog.get_logger(__name__)
REVOKED: Final = "linked_account.token_revoked"
NOT_REVOKED: Final = "linked_account.token_not_revoked"
_LEFT: Final = "it lives on until the other linked account ends that is the same one there, and hangs on it"


def is_revocable(account: LinkedAccount) -> bool:
    """Whether the provider can be told; what the account has is looked at later."""
    try:
        auth = granting.oauth_of(connect.adapter_of(account))
    except registry.UnknownIntegration:
        return False
    return auth is not None and auth.revokes is not None and bool(account.sealed_credential)


def end(account: LinkedAccount) -> None:
    """Have the provider end the account's token, before its credential is erased; outside of transactions."""
    if not is_revocable(account):
        return
    try:
        provider, held = connect.adapter_of(account), connect.credential_of(account)
        auth = granting.oauth_for(provider, account.settings, held)
        if auth is None or not held:
            return
        if auth.revokes and auth.revokes.shared and _is_needed(account):
            not_ended(account, _LEFT)
            return
        _revoke(account, provider, auth, held)
    except errors.ProviderError as error:
        not_ended(account, error.message)
    else:
        with transaction.atomic():
            audit.record(REVOKED, subject=str(account.id), integration=account.integration)


def not_ended(account: LinkedAccount, why: str) -> None:
    """Put on record that a token lives on at the provider. why: without secrets."""
    log.warning("oauth.not_revoked", linked_account=str(account.id), why=why)
    with transaction.atomic():
        audit.record(NOT_REVOKED, subject=str(account.id), integration=account.integration, why=why)


def _revoke(account: LinkedAccount, provider: Provider, auth: OAuth2, held: dict[str, Secret]) -> None:
    """End the token that is stored once nobody renews it any more: one that a renewal brings would live on."""
    renewal = renewing.of(account, provider, held, briefly=True)
    if renewal and auth.revokes is not None and auth.revokes.is_of_access:
        renewal.fresh()
    with renewing.withheld(account, renewing.BRIEFLY):
        with transaction.atomic():
            account.refresh_from_db(fields=["sealed_credential"])
        stored = connect.credential_of(account)
        named: tuple[str, ...] = ("access_token", "refresh_token")
        known = {name: stored[name].reveal() for name in named if name in stored}
        granting.asking(provider, auth, account.settings, stored).endpoint.revoke(known)


def _is_needed(account: LinkedAccount) -> bool:
    """Whether another account of the tenant is the same at the provider."""
    if account.remote_identity is None:
        return False
    with transaction.atomic():
        same = LinkedAccount.objects.filter(
            integration=account.integration, remote_identity=account.remote_identity, deleted_at=None
        )
        return bool(same.exclude(id=account.id).exists())
