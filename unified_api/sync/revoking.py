"""Telling a provider that tokens are over, where the account that had them ends, or is not linked after all.

Nothing waits for it: it is tried once, for a few seconds. The audit trail says what came of it, or where there is no
account, the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from integrations.kit import errors
from integrations.kit.auth import OAuth2
from integrations.kit.provider import Provider
from tenants import audit
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.sync import connect, granting, job, renewing
from unified_api.sync.models import Job
from unified_api.sync.renewing import Credential

log = structlog.get_logger(__name__)
REVOKED: Final = "linked_account.token_revoked"
NOT_REVOKED: Final = "linked_account.token_not_revoked"
WAS_OVER: Final = "linked_account.token_was_over"
#: The job that nobody does: who holds it is about to end the account that it names.
KIND: Final = "oauth end"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
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
        is_known = account.remote_identity is not None
        if needed := _needed(_staying(account), provider, auth, held, may_share=is_known):
            not_ended(account, needed)
            return
        _revoke(account, provider, auth, held)
    except errors.NeedsReauthorisation as error:
        _was_over(account, error.message)
    except errors.ProviderError as error:
        not_ended(account, error.message)
    else:
        with transaction.atomic():
            audit.record(REVOKED, subject=str(account.id), integration=account.integration)


def give_back(provider: Provider, auth: OAuth2, settings: Mapping[str, str], held: Credential) -> None:
    """Have the provider end tokens that nobody keeps, as their account was not linked; outside of transactions.

    They are left where an account of the tenant may hang on them: whose they are is not known.
    """
    if auth.revokes is None:
        return
    with transaction.atomic():
        known = LinkedAccount.objects.filter(integration=provider.slug, deleted_at=None)
        living = list(known.exclude(sealed_credential=b""))
    try:
        if not (why := _needed(living, provider, auth, held, may_share=True)):
            _tell(provider, auth, settings, held)
            log.info("oauth.given_back", integration=provider.slug)
            return
    except errors.ProviderError as error:
        why = error.message
    log.warning("oauth.not_given_back", integration=provider.slug, why=why)


def not_ended(account: LinkedAccount, why: str) -> None:
    """Put on record that a token lives on at the provider. why: without secrets."""
    log.warning("oauth.not_revoked", linked_account=str(account.id), why=why)
    with transaction.atomic():
        audit.record(NOT_REVOKED, subject=str(account.id), integration=account.integration, why=why)


def _was_over(account: LinkedAccount, why: str) -> None:
    """Put on record that the provider refuses the token as it is, unless another one has ended the account by now."""
    with transaction.atomic():
        if LinkedAccount.objects.filter(id=account.id, deleted_at=None).exists():
            audit.record(WAS_OVER, subject=str(account.id), integration=account.integration, why=why)


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - nothing is to be done
    """An account whose end broke off: nobody says any more that it ends."""
    with transaction.atomic(durable=True):
        job.finish(lease)


def _revoke(account: LinkedAccount, provider: Provider, auth: OAuth2, held: Credential) -> None:
    """End the token that is stored once nobody renews it any more: one that a renewal brings would live on."""
    renewal = renewing.of(account, provider, held, briefly=True)
    if renewal and auth.revokes is not None and auth.revokes.is_of_access:
        renewal.fresh()
    with renewing.withheld(account, renewing.BRIEFLY):
        with transaction.atomic():
            account.refresh_from_db(fields=["sealed_credential"])
        stored = connect.credential_of(account)
        _tell(provider, auth, account.settings, stored)


def _tell(provider: Provider, auth: OAuth2, settings: Mapping[str, str], held: Credential) -> None:
    known = {name: held[name].reveal() for name in _TOKENS if name in held}
    granting.asking(provider, auth, settings, held).endpoint.revoke(known)


def _needed(
    others: Iterable[LinkedAccount], provider: Provider, auth: OAuth2, held: Credential, *, may_share: bool
) -> str | None:
    """Why the token has to live on for another account of the tenant; None where nobody needs it.

    A token that an end user had at hand may have been given twice, whatever its end does to others. Of accounts that
    end at once each but the last leaves it to another one. may_share: the others may be of the same user.
    """
    for other in others:
        theirs = connect.credential_of(other)
        if granting.oauth_for(provider, other.settings, theirs) is None:
            continue
        if any(name in held and held[name] == theirs.get(name) for name in _TOKENS):
            return _SAME
        if auth.revokes and auth.revokes.shared and may_share:
            return _LEFT
    return None


def _staying(account: LinkedAccount) -> list[LinkedAccount]:
    """The other living accounts that are the same at the provider, or of which neither is known there.

    Those that are about to end as well are left out, and so will this one be to who looks next.
    """
    same = {"integration": account.integration, "remote_identity": account.remote_identity}
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [f"{KIND} {account.tenant_id} {account.integration}"])
        job.ask(KIND, account.id, delay=job.LEASE)
        job.claim(KIND, account.id)
        ending = Job.objects.filter(tenant_id=account.tenant_id, kind=KIND, leased_until__gt=Now())
        living = LinkedAccount.objects.filter(**same, deleted_at=None).exclude(
            id__in=[account.id, *ending.values_list("reference", flat=True)]
        )
        return list(living.exclude(sealed_credential=b""))
