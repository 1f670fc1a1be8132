"""Persons, organizations, deals and activities: made, listed, read, changed and deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import opened, piece, sealed
from tests.emulators.vendor import Routes
from tests.emulators.vendors.pipedrive.common import refused, stamp
from tests.emulators.world import Record, World

on: Final = Routes()
KINDS: Final = {
    "persons": "person",
    "organizations": "organization",
    "deals": "deal",
    "activities": "activity",
}
MOST: Final = 500
_REFERENCES: Final = {
    "org_id": "organizations",
    "person_id": "persons",
    "deal_id": "deals",
    "owner_id": "user",
}
_SOURCE: Final = "source_lead_id"
_SHOWN: Final[Record] = {"visible_to": 3, "custom_fields": {}, "label_ids": []}
_DEFAULTS: Final[dict[str, Record]] = {
    "persons": {**_SHOWN, "emails": [], "phones": []},
    "organizations": _SHOWN,
    "activities": {
        "type": "task",
        "done": False,
        "marked_as_done_time": None,
        "note": None,
        "duration": "",
        "participants": [],
    },
    "deals": {
        **_SHOWN,
        "status": "open",
        "value": 0,
        "currency": "EUR",
        "is_archived": False,
        "lost_reason": None,
    },
}
_REQUIRED: Final = {"persons": "name", "organizations": "name", "deals": "title", "activities": "subject"}
#: A hash of 40 characters, the kind of its values, and what they can be.
FIELDS: Final = {
    "persons": ("9dc80c50d78a15643bfc4ca79d76156a73a1ca0e", "enum", {27: "Fair", 28: "Friend"}),
    "organizations": ("a84a1ab2b6b04ecf54a2b1b7d5b7e4f0dfa1c9b3", "varchar", {}),
    "deals": ("f5e2a1cc1cf1c9d4d8b4f9a0d93f3b2ce34bd4d2", "set", {31: "Printer", 32: "Fax"}),
}


def new(world: World, kind: str, **told: Any) -> Record:
    """A record."""
    now = stamp(world.clock.now())
    facts = {"owner_id": 1001, "is_deleted": False, "add_time": now, "update_time": now}
    record = world.add(kind, {**facts, **_DEFAULTS[kind]})
    _keep(world, kind, record, told)
    world.happened("create", KINDS[kind], record)
    return record


def edit(world: World, kind: str, record: Record, **told: Any) -> Record:
    """Have somebody change one."""
    _keep(world, kind, record, told)
    record["update_time"] = stamp(world.clock.now())
    world.happened("change", KINDS[kind], record)
    return record


def delete(world: World, kind: str, record: Record) -> None:
    """Have somebody delete one: it leaves its list, and its last change is as it was."""
    record["is_deleted"] = True
    world.happened("delete", KINDS[kind], record)


def _keep(world: World, kind: str, record: Record, told: Record) -> None:
    before = record.get("custom_fields", {})
    record |= told
    if "custom_fields" in told:
        record["custom_fields"] = {**before, **told["custom_fields"]}
    if kind == "activities":
        _take_part(record, told)
    if told.get("done"):
        record["marked_as_done_time"] = stamp(world.clock.now())
    if kind == "persons" and "name" in told:
        first, _, last = told["name"].partition(" ")
        record |= {"first_name": first, "last_name": last or None}
    if kind == "deals" and "stage_id" in told:
        stage = world.get("stage", told["stage_id"])
        if told.get("pipeline_id", stage["pipeline_id"]) != stage["pipeline_id"]:
            raise refused(400, "The stage does not belong to the pipeline")


def _take_part(record: Record, told: Record) -> None:
    """Who is named is the first one who takes part, and the other way round."""
    if "participants" in told:
        first = [one["person_id"] for one in told["participants"] if one["primary"]]
        record["person_id"] = next(iter(first), None)
    elif told.get("person_id"):
        record["participants"] = [{"person_id": told["person_id"], "primary": True}]


def _check(world: World, kind: str, told: Record, *, whole: bool) -> None:
    if whole and not told.get(_REQUIRED[kind]):
        raise refused(400, f"{_REQUIRED[kind]} is required")
    code, _, options = FIELDS.get(kind, ("", "", {}))
    for key, value in told.get("custom_fields", {}).items():
        several = value if isinstance(value, list) else [value]
        if key != code or (options and not set(several) <= set(options)):
            raise refused(400, f"custom_fields.{key} has no such value")
    for name, other in _REFERENCES.items():
        if told.get(name) is not None and str(told[name]) not in world.table(other):
            raise refused(400, f"{name} is not there")


def _kind(request: Request) -> str:
    return request.path.strip("/").partition("/")[0]


def _there(world: World, request: Request) -> Record:
    found = world.table(_kind(request)).get(request.params["id"])
    if found is None:
        raise Refused(404, {"success": False, "error": "Not found", "code": "ERR_NOT_FOUND"})
    return found


def page(world: World, request: Request) -> Answer:
    """A page of those that are there; deleted deals where they are asked for, archived ones at their own address."""
    kind, wanted = _kind(request), request.asked("status")
    size = request.number("limit", 100)
    if not 0 < size <= MOST:
        raise refused(400, f"limit has to be at most {MOST}")
    rows = [one for one in world.listed(kind) if one["is_deleted"] is (wanted == "deleted")]
    if wanted in {"open", "won", "lost"}:
        rows = [one for one in rows if one["status"] == wanted]
    archived = request.path.endswith("/archived")
    rows = [one for one in rows if one.get("is_archived", False) is archived]
    if ids := request.asked("ids"):
        rows = [one for one in rows if str(one["id"]) in ids.split(",")]
    if since := request.asked("updated_since"):
        moment = datetime.fromisoformat(since)
        rows = [one for one in rows if datetime.fromisoformat(one["update_time"]) >= moment]
    for name in ("person_id", "org_id"):
        if about := request.asked(name):
            rows = [one for one in rows if str(one.get(name)) == about]
    order = request.asked("sort_by") or "id"
    rows.sort(key=lambda one: (one[order], one["id"]), reverse=request.asked("sort_direction") == "desc")
    if cursor := request.asked("cursor"):
        before = opened(cursor, 1)[0]
        rows = rows[next(n for n, one in enumerate(rows) if str(one["id"]) == before) + 1 :]
    some = piece(rows, 0, size)
    further = {} if some.is_last else {"next_cursor": sealed(some.items[-1]["id"])}
    shown = [_shown(one, request) for one in some.items]
    return Answer(200, {"success": True, "data": shown, "additional_data": further})


def _shown(record: Record, request: Request) -> Record:
    """A record; of which lead a deal came only where that is asked for."""
    hidden = {_SOURCE} - set((request.asked("include_fields") or "").split(","))
    return {name: value for name, value in record.items() if name not in hidden}


def create(world: World, request: Request) -> Answer:
    """A new one."""
    kind, body = _kind(request), request.body
    _check(world, kind, body, whole=True)
    return Answer(200, {"success": True, "data": new(world, kind, **body)})


def show(world: World, request: Request) -> Answer:
    """One by its id, also one that is deleted."""
    return Answer(200, {"success": True, "data": _shown(_there(world, request), request)})


def change(world: World, request: Request) -> Answer:
    """Some of its fields."""
    kind, found, body = _kind(request), _there(world, request), request.body
    if found["is_deleted"]:
        raise Refused(404, {"success": False, "error": "Not found", "code": "ERR_NOT_FOUND"})
    _check(world, kind, body, whole=False)
    return Answer(200, {"success": True, "data": _shown(edit(world, kind, found, **body), request)})


def remove(world: World, request: Request) -> Answer:
    """One by its id."""
    found = _there(world, request)
    if found["is_deleted"]:
        raise Refused(404, {"success": False, "error": "Not found", "code": "ERR_NOT_FOUND"})
    delete(world, _kind(request), found)
    return Answer(200, {"success": True, "data": {"id": found["id"]}})


def fields(_world: World, request: Request) -> Answer:
    """The fields of a kind: one of the system, and one of the customer's."""
    kind = next(kind for kind, one in KINDS.items() if request.path == f"/{one}Fields")
    code, type_, options = FIELDS[kind]
    shown = [
        _field("Name", _REQUIRED[kind], "varchar", {}, is_custom=False),
        _field("Score", code, type_, options, is_custom=True),
    ]
    described = {"description": ""} if kind == "deals" else {}  # only there, by the description
    shown = [{**one, **described} for one in shown]
    return Answer(200, {"success": True, "data": shown, "additional_data": {"next_cursor": None}})


def _field(name: str, code: str, type_: str, options: dict[int, str], *, is_custom: bool) -> Record:
    told = [{"id": number, "label": label} for number, label in options.items()]
    facts = {
        "field_name": name,
        "field_code": code,
        "field_type": type_,
        "is_custom_field": is_custom,
    }
    return {**facts, "options": told or None, "is_optional_response_field": False}


on("GET", "/deals/archived")(page)
for _plural, _one in KINDS.items():
    on("GET", f"/{_plural}")(page)
    on("POST", f"/{_plural}")(create)
    on("GET", f"/{_plural}/{{id}}")(show)
    on("PATCH", f"/{_plural}/{{id}}")(change)
    on("DELETE", f"/{_plural}/{{id}}")(remove)
    on("GET", f"/{_one}Fields")(fields)
