"""Time off: requests and balances; and who depends on an employee."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.bamboohr.common import API, day, formatted, refusal, today, whole
from tests.emulators.world import Record, World

on: Final = Routes()
_TYPES: Final = {78: "Vacation", 79: "Sick"}


def add_request(world: World, employee: str, start: str, end: str, kind: int = 78, **told: Any) -> Record:
    """Have somebody ask for time off."""
    now = today(world).isoformat()
    state = {"status": "requested", "lastChanged": now, "lastChangedByUserId": 1}
    facts = {"employeeId": int(employee), "name": "Somebody", "start": start, "end": end, "created": now}
    usual = {
        "status": state,
        "type": {"id": kind, "name": _TYPES[kind], "icon": "palm-trees"},
        "amount": {"unit": "days", "amount": 2},
        "dates": {start: 1, end: 1},
        "notes": {"employee": "Off to the sea."},
    }
    return world.add("request", {"id": world.next_id("request"), **facts, **usual, **told})


def decide(world: World, request: Record, status: str) -> None:
    """Have somebody decide about it."""
    request["status"] = {**request["status"], "status": status, "lastChanged": today(world).isoformat()}


def add_balance(world: World, employee: str, kind: int, balance: str, used: str) -> Record:
    """What somebody has left."""
    told = {"timeOffType": str(kind), "name": _TYPES[kind], "units": "days", "policyType": "accruing"}
    return world.add("balance", {**told, "balance": balance, "usedYearToDate": used, "_employee": employee})


def add_dependent(world: World, employee: str, first: str, relationship: str, **told: Any) -> Record:
    """Somebody for whom an employee provides."""
    facts = {"id": str(world.next_id("dependent")), "employeeId": employee, "lastName": "Dependent"}
    return world.add("dependent", {**facts, "firstName": first, "relationship": relationship, **told})


@on("GET", f"{API}/time_off/requests")
def list_requests(world: World, request: Request) -> Answer:
    """Those that touch the days from `start` to `end`, which both are asked for."""
    if request.asked("start") is None or request.asked("end") is None:
        raise refusal(400, "start and end are required")
    start, end = (day(request.asked(name), name) for name in ("start", "end"))
    wanted, who = request.asked("id"), request.asked("employeeId")
    rows = [one for one in world.rows("request") if one["end"] >= start and one["start"] <= end]
    mine = [one for one in rows if who in {None, str(one["employeeId"])}]
    return formatted(request, [one for one in mine if wanted in {None, str(one["id"])}])


@on("GET", f"{API}/meta/time_off/types")
def list_types(_world: World, request: Request) -> Answer:
    """Kinds of time off, all of them counted in days."""
    looks = {"units": "days", "color": None, "icon": None, "source": "internal"}
    types = [{"id": number, "name": name, **looks} for number, name in _TYPES.items()]
    return formatted(request, {"timeOffTypes": types, "defaultHours": [{"name": "Monday", "amount": "8"}]})


@on("PUT", f"{API}/employees/{{employeeId}}/time_off/request")
def create_request(world: World, request: Request) -> Answer:
    """Another one each time; a previous one that is named is superseded by it."""
    who, told = world.get("employee", whole(request.params["employeeId"]))["id"], request.body
    if told.get("status") not in {"approved", "denied", "declined", "requested"}:
        raise refusal(400, "status is no status of a new request")
    if told.get("timeOffTypeId") not in _TYPES:
        raise refusal(400, "timeOffTypeId has to be an existing time off type")
    start, end = day(told.get("start"), "start"), day(told.get("end"), "end")
    if end < start:
        raise refusal(400, "end has to be on or after start")
    notes = {one["from"]: one["note"] for one in told.get("notes", [])}
    amount = {"unit": "days", "amount": told.get("amount", 1)}
    if "previousRequest" in told:
        decide(world, world.get("request", told["previousRequest"]), "superceded")
    made = add_request(world, who, start, end, told["timeOffTypeId"], amount=amount, notes=notes)
    decide(world, made, told["status"])
    return Answer(201, made, {"Location": f"{API}/time_off/requests/{made['id']}"})


@on("PUT", f"{API}/time_off/requests/{{requestId}}/status")
def change_status(world: World, request: Request) -> Answer:
    """Approved, denied or canceled; nothing else."""
    found = world.get("request", whole(request.params["requestId"]))
    if request.body.get("status") not in {"approved", "denied", "declined", "canceled"}:
        raise refusal(400, "status is no status that can be set")
    decide(world, found, request.body["status"])
    return Answer(200)


@on("GET", f"{API}/employees/{{employeeId}}/time_off/calculator")
def list_balances(world: World, request: Request) -> Answer:
    """One for each kind of time off that somebody may have."""
    who = world.get("employee", whole(request.params["employeeId"]))["id"]
    mine = [one for one in world.rows("balance") if one["_employee"] == who]
    end = today(world).isoformat()
    shown = [{**one, "end": end} for one in mine]
    return formatted(
        request, [{k: v for k, v in one.items() if k not in {"id", "_employee"}} for one in shown]
    )


@on("GET", f"{API}/employeedependents")
def list_dependents(world: World, request: Request) -> Answer:
    """All of them; their numbers are masked."""
    return formatted(request, {"Employee Dependents": world.rows("dependent")})
