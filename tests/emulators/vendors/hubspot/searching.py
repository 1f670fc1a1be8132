"""The search: an index that learns later what changed, and shows 10,000 records to a question at the most."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot.common import API, kind_of, may_see, refusal, shown
from tests.emulators.world import Record, World

on: Final = Routes()
#: Seconds by which it comes behind.
LAG: Final = 30.0
WINDOW: Final = 10_000
_MOST: Final = 200
_GROUPS, _FILTERS = 5, 6


@on("POST", f"{API}/{{objectType}}/search")
def search(world: World, request: Request) -> Answer:
    """Records as the index knows them, a page from a place on."""
    kind, body = kind_of(world, request), request.body
    may_see(world, kind)
    size, first = body.get("limit", 10), int(body.get("after") or 0)
    groups = [group["filters"] for group in body.get("filterGroups", ())]
    if size > _MOST or len(groups) > _GROUPS or any(len(one) > _FILTERS for one in groups):
        raise refusal(400, "VALIDATION_ERROR", "the question is too large")
    if first + size > WINDOW:
        raise refusal(400, "VALIDATION_ERROR", f"Paging is limited to {WINDOW} results.")
    known = [one for record in world.rows(kind) if (one := _indexed(world, record)) is not None]
    found = [one for one in known if not groups or any(_passes(world, kind, one, some) for some in groups)]
    for told in reversed(body.get("sorts", ())):
        by = {"propertyName": told} if isinstance(told, str) else told
        falling = by.get("direction") == "DESCENDING"
        found.sort(key=partial(_by, world, kind, by["propertyName"]), reverse=falling)
    some = found[first : first + size]
    more = {"paging": {"next": {"after": str(first + size)}}} if first + size < len(found) else {}
    wanted = body.get("properties", ())
    return Answer(
        200, {"total": len(found), "results": [shown(world, kind, one, wanted) for one in some], **more}
    )


def _indexed(world: World, record: Record) -> Record | None:
    """A record as the index knows it; None if it does not, or knows that it is archived."""
    until = world.clock.now() - timedelta(seconds=LAG)
    known = [one for one in record["history"] if one[0] <= until]
    if not known or known[-1][2]:
        return None
    return {**record, "properties": known[-1][1], "changed": known[-1][0], "archived": False}


def _by(world: World, kind: str, name: str, one: Record) -> Any:
    return _comparable(world, kind, name, one["properties"].get(name))


def _passes(world: World, kind: str, one: Record, filters: list[Record]) -> bool:
    return all(_holds(world, kind, one["properties"].get(told["propertyName"]), told) for told in filters)


def _holds(world: World, kind: str, value: Any, told: Record) -> bool:
    operator = told["operator"]
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return bool(value) is (operator == "HAS_PROPERTY")
    here = _comparable(world, kind, told["propertyName"], value)
    there = _comparable(world, kind, told["propertyName"], told["value"])
    tests = {
        "EQ": here == there,
        "NEQ": here != there,
        "GT": here > there,
        "GTE": here >= there,
        "LT": here < there,
        "LTE": here <= there,
    }
    if operator not in tests:
        raise refusal(400, "VALIDATION_ERROR", f"the emulator does not know {operator}")
    return bool(value) and tests[operator]


def _comparable(world: World, kind: str, name: str, value: Any) -> Any:
    """A value as it is compared: numbers and moments as numbers, texts without capitals."""
    known = world.table("property").get(f"{kind}.{name}")
    if known is None:
        raise refusal(400, "VALIDATION_ERROR", f"There was a problem with the request: no property {name}")
    if known["type"] == "number":
        return float(value or 0)
    if known["type"] == "datetime":
        told = str(value or 0)
        return int(told) if told.isdigit() else round(datetime.fromisoformat(told).timestamp() * 1000)
    return str(value or "").lower()
