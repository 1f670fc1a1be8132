"""HubSpot, as far as its CRM goes.

https://developers.hubspot.com/docs/api-reference/overview
"""

from __future__ import annotations

from typing import Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Beyond, Limit, Routes, Spent, Vendor
from tests.emulators.vendors.hubspot import around, labels, links, objects, properties, schemas, searching
from tests.emulators.vendors.hubspot.common import PORTAL, TOKEN, enters, error
from tests.emulators.world import World

__all__ = ["PORTAL", "TOKEN", "vendor"]

_DOCS: Final = "https://developers.hubspot.com/docs"
_USAGE: Final = f"{_DOCS}/developer-tooling/platform/usage-guidelines"
_SEARCH: Final = f"{_DOCS}/api-reference/search/guide"
_A_DAY: Final = 86_400.0
_VALUES: Final = {"type": "object", "additionalProperties": {"type": "string", "nullable": True}}

beyond = Beyond(
    paths={around.ACCOUNT: f"{_DOCS}/api-reference/account-account-info-v3/guide"},
    fields={
        "status": "errors, as all documents show them",
        "errorType": _USAGE,
        "policyName": _USAGE,
    },
    errata={
        # A property without a value is null, as all documents show.
        "/components/schemas/SimplePublicObject/properties/properties": _VALUES,
        "/components/schemas/SimplePublicObjectWithAssociations/properties/properties": _VALUES,
        # A sort is an object of `propertyName` and `direction`, see _SEARCH; or the bare name.
        "/components/schemas/PublicObjectSearchRequest/properties/sorts/items": {},
    },
)


def _seed(world: World) -> None:
    """An account with two owners and one who is gone."""
    properties.seed(world)
    schemas.seed(world)
    around.add_owner(world, "Ada", "Admin", "ada@acme.example")
    around.add_owner(world, "Ben", "", "ben@acme.example")
    around.add_owner(world, "Cleo", "Former", "cleo@acme.example", archived=True)


def _is_search(request: Request) -> bool:
    return request.path.endswith("/search")


def _told(spent: Spent) -> dict[str, str]:
    """The headers that tell of the limits; the search tells nothing of its own."""
    left, most = str(max(spent.left, 0)), str(spent.limit.most)
    if spent.limit.name == "DAILY":
        return {"X-HubSpot-RateLimit-Daily": most, "X-HubSpot-RateLimit-Daily-Remaining": left}
    if spent.limit.name == "SECONDLY":
        return {}
    return {
        "X-HubSpot-RateLimit-Max": most,
        "X-HubSpot-RateLimit-Remaining": left,
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    }


vendor = Vendor(
    name="HubSpot",
    routes=Routes(
        [
            route
            for module in (objects, searching, labels, links, properties, schemas, around)
            for route in module.on.all
        ]
    ),
    error=error,
    enters=enters,
    seed=_seed,
    limits=(
        Limit("TEN_SECONDLY_ROLLING", 190, 10, lambda request: None if _is_search(request) else "app"),
        Limit("SECONDLY", 5, 1, lambda request: "app" if _is_search(request) else None),
        Limit("DAILY", 625_000, _A_DAY, lambda _request: "app"),
    ),
    told=_told,
    says_when=False,
    deliveries=around.deliveries,
    official="hubspot/hubspot-crm.openapi.json",
    beyond=beyond,
)
