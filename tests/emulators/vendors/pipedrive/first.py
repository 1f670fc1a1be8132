"""Leads and notes, which are of the first version."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import piece
from tests.emulators.vendor import Routes
from tests.emulators.vendors.pipedrive import records
from tests.emulators.vendors.pipedrive.common import refused, stamp
from tests.emulators.world import Record, World

on: Final = Routes()
_LINKS: Final = {
    "person_id": "persons",
    "org_id": "organizations",
    "deal_id": "deals",
    "organization_id": "organizations",
}
#: How far the search comes behind.
_BEHIND: Final = timedelta(seconds=60)
_FORM: Final = "%Y-%m-%d %H:%M:%S"


def new_lead(world: World, title: str, **told: Any) -> Record:
    """A lead, for a person or an organization."""
    now = stamp(world.clock.now())
    number = str(uuid.UUID(int=world.next_id("lead"), version=4))
    facts = {"id": number, "title": title, "owner_id": 1001, "person_id": None, "organization_id": None}
    made = {"source_name": "API", "is_archived": False, "add_time": now, "update_time": now, "label_ids": []}
    record = world.add("leads", {**facts, **made, **told})
    world.happened("create", "lead", record)
    return record


def archive(world: World, lead: Record) -> None:
    """Have somebody put a lead aside."""
    lead |= {"is_archived": True, "update_time": stamp(world.clock.now())}
    world.happened("change", "lead", lead)


def convert(world: World, lead: Record, title: str) -> Record:
    """Have somebody make a deal of a lead, which leaves its list."""
    about = {"person_id": lead["person_id"], "org_id": lead["organization_id"]}
    stage = {"stage_id": 1001, "pipeline_id": 1}
    deal = records.new(world, "deals", title=title, source_lead_id=lead["id"], **about, **stage)
    del world.table("leads")[lead["id"]]
    world.happened("delete", "lead", lead)
    return deal


def new_note(world: World, content: str, **told: Any) -> Record:
    """A note about something."""
    now = world.clock.now().strftime(_FORM)
    links = {"person_id": None, "org_id": None, "deal_id": None, "user_id": 1001}
    record = world.add(
        "notes",
        {"content": content, **links, "active_flag": True, "add_time": now, "update_time": now, **told},
    )
    world.happened("create", "note", record)
    return record


def _page(world: World, request: Request, kind: str) -> tuple[list[Record], Record]:
    """Some of them by offset, and how that goes on."""
    archived = request.path.endswith("/archived")
    rows = [
        one
        for one in world.listed(kind)
        if one.get("active_flag") is not False and one.get("is_archived", False) is archived
    ]
    if since := request.asked("updated_since"):
        moment = datetime.fromisoformat(since).replace(tzinfo=None)
        rows = [
            one for one in rows if datetime.fromisoformat(one["update_time"]).replace(tzinfo=None) >= moment
        ]
    name, _, way = (request.asked("sort") or "id").partition(" ")
    rows.sort(key=lambda one: (str(one[name]), str(one["id"])), reverse=way == "DESC")
    start, size = request.number("start", 0), request.number("limit", 100)
    some = piece(rows, start, size)
    return some.items, {"start": start, "limit": size, "more_items_in_collection": not some.is_last}


def _there(world: World, kind: str, remote_id: str) -> Record:
    found = world.table(kind).get(remote_id)
    if found is None or found.get("active_flag") is False:
        raise Refused(404, {"success": False, "error": f"{kind} not found", "error_info": "see the docs"})
    return found


def _check(world: World, told: Record) -> None:
    for name, kind in {**_LINKS, "owner_id": "user", "user_id": "user"}.items():
        if told.get(name) is not None and str(told[name]) not in world.table(kind):
            raise refused(400, f"{name} is not there")


@on("GET", "/leads")
def leads(world: World, request: Request) -> Answer:
    """A page of those that are not archived."""
    items, further = _page(world, request, "leads")
    return Answer(200, {"success": True, "data": items, "additional_data": further})


@on("GET", "/leads/archived")
def archived_leads(world: World, request: Request) -> Answer:
    """A page of those that are, which cannot be asked for what changed."""
    return leads(world, request)


@on("GET", "/leads/search")
def search(world: World, request: Request) -> Answer:
    """Those of this very title."""
    rows = [one for one in world.listed("leads") if one["title"] == request.asked("term")]
    found = [
        {"result_score": 1.0, "item": {"id": one["id"], "type": "lead", "title": one["title"]}}
        for one in rows
    ]
    return Answer(200, {"success": True, "data": {"items": found}, "additional_data": {}})


@on("GET", "/persons/search")
def search_persons(world: World, request: Request) -> Answer:
    """Those with this very address; one who was made within the last minute is not found yet."""
    until = stamp(world.clock.now() - _BEHIND)
    rows = [one for one in world.listed("persons") if not one["is_deleted"] and one["add_time"] <= until]
    told = [(one, [email["value"] for email in one["emails"]]) for one in rows]
    term = str(request.asked("term")).casefold()
    found = [
        {
            "result_score": 1.0,
            "item": {"id": one["id"], "type": "person", "name": one["name"], "emails": emails},
        }
        for one, emails in told
        if term in map(str.casefold, emails)
    ]
    return Answer(200, {"success": True, "data": {"items": found}, "additional_data": {}})


@on("GET", "/organizations/search")
def search_organizations(world: World, request: Request) -> Answer:
    """Those of this very name; one that was made within the last minute is not found yet."""
    until = stamp(world.clock.now() - _BEHIND)
    term = str(request.asked("term")).casefold()
    found = [
        {"result_score": 1.0, "item": {"id": one["id"], "type": "organization", "name": one["name"]}}
        for one in world.listed("organizations")
        if not one["is_deleted"] and one["add_time"] <= until and one["name"].casefold() == term
    ]
    return Answer(200, {"success": True, "data": {"items": found}, "additional_data": {}})


@on("POST", "/leads")
def create_lead(world: World, request: Request) -> Answer:
    """A new one, which has to be about somebody."""
    body = request.body
    _check(world, body)
    if not (body.get("person_id") or body.get("organization_id")):
        raise refused(400, "a lead has to have a person or an organization")
    return Answer(201, {"success": True, "data": new_lead(world, **body)})


@on("GET", "/leads/{id}")
def lead(world: World, request: Request) -> Answer:
    """One by its id, also one that is archived."""
    return Answer(200, {"success": True, "data": _there(world, "leads", request.params["id"])})


@on("PATCH", "/leads/{id}")
def change_lead(world: World, request: Request) -> Answer:
    """Some of its fields."""
    found = _there(world, "leads", request.params["id"])
    _check(world, request.body)
    found |= {**request.body, "update_time": stamp(world.clock.now())}
    world.happened("change", "lead", found)
    return Answer(200, {"success": True, "data": found})


@on("DELETE", "/leads/{id}")
def remove_lead(world: World, request: Request) -> Answer:
    """One by its id."""
    found = _there(world, "leads", request.params["id"])
    del world.table("leads")[found["id"]]
    world.happened("delete", "lead", found)
    return Answer(200, {"success": True, "data": {"id": found["id"]}})


@on("GET", "/notes")
def notes(world: World, request: Request) -> Answer:
    """A page of those that are there."""
    items, further = _page(world, request, "notes")
    return Answer(200, {"success": True, "data": items, "additional_data": {"pagination": further}})


@on("POST", "/notes")
def create_note(world: World, request: Request) -> Answer:
    """A new one, which has to be about something."""
    body = request.body
    _check(world, body)
    if not any(body.get(name) for name in _LINKS):
        raise refused(400, "a note has to be about something")
    return Answer(200, {"success": True, "data": new_note(world, **body)})


@on("GET", "/notes/{id}")
def note(world: World, request: Request) -> Answer:
    """One by its id."""
    return Answer(200, {"success": True, "data": _there(world, "notes", request.params["id"])})


@on("PUT", "/notes/{id}")
def change_note(world: World, request: Request) -> Answer:
    """Some of its fields."""
    found = _there(world, "notes", request.params["id"])
    _check(world, request.body)
    found |= {**request.body, "update_time": world.clock.now().strftime(_FORM)}
    world.happened("change", "note", found)
    return Answer(200, {"success": True, "data": found})


@on("DELETE", "/notes/{id}")
def remove_note(world: World, request: Request) -> Answer:
    """One by its id: it stays, and is no active one."""
    found = _there(world, "notes", request.params["id"])
    found["active_flag"] = False
    world.happened("delete", "note", found)
    return Answer(200, {"success": True, "data": True})
