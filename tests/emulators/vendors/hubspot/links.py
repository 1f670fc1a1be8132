"""Associations: in both directions, with types that say what they mean."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot.common import KINDS, kind_of, may_see, refusal, stamp
from tests.emulators.vendors.hubspot.labels import FIRST, PLAIN, labels, spec
from tests.emulators.world import Record, World

on: Final = Routes()
_BATCH: Final = "/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read"
_OF: Final = "/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}"
_DEFAULT: Final = (
    "/crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}"
)
#: Associations of one record in one answer.
SIZE: Final = 500


def of(world: World, kind: str, remote_id: str, other: str) -> list[Record]:
    """The associations of a record with records of another kind."""
    return [
        one
        for one in world.rows("link")
        if (one["from"], one["from_id"], one["to"]) == (kind, remote_id, other)
    ]


def other_kind(world: World, kind: str, told: Record) -> str:
    """The kind to which an association in a create leads; raises Refused."""
    numbers = {one["associationTypeId"] for one in told["types"]}
    found = next(
        (
            pair[1]
            for known in (PLAIN, FIRST)
            for pair, n in known.items()
            if pair[0] == kind and n in numbers
        ),
        None,
    )
    if found is None or told["to"]["id"] not in world.table(found):
        raise refusal(400, "VALIDATION_ERROR", f"no such association: {sorted(numbers)}")
    return found


def associate(
    world: World, kind: str, remote_id: str, other: str, other_id: str, types: list[Record]
) -> None:
    """Associate two, in both directions; the first company is the first one, until another one is."""
    told = {one["associationTypeId"] for one in types}
    pair = (kind, other)
    known = {one["typeId"]: one for one in labels(world, *pair)}
    if unknown := told - set(known):
        raise refusal(400, "VALIDATION_ERROR", f"no such association: {sorted(unknown)}")
    first = pair in FIRST and (FIRST[pair] in told or not of(world, kind, remote_id, other))
    _link(world, pair, (remote_id, other_id), first=first)
    _link(world, (other, kind), (other_id, remote_id), first=False)
    _label(world, pair, (remote_id, other_id), [known[one]["pair"] for one in told if "pair" in known[one]])
    world.happened(
        "associationChange", kind, world.table(kind)[remote_id], other=other, to=other_id, removed=False
    )


def _link(world: World, ends: tuple[str, str], ids: tuple[str, str], *, first: bool) -> None:
    there = of(world, ends[0], ids[0], ends[1])
    one = next((one for one in there if one["to_id"] == ids[1]), None)
    one = one or world.add(
        "link", {"from": ends[0], "from_id": ids[0], "to": ends[1], "to_id": ids[1], "types": [PLAIN[ends]]}
    )
    if first:
        for other in there:
            other["types"] = [number for number in other["types"] if number != FIRST[ends]]
        one["types"] = [FIRST[ends], PLAIN[ends]]


def _label(world: World, ends: tuple[str, str], ids: tuple[str, str], wanted: list[tuple[int, int]]) -> None:
    """Put labels to an association, in both directions."""
    for number, turned in wanted:
        for back, (pair, both) in enumerate(((ends, ids), (ends[::-1], ids[::-1]))):
            told = number + (turned ^ back)
            for one in of(world, pair[0], both[0], pair[1]):
                if one["to_id"] == both[1] and told not in one["types"]:
                    one["types"].append(told)


def _shown(world: World, one: Record) -> Record:
    known = {told["typeId"]: told for told in labels(world, one["from"], one["to"])}
    return {"toObjectId": one["to_id"], "associationTypes": [spec(known[told]) for told in one["types"]]}


@on("POST", _BATCH)
def read_batch(world: World, request: Request) -> Answer:
    """Those of up to a hundred records; of one that has none, nothing."""
    kind, other = kind_of(world, request, "fromObjectType"), kind_of(world, request, "toObjectType")
    may_see(world, other)
    if len(request.body["inputs"]) > 100:
        raise refusal(400, "VALIDATION_ERROR", "a batch has 100 ids at the most")
    found = [_page(world, kind, one, other) for one in request.body["inputs"]]
    now = stamp(world.clock.now())
    times = {"status": "COMPLETE", "startedAt": now, "completedAt": now}
    return Answer(200, {"results": [one for one in found if one["to"]], **times})


def _page(world: World, kind: str, asked: Record, other: str) -> Record:
    rows, first = of(world, kind, asked["id"], other), int(asked.get("after") or 0)
    some = rows[first : first + SIZE]
    more = {"paging": {"next": {"after": str(first + SIZE)}}} if len(rows) > first + SIZE else {}
    return {"from": {"id": asked["id"]}, "to": [_shown(world, one) for one in some], **more}


@on("GET", _OF)
def list_of(world: World, request: Request) -> Answer:
    """Those of one record."""
    rows = of(
        world, kind_of(world, request), request.params["objectId"], kind_of(world, request, "toObjectType")
    )
    return Answer(200, {"results": [_shown(world, one) for one in rows]})


@on("PUT", f"{_OF}/{{toObjectId}}")
def put(world: World, request: Request) -> Answer:
    """Associate two as is said."""
    ends = _ends(world, request, ("objectType", "objectId"))
    associate(world, *ends, request.json)
    kind, remote_id, other, other_id = ends
    told = {"fromObjectTypeId": KINDS[kind].number, "toObjectTypeId": KINDS[other].number, "labels": []}
    return Answer(201, {**told, "fromObjectId": remote_id, "toObjectId": other_id})


@on("PUT", _DEFAULT)
def put_plain(world: World, request: Request) -> Answer:
    """Associate two, and say nothing more."""
    ends = _ends(world, request, ("fromObjectType", "fromObjectId"))
    associate(world, *ends, [])
    now = stamp(world.clock.now())
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": PLAIN[ends[0], ends[2]]}
    made = {"from": {"id": ends[1]}, "to": {"id": ends[3]}, "associationSpec": spec}
    return Answer(200, {"status": "COMPLETE", "startedAt": now, "completedAt": now, "results": [made]})


@on("DELETE", f"{_OF}/{{toObjectId}}")
def remove(world: World, request: Request) -> Answer:
    """End all that is between two."""
    kind, remote_id, other, other_id = _ends(world, request, ("objectType", "objectId"))
    for ends in ((kind, remote_id, other, other_id), (other, other_id, kind, remote_id)):
        for one in of(world, *ends[:3]):
            if one["to_id"] == ends[3]:
                del world.table("link")[str(one["id"])]
    return Answer(204)


def _ends(world: World, request: Request, names: tuple[str, str]) -> tuple[str, str, str, str]:
    kind, other = kind_of(world, request, names[0]), kind_of(world, request, "toObjectType")
    remote_id, other_id = request.params[names[1]], request.params["toObjectId"]
    both: Any = (world.table(kind).get(remote_id), world.table(other).get(other_id))
    if any(one is None or one["archived"] for one in both):
        raise Refused(404)
    return kind, remote_id, other, other_id
