"""Salesforce, as far as its sales go.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest
"""

from __future__ import annotations

from typing import Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Limit, Routes, Spent, Vendor
from tests.emulators.vendors.salesforce import acts, fields, querying, records, tokens
from tests.emulators.vendors.salesforce.common import TOKEN, canonical, enters, error
from tests.emulators.world import World

__all__ = ["TOKEN", "vendor"]

_STAGES: Final = (
    ("Prospecting", False, False),
    ("Negotiation/Review", False, False),
    ("Closed Won", True, True),
    ("Closed Lost", True, False),
)
_A_DAY: Final = 86_400.0


def _seed(world: World) -> None:
    """An account with two people, one who has left, and a queue."""
    world.add("session", {"id": TOKEN})
    for first, active in (("Ada", True), ("Ben", True), ("Cleo", False)):
        address = f"{first.lower()}@acme.example"
        acts.new(
            world, "User", FirstName=first, LastName="Admin", Email=address, Username=address, IsActive=active
        )
    world.add("Group", {"id": "00G5g000001QueueEAA"})
    for place, (name, closed, won) in enumerate(_STAGES):
        told = {"IsClosed": closed, "IsWon": won, "SortOrder": place + 1, "IsActive": True}
        acts.new(world, "OpportunityStage", ApiName=name, MasterLabel=name, **told)


def _counts(request: Request) -> str | None:
    return None if request.path.startswith("/services/oauth2/") else "api"


def _told(spent: Spent) -> dict[str, str]:
    """The header that tells of the limit."""
    used = min(spent.limit.most - spent.left, spent.limit.most)
    return {"Sforce-Limit-Info": f"api-usage={used}/{spent.limit.most}"}


vendor = Vendor(
    name="Salesforce",
    routes=Routes([route for module in (fields, querying, records, tokens) for route in module.on.all]),
    error=error,
    enters=enters,
    seed=_seed,
    limits=(Limit("TotalRequests", 100_000, _A_DAY, _counts),),
    told=_told,
    says_when=False,
    too_many=403,
    canonical=canonical,
)
