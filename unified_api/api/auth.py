"""Who calls: an API key says which tenant, an account token which of its linked accounts."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from tenants import callers
from tenants.callers import Caller
from tenants.models import ApiKey, LinkedAccount
from tenants.vault import Secret

_UNKNOWN_KEY = "The API key is missing, unknown or revoked. Send it as 'Authorization: Bearer <key>'."
_NO_TOKEN = "The account token is missing. Send it as 'X-Account-Token'."  # noqa: S105 - a sentence
_UNKNOWN_TOKEN = "The account token is unknown, or not one that this API key reaches."  # noqa: S105 - a sentence


def caller_of(request: HttpRequest, *, may_recall: bool = False) -> Caller:
    """Whose request it is; raises AuthenticationFailed for an unknown key. Needs no scope.

    may_recall: it may be whose it was before, on a premise.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    token = request.headers.get("X-Account-Token", "").strip()
    if scheme.lower() == "bearer" and text.strip():
        key, opened = Secret(text.strip()), Secret(token) if token else None
        recalled = callers.recall(key, opened) if may_recall and opened else None
        found = recalled or callers.recognise(key, opened)
        if found is not None:
            return found
    raise AuthenticationFailed(_UNKNOWN_KEY)


def account_of(request: HttpRequest, caller: Caller, category: str) -> LinkedAccount:
    """The linked account of a request to a category's path; raises AuthenticationFailed."""
    account = caller.account
    if not request.headers.get("X-Account-Token", "").strip():
        raise AuthenticationFailed(_NO_TOKEN)
    if account is None or not reaches(caller.key, account):
        raise AuthenticationFailed(_UNKNOWN_TOKEN)
    if account.category != category:
        raise AuthenticationFailed(f"The account of this token is of the category {account.category}.")
    return account


def reaches(key: ApiKey, account: LinkedAccount) -> bool:
    """Whether the key opens the account: test keys open test accounts only."""
    return account.is_test or key.kind == ApiKey.Kind.PRODUCTION
