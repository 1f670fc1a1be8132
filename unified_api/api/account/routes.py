"""Where the account-level operations are, below each category's path. Fixed segments come before ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, path

from unified_api.api.account import (
    accounts,
    catalogue,
    issues,
    keys,
    mappings,
    passthrough,
    receivers,
    scopes,
    selection,
    sync_status,
    tokens,
    trail,
)
from unified_api.api.endpoint import Endpoint

ACCOUNT_LEVEL: Final[dict[str, type[Endpoint]]] = {
    "account-details": accounts.AccountDetails,
    "account-token/regenerate": tokens.RegenerateAccountToken,
    "account-token/<str:public_token>": tokens.AccountToken,
    "async-passthrough": passthrough.AsyncPassthrough,
    "async-passthrough/<str:async_passthrough_receipt_id>": passthrough.AsyncPassthroughAnswer,
    "audit-trail": trail.AuditTrail,
    "available-actions": accounts.AvailableActions,
    "default-scopes": scopes.DefaultScopes,
    "delete-account": accounts.DeleteAccount,
    "field-mappings": mappings.FieldMappings,
    "field-mappings/<str:field_mapping_id>": mappings.OneFieldMapping,
    "generate-key": keys.GenerateKey,
    "issues": issues.Issues,
    "issues/<str:id>": issues.OneIssue,
    "link-token": tokens.LinkToken,
    "linked-account-scopes": scopes.LinkedAccountScopes,
    "linked-accounts": accounts.LinkedAccounts,
    "passthrough": passthrough.Passthrough,
    "regenerate-key": keys.RegenerateKey,
    "remote-fields": mappings.RemoteFields,
    "selective-sync/conditions": selection.Conditions,
    "sync-status": sync_status.SyncStatus,
    "sync-status/resync": sync_status.Resync,
    "target-fields": mappings.TargetFields,
    "webhook-receivers": receivers.WebhookReceivers,
}


def of_category(category: str) -> Iterator[URLPattern]:
    """The routes of a category."""
    for segment, endpoint in ACCOUNT_LEVEL.items():
        yield path(
            f"{category}/v1/{segment}",
            endpoint.as_view(category=category),
            name=f"api-{category}-{_plain(segment)}",
        )


def _plain(segment: str) -> str:
    return segment.replace("/<str:", "-").replace(">", "").replace("/", "-")


def without_category() -> Iterator[URLPattern]:
    """The same, and what integrations there are, for who knows no category yet."""
    yield path("integrations", catalogue.Integrations.as_view(), name="api-integrations")
    yield path(
        "organizations/integrations",
        catalogue.OrganizationIntegrations.as_view(),
        name="api-organizations-integrations",
    )
    yield path(
        "integrations/create-link-token",
        tokens.LinkToken.as_view(),
        name="api-integrations-create-link-token",
    )
    yield path(
        "integrations/account-token/<str:public_token>",
        tokens.AccountToken.as_view(),
        name="api-integrations-account-token",
    )
