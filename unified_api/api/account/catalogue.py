"""Integrations as the wire contract shows them: of an account, and all that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api import cursors
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi import accounts as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import many
from unified_api.api.openapi.schema import page as page_of
from unified_api.sync import connect

#: The contract wants a color; adapters have none.
_COLOR: Final = "#5a6270"


class Integrations(Endpoint):
    """GET /api/integrations: for everybody."""

    needs_key = False
    tag = "integrations"
    operations = {"get": answers(many(told_as.INTEGRATION))}

    def get(self, _request: Request) -> HttpResponse:
        """All integrations in which accounts can be linked."""
        return answer([_shown(provider) for provider in registry.all()])


class OrganizationIntegrations(Endpoint):
    """GET /api/organizations/integrations: the same, as a page of a list."""

    needs_account = False
    tag = "integrations"
    operations = {"get": Operation({200: page_of(told_as.INTEGRATION)}, query=cursors.PAGING)}

    def get(self, _request: Request) -> HttpResponse:
        """A page of the integrations in which accounts can be linked, in the order of slugs."""

        def fetch(key: Key | None, backwards: bool, limit: int) -> Sequence[Any]:  # noqa: FBT001 - cursors.Fetch
            ordered = registry.all()[::-1] if backwards else registry.all()
            beyond = [
                one
                for one in ordered
                if key is None or (one.slug < key[0] if backwards else one.slug > key[0])
            ]
            return beyond[:limit]

        window = Window.asked(self.params, f"{self.key.tenant_id} integrations")
        found, page = cursors.turn(window, fetch, lambda provider: (provider.slug,))
        return answer({**page, "results": [_shown(provider) for provider in found]})


def provider_of(account: LinkedAccount) -> Any:
    """The adapter of an account; None where it is not installed any more."""
    try:
        return connect.adapter_of(account)
    except registry.UnknownIntegration:
        return None


def name_of(account: LinkedAccount) -> str:
    """The display name of an account's integration; its slug, where the adapter is not installed any more."""
    provider = provider_of(account)
    return provider.name if provider else account.integration


def shown_of(account: LinkedAccount) -> dict[str, Any]:
    """The integration of an account, in the account's category."""
    return _described(name_of(account), [account.category], account.integration)


def _shown(provider: Any) -> dict[str, Any]:
    return _described(provider.name, list(provider.categories), provider.slug)


def _described(name: str, categories: list[str], slug: str) -> dict[str, Any]:
    return {
        "name": name,
        "categories": categories,
        "image": None,
        "square_image": None,
        "color": _COLOR,
        "slug": slug,
    }
