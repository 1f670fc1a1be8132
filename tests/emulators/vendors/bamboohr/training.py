"""Training: types, and records of who completed which of them."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.bamboohr.common import API, day, refusal, whole
from tests.emulators.world import Record, World

on: Final = Routes()
_TYPE: Final[Record] = {
    "renewable": False,
    "required": None,
    "category": [],
    "linkUrl": None,
    "description": None,
    "allowEmployeesToMarkComplete": False,
}
_TOLD: Final = ("completed", "notes", "instructor", "hours", "credits")


def add_type(world: World, name: str, **told: Any) -> Record:
    """Something that can be learned."""
    return world.add("type", {"id": world.next_id("type"), "name": name, **_TYPE, **told})


def add_record(world: World, employee: str, kind: int, completed: str, **told: Any) -> Record:
    """Have somebody note that an employee completed something."""
    usual = {"notes": None, "instructor": None, "hours": None, "credits": None, "cost": ""}
    facts = {"employeeId": employee, "type": kind, "completed": completed}
    return world.add("record", {"id": world.next_id("record"), **facts, **usual, **told})


def _listed(record: Record) -> Record:
    """As lists show it: the id of its type is a text there."""
    return {**record, "type": str(record["type"])}


@on("GET", f"{API}/training/type")
def list_types(world: World, _request: Request) -> Answer:
    """All of them, by their ids."""
    return Answer(200, {str(one["id"]): one for one in world.rows("type")})


@on("POST", f"{API}/training/type")
def create_type(world: World, request: Request) -> Answer:
    """A new one."""
    told = request.body
    if not told.get("name"):
        raise refusal(400, "name is required")
    _sound(told)
    return Answer(201, add_type(world, **told))


@on("PUT", f"{API}/training/type/{{trainingTypeId}}")
def update_type(world: World, request: Request) -> Answer:
    """What is sent is changed; an empty text is nothing."""
    found = world.get("type", whole(request.params["trainingTypeId"]))
    _sound({**found, **request.body})
    found.update({key: None if value == "" else value for key, value in request.body.items()})
    return Answer(200, found)


def _sound(told: Record) -> None:
    if told.get("renewable") and not told.get("frequency"):
        raise refusal(400, "frequency is required of a training that is renewed")
    if told.get("dueFromHireDate") and not told.get("required"):
        raise refusal(400, "dueFromHireDate is only valid of a required training")


@on("DELETE", f"{API}/training/type/{{trainingTypeId}}")
def delete_type(world: World, request: Request) -> Answer:
    """Gone, unless somebody has completed it."""
    found = world.get("type", whole(request.params["trainingTypeId"]))
    if any(one["type"] == found["id"] for one in world.rows("record")):
        raise refusal(405, "The training type has records")
    del world.table("type")[str(found["id"])]
    return Answer(200)


@on("GET", f"{API}/training/record/employee/{{employeeId}}")
def list_records(world: World, request: Request) -> Answer:
    """Those of an employee by their ids; an empty list where there are none."""
    who, kind = world.get("employee", whole(request.params["employeeId"]))["id"], request.asked("type")
    rows = [one for one in world.rows("record") if one["employeeId"] == who]
    found = {str(one["id"]): _listed(one) for one in rows if kind in {None, str(one["type"])}}
    return Answer(200, found or [])


@on("POST", f"{API}/training/record/employee/{{employeeId}}")
def create_record(world: World, request: Request) -> Answer:
    """A new one, whoever has completed the same before."""
    who, told = world.get("employee", whole(request.params["employeeId"]))["id"], request.body
    if str(told.get("type")) not in world.table("type"):
        raise refusal(400, "type has to be an existing training type")
    completed = day(told.get("completed"), "completed")
    more = {key: told[key] for key in _TOLD if key in told and key != "completed"}
    return Answer(201, add_record(world, who, told["type"], completed, **more))


@on("PUT", f"{API}/training/record/{{employeeTrainingRecordId}}")
def update_record(world: World, request: Request) -> Answer:
    """Changed: this answers 201 as well."""
    found, told = world.get("record", whole(request.params["employeeTrainingRecordId"])), request.body
    if found["id"] in (one["id"] for one in world.rows("locked")):
        raise refusal(405, "Training record could not be updated")
    told = {**told, "completed": day(told.get("completed"), "completed")}
    found.update({key: told[key] or None for key in _TOLD if key in told})
    return Answer(201, _listed(found))


@on("DELETE", f"{API}/training/record/{{employeeTrainingRecordId}}")
def delete_record(world: World, request: Request) -> Answer:
    """Gone."""
    found = world.get("record", whole(request.params["employeeTrainingRecordId"]))
    del world.table("record")[str(found["id"])]
    return Answer(200)
