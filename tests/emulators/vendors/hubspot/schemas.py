"""The kinds that the company has made for itself: one, of vessels, with what it can be associated with."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot import labels, properties
from tests.emulators.vendors.hubspot.common import KINDS, VESSELS, may_see, stamp, wants_archived
from tests.emulators.world import Record, World

on: Final = Routes()
_SCHEMAS: Final = "/crm-object-schemas/v3/schemas"
#: Who may not see schemas has no scope for them, or no such edition.
HIDDEN: Final = "schemas"


def seed(world: World) -> None:
    """That of vessels."""
    now = stamp(world.clock.now())
    number = KINDS[VESSELS].number
    world.add(
        "schema",
        {
            "id": number.removeprefix("2-"),
            "objectTypeId": number,
            "fullyQualifiedName": VESSELS,
            "name": "vessels",
            "description": "Vessels that customers run",
            "labels": {"singular": "Vessel", "plural": "Vessels"},
            "primaryDisplayProperty": "call_sign",
            "requiredProperties": ["call_sign"],
            "searchableProperties": ["call_sign"],
            "secondaryDisplayProperties": [],
            "archived": False,
            "createdAt": now,
            "updatedAt": now,
        },
    )


def _shown(world: World, schema: Record) -> Record:
    return {**schema, "properties": properties.of_kind(world, VESSELS), "associations": _ends(world)}


def _ends(world: World) -> list[Record]:
    """What vessels can be associated with, in both directions."""
    plain = [(*ends, number, "") for ends, number in labels.PLAIN.items()]
    made = [(one["from"], one["to"], one["typeId"], one["name"]) for one in world.rows("label")]
    return [
        {
            "id": str(number),
            "name": name or f"{KINDS[kind].singular}_to_{KINDS[other].singular}",
            "fromObjectTypeId": KINDS[kind].number,
            "toObjectTypeId": KINDS[other].number,
        }
        for kind, other, number, name in (*plain, *made)
        if VESSELS in (kind, other)
    ]


@on("GET", _SCHEMAS)
def listed(world: World, request: Request) -> Answer:
    """All of them, with their properties."""
    may_see(world, HIDDEN)
    rows = [] if wants_archived(request) else world.rows("schema")
    return Answer(200, {"results": [_shown(world, one) for one in rows]})


@on("GET", f"{_SCHEMAS}/{{objectType}}")
def one(world: World, request: Request) -> Answer:
    """One, by its number or by its name."""
    may_see(world, HIDDEN)
    told: Any = request.params["objectType"]
    for schema in world.rows("schema"):
        if told in {schema["objectTypeId"], schema["fullyQualifiedName"]}:
            return Answer(200, _shown(world, schema))
    raise Refused(404)
