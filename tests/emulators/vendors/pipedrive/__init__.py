"""Pipedrive, as far as its persons, organizations, deals, activities, leads and notes go.

https://developers.pipedrive.com/docs/api/v1
"""

from __future__ import annotations

from typing import Final

from tests.emulators.vendor import Beyond, Limit, Routes, Spent, Vendor
from tests.emulators.vendors.pipedrive import around, first, records, tokens
from tests.emulators.vendors.pipedrive.common import COMPANY, TOKEN, enters, error
from tests.emulators.world import World

__all__ = ["COMPANY", "TOKEN", "tokens", "vendor"]

_DOCS: Final = "https://pipedrive.readme.io/docs"
_LIMITS: Final = f"{_DOCS}/core-api-concepts-rate-limiting"
_A_DAY: Final = 86_400.0

beyond = Beyond(
    paths={"/oauth/revoke": f"{_DOCS}/app-uninstallation"},
    query=dict.fromkeys(("response_type", "scope"), "RFC 6749, 4.1.1"),
    nulls=dict.fromkeys(
        (
            *("last_name", "lost_reason", "options", "person_id", "org_id", "deal_id"),
            *("note", "due_date", "due_time", "marked_as_done_time"),
        ),
        "what is empty is null [?], general knowledge",
    ),
    fields={
        "error": "refusals, as the first version's description has them",
        "errorCode": "the same",
        "error_info": "the same",
        "code": f"{_DOCS}/core-api-concepts-http-status-codes",
    },
    errata={
        # Who has allowed it is led back to the application.
        "/paths/~1oauth~1authorize/get/responses/302": {"description": "RFC 6749, 4.1.2"},
        # Of an organization a title is required, which is no field of it; the name is meant.
        "/paths/~1organizations/post/requestBody/content/application~1json/schema/required": ["name"],
    },
)


def _seed(world: World) -> None:
    """A company with two users and one who is gone, and two pipelines."""
    around.add_user(world, "Ada Admin", "ada@acme.example")
    around.add_user(world, "Ben", "ben@acme.example")
    around.add_user(world, "Cleo Former", "cleo@acme.example", active=False)
    for name, pipeline in (("Qualified", 1), ("Proposal", 1), ("Renewal", 2)):
        around.add_stage(world, name, pipeline)


def _canonical(path: str) -> str:
    return path.removeprefix("/api/v2").removeprefix("/api/v1")


def _told(spent: Spent) -> dict[str, str]:
    """The headers that tell of the limits."""
    left = str(max(spent.left, 0))
    if spent.limit.name == "day":
        return {"x-daily-requests-left": left}
    facts = {"x-ratelimit-limit": str(spent.limit.most), "x-ratelimit-remaining": left}
    return {**facts, "x-ratelimit-reset": str(max(1, round(spent.reset)))}


vendor = Vendor(
    name="Pipedrive",
    routes=Routes([route for module in (records, first, around, tokens) for route in module.on.all]),
    error=error,
    enters=enters,
    seed=_seed,
    limits=(
        Limit("burst", 160, 2, lambda _request: "token"),
        Limit("day", 30_000, _A_DAY, lambda _request: "company"),
    ),
    told=_told,
    says_when=False,
    canonical=_canonical,
    deliveries=around.deliveries,
    official=("pipedrive/pipedrive-v2.openapi.json", "pipedrive/pipedrive-v1.openapi.json"),
    beyond=beyond,
)
