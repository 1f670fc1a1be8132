"""Jira Cloud: one site with two projects, each with a workflow of its own, and an application that is let in."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Beyond, Limit, Spent, Vendor
from tests.emulators.vendors.jira import applications, files, hooks, searching
from tests.emulators.vendors.jira.common import CLOUD, canonical, on, viewer
from tests.emulators.world import World

EMAIL, TOKEN = "ada@example.com", "an-api-token"
ADA, GRACE, ALAN = "557058:ada-1", "5b10a2844c20165700ede21g", "5b10ac8d82e05b22cc7d4ef5"
HELP, DEV = "10000", "10001"
_PEOPLE: Final = (
    (ADA, "Ada Lovelace", EMAIL, True, "atlassian", True),
    (GRACE, "Grace Hopper", "grace@example.com", False, "atlassian", True),
    (ALAN, "Alan Turing", "alan@example.com", True, "atlassian", False),
    ("6-bot", "Automation for Jira", "bot@example.com", False, "app", True),
)
_GROUPS: Final = (
    ("276f955c-63d7-42c8-9520-92d01dca0625", "jira-users"),
    ("6e87dc72-4f1f-421f-9382-2fee8b652487", "support"),
)
_FIELDS: Final = (
    ("customfield_10010", "Floor", "textfield", "string"),
    ("customfield_10011", "Workaround", "textarea", "string"),
    ("customfield_10012", "Building", "select", "option"),
    ("customfield_10013", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint", "array"),
    ("customfield_10014", "Points", "float", "number"),
)
_MOST, _SECONDS = 10_000, 10.0
#: It says that a body comes with these answers, and has none in its examples.
_EMPTY: Final = tuple(
    f"/paths/~1rest~1api~13~1issue~1{{issueIdOrKey}}{place}/responses/204"
    for place in ("/put", "~1transitions/post")
)
#: Offsets have no colon, as all its examples show, and so are none of RFC 3339.
_MOMENTS: Final = (
    *(f"/components/schemas/Comment/properties/{name}" for name in ("created", "updated")),
    *(f"/components/schemas/{name}/properties/created" for name in ("Attachment", "AttachmentMetadata")),
)
_LED: Final = "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/"


def _seed(world: World) -> None:
    for remote_id, name, email, shows, kind, active in _PEOPLE:
        told = {"name": name, "email": email, "shows": shows, "type": kind, "active": active}
        world.add("user", {"id": remote_id, **told, "zone": "Australia/Sydney", "token": TOKEN})
    for remote_id, key, name in ((HELP, "HELP", "Help desk"), (DEV, "DEV", "Development")):
        facts = {"name": name, "description": f"About {name}", "private": key == "DEV"}
        world.add("project", {"id": remote_id, "key": key, **facts, "count": 0, "hidden": False})
    for remote_id, name in _GROUPS:
        world.add("group", {"id": remote_id, "name": name})
    for remote_id, name, kind, schema in _FIELDS:
        options = ("North", "South") if kind == "select" else ()
        world.add(
            "field", {"id": remote_id, "name": name, "kind": kind, "schema": schema, "options": options}
        )


def _error(status: int, sentence: str) -> Any:
    told = {401: "Client must be authenticated to access this resource."}.get(status, sentence)
    return {"errorMessages": [told or "Internal server error"], "errors": {}}


def _enters(world: World, request: Request) -> bool:
    return (
        request.path.startswith(("/authorize", "/oauth/token", "/media/"))
        or viewer(world, request) is not None
    )


def _told(spent: Spent) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(spent.limit.most),
        "X-RateLimit-Remaining": str(max(0, spent.left)),
        "X-RateLimit-Reset": "2026-01-31T10:00Z",
        **({"RateLimit-Reason": "jira-burst-based"} if spent.left < 0 else {}),
    }


vendor = Vendor(
    name="Jira",
    routes=on,
    error=_error,
    enters=_enters,
    seed=_seed,
    limits=(Limit("burst", _MOST, _SECONDS, lambda request: request.headers.get("authorization")),),
    told=_told,
    canonical=canonical,
    deliveries=hooks.sent,
    official="jira/jira-cloud-v3.openapi.json",
    beyond=Beyond(
        paths={
            "/authorize": _LED,
            "/oauth/token": _LED,
            "/oauth/token/accessible-resources": _LED,
            files.MEDIA: "where the content of attachments redirects to",
        },
        errata={
            **{place: {"description": "Done."} for place in _EMPTY},
            **{place: {"type": "string"} for place in _MOMENTS},
        },
    ),
)
__all__ = [
    "ADA",
    "ALAN",
    "CLOUD",
    "DEV",
    "GRACE",
    "HELP",
    "applications",
    "files",
    "hooks",
    "searching",
    "vendor",
]
