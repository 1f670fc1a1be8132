"""What all addresses have in common: kinds of records, how they are shown, and how something is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.emulators.exchange import Refused, Request
from tests.emulators.world import Record, World

API: Final = "/crm/v3/objects"
TOKEN: Final = "pat-na1-0f9a"
PORTAL: Final = 62515
#: The kind that the company has made for itself.
VESSELS: Final = "p62515_vessels"
#: Words in the table of quirks: what HubSpot may do, and a test may have it do.
BATCHES_FOLLOW, NEW_IDS = "batches follow merges", "merges have new ids"
_CORRELATION: Final = "aeb5f871-7f07-4993-9211-075dc63e7cbf"


@dataclass(frozen=True)
class Kind:
    """A kind of records: its number, its name in webhooks, the properties that tell when one is made and changed."""

    number: str
    singular: str
    created: str = "hs_createdate"
    changed: str = "hs_lastmodifieddate"


KINDS: Final = {
    "contacts": Kind("0-1", "contact", "createdate", "lastmodifieddate"),
    "companies": Kind("0-2", "company", "createdate"),
    "deals": Kind("0-3", "deal", "createdate"),
    "notes": Kind("0-46", "note"),
    "tasks": Kind("0-27", "task"),
    "leads": Kind("0-136", "lead"),
    "calls": Kind("0-48", "call"),
    "meetings": Kind("0-47", "meeting"),
    VESSELS: Kind("2-3456", "vessel"),
}


def stamp(moment: datetime) -> str:
    """A moment as it is told: to the millisecond, of which none is told where there is none."""
    told = moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"{told.removesuffix('.000')}Z"


def has_quirk(world: World, word: str) -> bool:
    """Whether a test has asked for this behaviour."""
    return word in world.table("quirk")


def refusal(status: int, category: str, message: str, *faults: Record) -> Refused:
    """A refusal; faults: what is wrong, each with what it is about."""
    told = {"status": "error", "category": category, "message": message, "correlationId": _CORRELATION}
    return Refused(status, {**told, **({"errors": list(faults)} if faults else {})})


def fault(name: str, code: str, message: str) -> Record:
    """What is wrong with a property."""
    return {"message": message, "code": code, "in": name, "context": {"propertyName": [name]}}


_CATEGORIES: Final = {
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found."),
    403: ("MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
    404: ("OBJECT_NOT_FOUND", "Object not found."),
}


def error(status: int, sentence: str) -> Any:
    """The body of a refusal; of a limit that was reached, with its name."""
    category, usual = _CATEGORIES.get(status, ("VALIDATION_ERROR", "Invalid input"))
    told = {"status": "error", "message": sentence or usual, "correlationId": _CORRELATION}
    if status != 429:
        return {**told, "category": category}
    name = sentence.partition(":")[0] or "TEN_SECONDLY_ROLLING"
    limit = {"errorType": "RATE_LIMIT", "policyName": name, "category": "RATE_LIMITS"}
    return {**told, "message": f"You have reached your {name.lower()} limit.", **limit}


def enters(_world: World, request: Request) -> bool:
    """Whether the token is the account's."""
    return request.headers.get("authorization") == f"Bearer {TOKEN}"


def kind_of(world: World, request: Request, name: str = "objectType") -> str:
    """The kind in a path; raises Refused for one that there is not, or that the token may not see."""
    told = request.params[name]
    found = next((kind for kind, one in KINDS.items() if told in {kind, one.singular, one.number}), None)
    if found is None or (found == VESSELS and not world.rows("schema")):
        raise refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {told}")
    return found


def may_see(world: World, kind: str) -> None:
    """Raise Refused where the token lacks the scope of a kind."""
    if kind in world.table("hidden"):
        raise Refused(403)


def shown(world: World, kind: str, record: Record, wanted: Iterable[str] = ()) -> Record:
    """A record with the properties that are asked for, and some that are always shown."""
    facts = KINDS[kind]
    names = [*wanted, "hs_object_id", facts.created, facts.changed]
    known = {one["name"] for one in world.rows("property") if one["kind"] == kind}
    archived = {"archivedAt": stamp(record["archived_at"])} if record["archived"] else {}
    return {
        "id": record["id"],
        "properties": {name: record["properties"].get(name) for name in names if name in known},
        "createdAt": stamp(record["created"]),
        "updatedAt": stamp(record["changed"]),
        "archived": record["archived"],
        **archived,
    }


def wanted_of(request: Request) -> list[str]:
    """The properties that a query asks for: the parameter is repeated, or has commas in it."""
    return [name for told in request.every("properties") for name in told.split(",") if name]


def wants_archived(request: Request) -> bool:
    """Whether a query asks for what is archived."""
    return (request.asked("archived") or "").lower() == "true"
