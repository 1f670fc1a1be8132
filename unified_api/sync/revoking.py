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
from unified_api import registry
from unified_api.sync import connect, granting, renewing
from unified_api.sync.renewing import Credential

log = structlog.get_logger(__name__)
REVOKED: Final = "linked_account.token_revoked"
NOT_REVOKED: Final = "linked_account.token_not_revoked"
_TOKENS: Final[tuple[str, ...]] = ("access_token", "refresh_token")
_SAME: Final = "another linked account has the same token: it lives on until that one ends, too"
_LEFT: Final = (
    "another linked account is the same one there. If it is the same user's, it hangs on this token, which lives on"
    " until that one ends, too; else uninstall the application for this user there"
)


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
        if needed := _needed(account, provider, auth, held):
            not_ended(account, needed)
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


def _revoke(account: LinkedAccount, provider: Provider, auth: OAuth2, held: Credential) -> None:
    """End the token that is stored once nobody renews it any more: one that a renewal brings would live on."""
    renewal = renewing.of(account, provider, held, briefly=True)
    if renewal and auth.revokes is not None and auth.revokes.is_of_access:
        renewal.fresh()
    with renewing.withheld(account, renewing.BRIEFLY):
        with transaction.atomic():
            account.refresh_from_db(fields=["sealed_credential"])
        stored = connect.credential_of(account)
        known = {name: stored[name].reveal() for name in _TOKENS if name in stored}
        granting.asking(provider, auth, account.settings, stored).endpoint.revoke(known)


def _needed(account: LinkedAccount, provider: Provider, auth: OAuth2, held: Credential) -> str | None:
    """Why the token has to live on for another account of the tenant; None where nobody needs it.

    A token that an end user had at hand may have been given twice, whatever its end does to others.
    """
    for other in _same(account):
        theirs = connect.credential_of(other)
        if granting.oauth_for(provider, other.settings, theirs) is None:
            continue
        if any(name in held and held[name] == theirs.get(name) for name in _TOKENS):
            return _SAME
        if auth.revokes and auth.revokes.shared and account.remote_identity is not None:
            return _LEFT
    return None


def _same(account: LinkedAccount) -> list[LinkedAccount]:
    """The other living accounts that are the same at the provider, or of which neither is known there."""
    same = {"integration": account.integration, "remote_identity": account.remote_identity}
    with transaction.atomic():
        living = LinkedAccount.objects.filter(**same, deleted_at=None).exclude(id=account.id)
        return list(living.exclude(sealed_credential=b""))
