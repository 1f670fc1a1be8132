"""Who calls: an API key says which tenant, an account token which of its linked accounts."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from tenants import accounts, apikeys
from tenants.models import ApiKey, LinkedAccount

_UNKNOWN_KEY = "The API key is missing, unknown or revoked. Send it as 'Authorization: Bearer <key>'."
_NO_TOKEN = "The account token is missing. Send it as 'X-Account-Token'."  # noqa: S105 - a sentence
_UNKNOWN_TOKEN = "The account token is unknown, or not one that this API key reaches."  # noqa: S105 - a sentence


def key_of(request: HttpRequest) -> tuple[uuid.UUID, ApiKey]:
    """The tenant and the key of a request; raises AuthenticationFailed. Needs no scope."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    found = apikeys.authenticate(text.strip()) if scheme.lower() == "bearer" and text.strip() else None
    if found is None:
        raise AuthenticationFailed(_UNKNOWN_KEY)
    return found


def account_of(request: HttpRequest, key: ApiKey, category: str) -> LinkedAccount:
    """The linked account of a request to a category's path, of the tenant in scope; raises AuthenticationFailed."""
    token = request.headers.get("X-Account-Token", "").strip()
    if not token:
        raise AuthenticationFailed(_NO_TOKEN)
    with transaction.atomic():
        account = accounts.by_token(token)
    if account is None or not reaches(key, account):
        raise AuthenticationFailed(_UNKNOWN_TOKEN)
    if account.category != category:
        raise AuthenticationFailed(f"The account of this token is of the category {account.category}.")
    return account


def reaches(key: ApiKey, account: LinkedAccount) -> bool:
    """Whether the key opens the account: test keys open test accounts only."""
    return account.is_test or key.kind == ApiKey.Kind.PRODUCTION
