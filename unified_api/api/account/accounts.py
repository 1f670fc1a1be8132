"""Linked accounts: listed, described, ended. One implementation for all categories."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from tenants import accounts
from tenants.models import ApiKey, LinkedAccount
from unified_api import registry
from unified_api.api import bulkhead, cursors, parameters
from unified_api.api.account import catalogue
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import Busy, answer
from unified_api.api.openapi import accounts as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import page, record
from unified_api.api.params import Params
from unified_api.events import addresses, subscribing
from unified_api.sync import erase, revoking

log = structlog.get_logger(__name__)
#: The group of the account-level operations in the OpenAPI document.
TAG: Final = "accounts"
_EXACT: Final = tuple(
    parameters.text(name, f"With this `{name}`, exactly.")
    for name in (
        "category",
        "end_user_email_address",
        "end_user_organization_name",
        "end_user_origin_id",
        "status",
    )
)
_ORIGINS: Final = parameters.texts("end_user_origin_ids", "Of one of these end users.")
_IDS: Final = tuple(parameters.ids(name, "With one of these ids.") for name in ("id", "ids"))
_INTEGRATION: Final = parameters.text("integration_name", "Of this integration, by name or slug.")
_IS_TEST: Final = parameters.maybe_flag(
    "is_test_account", "Test accounts, in place of the others; a test key sees no others."
)
_DUPLICATES: Final = parameters.maybe_flag(
    "include_duplicates", "Accepted: an account is never linked twice."
)


class LinkedAccounts(Endpoint):
    """GET linked-accounts: those of all categories, whichever category the path names."""

    needs_account = False
    tag = TAG
    operations = {
        "get": Operation(
            {200: page(told_as.LISTED)},
            query=(*cursors.PAGING, *_EXACT, _ORIGINS, *_IDS, _INTEGRATION, _IS_TEST, _DUPLICATES),
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of accounts. Test accounts show only when asked for, or to a test key, which reaches no others."""
        params = self.params
        wanted = _filtered(
            params, LinkedAccount.objects.filter(deleted_at=None, is_test=_test(self.key, params))
        )

        def fetch(key: Key | None, backwards: bool, limit: int) -> list[LinkedAccount]:  # noqa: FBT001 - cursors.Fetch
            return list(_beyond(wanted, key, backwards=backwards)[:limit])

        with transaction.atomic():
            window = Window.asked(params, f"{self.key.tenant_id} linked-accounts")
            rows, page = cursors.turn(window, fetch, lambda one: (one.created_at.isoformat(), str(one.id)))
        return answer({**page, "results": [_listed(account) for account in rows]})


class AccountDetails(Endpoint):
    """GET account-details."""

    tag = TAG
    operations = {"get": answers(told_as.DETAILS)}

    def get(self, _request: Request) -> HttpResponse:
        """The account of the token."""
        account = self.account
        with transaction.atomic():
            told = named(account)
        described = {
            **told,
            "instance_id": None,
            "instance_display_value": account.remote_identity,
        }
        return answer(described)


class AvailableActions(Endpoint):
    """GET available-actions."""

    tag = TAG
    operations = {"get": answers(told_as.ACTIONS)}

    def get(self, _request: Request) -> HttpResponse:
        """What can be done at the account's integration."""
        described = _integration(self.account)
        operations = described.pop("available_model_operations")
        passthrough = described.pop("passthrough_available")
        return answer(
            {
                "integration": described,
                "passthrough_available": passthrough,
                "available_model_operations": operations,
            }
        )


class DeleteAccount(Endpoint):
    """POST delete-account."""

    tag = TAG
    operations = {"post": answers(record({}))}

    def post(self, _request: Request) -> HttpResponse:
        """End the account at once; what was read through it is erased by a worker."""
        self._say_farewell()
        with transaction.atomic():
            if accounts.delete(self.account):
                erase.begin(self.account.id)
        return answer({})

    def _say_farewell(self) -> None:
        """Have the provider send nothing any more, and end its token, if it can be asked just now.

        The end does not depend on that.
        """
        if not (subscribing.is_subscribed(self.account) or revoking.is_revocable(self.account)):
            return
        try:
            with bulkhead.slot():
                subscribing.end(self.account)
                revoking.end(self.account)
        except Busy:
            log.warning("account.no_farewell", linked_account=str(self.account.id), error="Busy")
            if revoking.is_revocable(self.account):
                revoking.not_ended(self.account, "this installation was too busy to tell the provider")


def named(account: LinkedAccount) -> dict[str, Any]:
    """What says which account is meant, as webhooks name it; in the open transaction."""
    return {
        **_described(account),
        "integration": catalogue.name_of(account),
        "integration_slug": account.integration,
        "webhook_listener_url": addresses.url_of(account),
    }


def _test(key: ApiKey, params: Params) -> bool:
    return bool(_IS_TEST.of(params)) or key.kind == ApiKey.Kind.TEST


def _filtered(params: Params, rows: QuerySet[Any]) -> QuerySet[Any]:
    rows = rows.filter(**{one.name: value for one in _EXACT if (value := one.of(params)) is not None})
    if origins := _ORIGINS.of(params):
        rows = rows.filter(end_user_origin_id__in=origins)
    if ids := [record_id for one in _IDS for record_id in one.of(params)]:
        rows = rows.filter(id__in=ids)
    if (wanted := _INTEGRATION.of(params)) is not None:
        rows = rows.filter(integration__in=[p.slug for p in registry.all() if wanted in {p.name, p.slug}])
    return rows


def _beyond(rows: QuerySet[Any], key: Key | None, *, backwards: bool) -> QuerySet[Any]:
    """Rows in order of linking, or the reverse, beyond the key."""
    if key is not None:
        at, last = dt.datetime.fromisoformat(key[0]), key[1]
        side = "lt" if backwards else "gt"
        rows = rows.filter(Q(**{f"created_at__{side}": at}) | Q(created_at=at, **{f"id__{side}": last}))
    return rows.order_by(*(("-created_at", "-id") if backwards else ("created_at", "id")))


def _described(account: LinkedAccount) -> dict[str, Any]:
    """What both forms of an account have in common."""
    return {
        "id": str(account.id),
        "category": account.category,
        "end_user_origin_id": account.end_user_origin_id,
        "end_user_organization_name": account.end_user_organization_name,
        "end_user_email_address": account.end_user_email_address,
        "status": account.status,
        "is_duplicate": False,
        "account_type": "TEST" if account.is_test else "PRODUCTION",
        "completed_at": account.completed_at or account.created_at,
    }


def _listed(account: LinkedAccount) -> dict[str, Any]:
    return {
        **_described(account),
        "status_detail": account.status_detail or None,
        "subdomain": None,
        "webhook_listener_url": "",
        "integration": _integration(account),
        "integration_specific_fields": {},
    }


def _integration(account: LinkedAccount) -> dict[str, Any]:
    """The integration as an object, with what it can do."""
    provider = catalogue.provider_of(account)
    return {
        **catalogue.shown_of(account),
        "passthrough_available": _has_passthrough(provider),
        "available_model_operations": _operations(provider),
    }


def _has_passthrough(provider: Any) -> bool:
    """Whether there is an adapter, and a server that it calls."""
    return provider is not None and not provider.hosted


def _operations(provider: Any) -> list[dict[str, Any]]:
    """What the API offers of each model: what the adapter can do, and the contract has."""
    return [
        {
            "model_name": resource.model.__name__,
            "available_operations": [
                "FETCH",
                *(w.upper() for w in resource.model.wire.writes if resource.can(w)),
            ],
            "required_post_parameters": sorted(resource.requires("create")),
            "supported_fields": sorted(resource.mapping.lenses),
        }
        for resource in (provider.resources if provider else ())
    ]
