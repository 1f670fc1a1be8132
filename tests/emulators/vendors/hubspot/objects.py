"""Records of all kinds: made, listed, read by their ids one by one and in batches, changed, archived, merged."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot import links, properties
from tests.emulators.vendors.hubspot.common import (
    API,
    BATCHES_FOLLOW,
    KINDS,
    NEW_IDS,
    VESSELS,
    fault,
    has_quirk,
    kind_of,
    may_see,
    refusal,
    shown,
    stamp,
    wanted_of,
    wants_archived,
)
from tests.emulators.world import Record, World

on: Final = Routes()
#: Records of a page, and ids of a batch.
MOST: Final = 100
_DEFAULTS: Final = {"leads": {"hs_pipeline": "lead-pipeline-id", "hs_pipeline_stage": "new-stage-id"}}
_STAGES: Final = {name: place for place, name in enumerate(properties.LIFECYCLE)}


def new(world: World, kind: str, **told: str) -> Record:
    """A record."""
    number = str(world.next_id("record"))
    now = world.clock.now()
    made = {"hs_object_id": number, KINDS[kind].created: stamp(now), **_DEFAULTS.get(kind, {})}
    facts: Record = {"archived": False, "merged_into": None, "created": now, "history": []}
    record = world.add(kind, {"id": number, "properties": made, **facts})
    _keep(world, kind, record, told)
    world.happened("creation", kind, record)
    return record


def edit(world: World, kind: str, record: Record, **told: str) -> Record:
    """Have somebody change one."""
    _keep(world, kind, record, told)
    for name, value in told.items():
        world.happened("propertyChange", kind, record, propertyName=name, propertyValue=value)
    return record


def archive(world: World, kind: str, record: Record) -> None:
    """Have somebody delete one."""
    record.update(archived=True, archived_at=world.clock.now())
    record["history"].append((world.clock.now(), dict(record["properties"]), True))
    world.happened("deletion", kind, record)


def merge(world: World, kind: str, primary: Record, other: Record) -> Record:
    """Have somebody merge two: the first one is left, or one with an id of its own."""
    left = new(world, kind, **primary["properties"]) if has_quirk(world, NEW_IDS) else primary
    gone = [one for one in (primary, other) if one is not left]
    for one in gone:
        one.update(archived=True, archived_at=world.clock.now(), merged_into=left["id"])
        one["history"].append((world.clock.now(), dict(one["properties"]), True))
    told = {name: value for name, value in other["properties"].items() if not left["properties"].get(name)}
    _keep(world, kind, left, {**told, "hs_merged_object_ids": ";".join(one["id"] for one in gone)})
    world.happened("merge", kind, left, primary=primary["id"], merged=[one["id"] for one in gone])
    return left


def _keep(world: World, kind: str, record: Record, told: Record) -> None:
    """Note what changes, and what follows from it; the index learns it later."""
    kept = record["properties"]
    kept.update(_forward_only(kept, told))
    now = world.clock.now()
    if kind == "deals":
        stage = properties.stage_of(world, kept.get("pipeline", "default"), kept.get("dealstage"))
        chance = stage["metadata"]["probability"] if stage else ""
        kept["hs_is_closed"] = str(chance in {"1.0", "0.0"}).lower()
        kept["hs_is_closed_won"] = str(chance == "1.0").lower()
    world.obey(kind, record)
    kept[KINDS[kind].changed] = stamp(now)
    record["changed"] = now
    record["history"].append((now, dict(kept), record["archived"]))


def _forward_only(kept: Record, told: Record) -> Record:
    """A stage that lies before the one that is there is dropped without a word; nothing clears it."""
    here, wanted = kept.get("lifecyclestage"), told.get("lifecyclestage")
    if here and wanted and _STAGES.get(wanted, 99) < _STAGES.get(here, 99):
        return {name: value for name, value in told.items() if name != "lifecyclestage"}
    return told


def by_id(world: World, kind: str, remote_id: str, *, archived: bool = False) -> Record:
    """A record that is there, or is archived; of one that was merged the one that is left. Raises Refused."""
    found = world.table(kind).get(remote_id)
    while found is not None and found["merged_into"]:
        found = world.table(kind)[found["merged_into"]]
    if found is None or found["archived"] is not archived:
        raise Refused(404)
    return found


@on("GET", f"{API}/{{objectType}}")
def page(world: World, request: Request) -> Answer:
    """A page of those that are there, or that are archived, by their ids."""
    kind, after = kind_of(world, request), request.number("after", 0)
    may_see(world, kind)
    size, archived = request.number("limit", 10), wants_archived(request)
    if not 0 < size <= MOST:
        raise refusal(400, "VALIDATION_ERROR", f"limit has to be at most {MOST}")
    rows = [one for one in world.listed(kind) if one["archived"] is archived and int(one["id"]) > after]
    some = rows[:size]
    paging = {"paging": {"next": {"after": some[-1]["id"]}}} if len(rows) > size else {}
    return Answer(200, {"results": [shown(world, kind, one, wanted_of(request)) for one in some], **paging})


@on("POST", f"{API}/{{objectType}}")
def create(world: World, request: Request) -> Answer:
    """A new one, with what it is associated with."""
    kind, body = kind_of(world, request), request.body
    may_see(world, kind)
    told = properties.checked(world, kind, body["properties"])
    _check(world, kind, told, None)
    kinds = {links.other_kind(world, kind, one) for one in body.get("associations", ())}
    if kind == "leads" and "contacts" not in kinds:
        raise refusal(400, "VALIDATION_ERROR", "a lead has to be associated with a contact or a company")
    made = new(world, kind, **told)
    for one in body.get("associations", ()):
        links.associate(
            world, kind, made["id"], links.other_kind(world, kind, one), one["to"]["id"], one["types"]
        )
    return Answer(201, shown(world, kind, made, told))


_REQUIRED: Final = {
    "deals": ("dealname", "dealstage"),
    "leads": ("hs_lead_name",),
    "notes": ("hs_timestamp",),
    **dict.fromkeys(("tasks", "calls", "meetings"), ("hs_timestamp",)),
    VESSELS: ("call_sign",),
}


def _check(world: World, kind: str, told: Record, record: Record | None) -> None:
    """Raise Refused where something is missing, is somebody else's, or does not belong together."""
    after = {**(record["properties"] if record else {}), **told}
    missing = [name for name in _REQUIRED.get(kind, ()) if not after.get(name)]
    if missing:
        faults = [fault(name, "MISSING_REQUIRED_PROPERTY", f"{name} is required") for name in missing]
        raise refusal(400, "VALIDATION_ERROR", "Some required properties were not set.", *faults)
    if kind == "contacts" and told.get("email"):
        _check_email(world, told["email"], record)
    if kind == "deals" and not properties.stage_of(
        world, after.get("pipeline", "default"), after["dealstage"]
    ):
        wrong = fault("dealstage", "INVALID_OPTION", f"{after['dealstage']} is no stage of the pipeline")
        raise refusal(400, "VALIDATION_ERROR", "Property values were not valid", wrong)


def _check_email(world: World, email: str, record: Record | None) -> None:
    for one in world.rows("contacts"):
        same = (one["properties"].get("email") or "").lower() == email.lower()
        if same and not one["archived"] and one is not record:
            raise refusal(409, "CONFLICT", f"Contact already exists. Existing ID: {one['id']}")


@on("POST", f"{API}/{{objectType}}/batch/read")
def read_batch(world: World, request: Request) -> Answer:
    """Those of some ids that are there; what is not there is told beside them."""
    kind, body, started = kind_of(world, request), request.body, stamp(world.clock.now())
    may_see(world, kind)
    ids = list(dict.fromkeys(str(one["id"]) for one in body["inputs"]))
    if not 0 < len(ids) <= MOST:
        raise refusal(400, "VALIDATION_ERROR", f"a batch has at least one id, and {MOST} at the most")
    archived = wants_archived(request)
    found = [one for id_ in ids if (one := _one(world, kind, id_, archived=archived)) is not None]
    there = {one["id"]: shown(world, kind, one, body["properties"]) for one in found}
    times = {"status": "COMPLETE", "startedAt": started, "completedAt": started}
    if len(found) == len(ids):
        return Answer(200, {"results": list(there.values()), **times})
    lacks = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind} objects, they may be deleted or not exist.",
        "context": {"ids": [id_ for id_ in ids if id_ not in there]},
        "errors": [],
        "links": {},
    }
    return Answer(207, {"results": list(there.values()), **times, "numErrors": 1, "errors": [lacks]})


def _one(world: World, kind: str, remote_id: str, *, archived: bool) -> Record | None:
    if has_quirk(world, BATCHES_FOLLOW):
        try:
            return by_id(world, kind, remote_id, archived=archived)
        except Refused:
            return None
    found = world.table(kind).get(remote_id)
    return found if found and found["archived"] is archived and not found["merged_into"] else None


@on("POST", f"{API}/{{objectType}}/merge")
def merge_two(world: World, request: Request) -> Answer:
    """Make one of two."""
    kind, body = kind_of(world, request), request.body
    both = [by_id(world, kind, body[name]) for name in ("primaryObjectId", "objectIdToMerge")]
    return Answer(200, shown(world, kind, merge(world, kind, *both)))


@on("GET", f"{API}/{{objectType}}/{{objectId}}")
def show(world: World, request: Request) -> Answer:
    """One, by its id or by an address that is its own."""
    kind, told = kind_of(world, request), request.params["objectId"]
    may_see(world, kind)
    unique = request.asked("idProperty")
    if unique:
        told = next((one["id"] for one in world.rows(kind) if one["properties"].get(unique) == told), "")
    found = by_id(world, kind, told, archived=wants_archived(request))
    return Answer(200, shown(world, kind, found, wanted_of(request)))


@on("PATCH", f"{API}/{{objectType}}/{{objectId}}")
def update(world: World, request: Request) -> Answer:
    """Change one."""
    kind = kind_of(world, request)
    found = by_id(world, kind, request.params["objectId"])
    told = properties.checked(world, kind, request.body["properties"])
    _check(world, kind, told, found)
    return Answer(200, shown(world, kind, edit(world, kind, found, **told), told))


@on("DELETE", f"{API}/{{objectType}}/{{objectId}}")
def remove(world: World, request: Request) -> Answer:
    """Archive one; nobody is told whether it was there."""
    kind = kind_of(world, request)
    found: Any = world.table(kind).get(request.params["objectId"])
    if found and not found["archived"]:
        archive(world, kind, found)
    return Answer(204)
