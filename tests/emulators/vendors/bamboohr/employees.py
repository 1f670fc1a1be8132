"""Employees: made, read, changed and deleted, what changed, and reports about many of them."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.bamboohr import fields
from tests.emulators.vendors.bamboohr.common import (
    API,
    REPORTS_KNOW_NO_IDS,
    ZERO,
    day,
    formatted,
    has_quirk,
    moment,
    refusal,
    stamp,
    today,
    whole,
)
from tests.emulators.world import Record, World

on: Final = Routes()
#: Fields that one request can ask for.
MOST: Final = 400
IDS: Final = ("departmentId", "divisionId", "locationId", "reportsToId")
_DATES: Final = {name for name, kind in fields.STANDARD.items() if kind == "date"}
#: What follows from tables, and is not written here.
_DERIVED: Final = {"status", "displayName", "lastChanged", "photoUrl", "terminationDate", *IDS}
_HISTORICAL: Final = ("jobTitle", "department", "division", "location")


def add_employee(world: World, first: str, last: str, **told: str) -> Record:
    """Somebody new."""
    known = {"firstName": first, "lastName": last, **told}
    number = str(world.next_id("employee") - 900)
    record = world.add("employee", {"id": number, "fields": known})
    _touch(world, record, "Inserted")
    world.happened("created", "employee", record)
    return record


def edit(world: World, record: Record, **told: str) -> None:
    """Have somebody change one."""
    record["fields"].update(told)
    _touch(world, record, "Updated")
    world.happened("updated", "employee", record, changed=list(told))


def add_row(world: World, record: Record, table: str, **told: Any) -> Record:
    """Have somebody add to the history of one."""
    row = {"id": str(world.next_id("row")), "employeeId": record["id"], **told}
    kept = world.add("row", {**row, "_table": table})
    _touch(world, record, "Updated")
    world.happened("updated", "employee", record, changed=[table])
    return kept


def remove(world: World, record: Record) -> None:
    """Have somebody delete one for good."""
    del world.table("employee")[record["id"]]
    _touch(world, record, "Deleted")
    world.add("deleted", record)
    world.happened("deleted", "employee", record)


def _touch(world: World, record: Record, action: str) -> None:
    record.update(action=action, changed=world.clock.now())


def current(world: World, record: Record, table: str) -> Record:
    """The row of a table that holds today: the latest that is not in the future."""
    mine = [one for one in world.rows("row") if (one["employeeId"], one["_table"]) == (record["id"], table)]
    begun = [one for one in mine if one["date"] <= today(world).isoformat()]
    return max(begun, key=lambda one: str(one["date"]), default={})


def _value(world: World, record: Record, name: str) -> str:
    """What a field says, as a text; a day that is not there is all zeros."""
    told, job = record["fields"], current(world, record, "jobInfo")
    state = current(world, record, "employmentStatus")
    gone = state.get("employmentStatus") == "Terminated"
    derived = {
        "status": "Inactive" if gone else "Active",
        "terminationDate": state["date"] if gone else ZERO,
        "employmentHistoryStatus": state.get("employmentStatus", ""),
        "displayName": f"{told['firstName']} {told['lastName']}",
        "photoUrl": f"https://images.example/{record['id']}.jpg",
        "lastChanged": stamp(record["changed"]),
        "reportsToId": job.get("reportsTo") or "",
        **{alias: job.get(alias) or "" for alias in _HISTORICAL},
        **{f"{alias}Id": fields.option_of(world, alias, job.get(alias)) for alias in _HISTORICAL},
    }
    return str(derived.get(name) or told.get(name) or (ZERO if name in _DATES else ""))


def _shown(world: World, record: Record, names: list[str]) -> Record:
    """The fields that are asked for, as far as the caller may see them."""
    if len(names) > MOST:
        raise refusal(400, f"The request exceeded the maximum number of allowed fields ({MOST})")
    seen = [name for name in names if name in fields.known(world) and name not in world.table("restricted")]
    return {"id": record["id"], **{name: _value(world, record, name) for name in seen}}


def _keep(world: World, record: Record, told: Record) -> None:
    for name, value in told.items():
        if name not in fields.known(world) or name in _DERIVED:
            raise refusal(400, f"There is no field {name} that could be written")
        if name in _DATES and value:
            day(value, name)
    mail = told.get("workEmail")
    taken = mail and any(one["fields"].get("workEmail") == mail for one in world.rows("employee"))
    if taken and record["fields"].get("workEmail") != mail:
        raise refusal(409, f"workEmail: {mail} is used by another employee")
    record["fields"].update({name: str(value) if value is not None else "" for name, value in told.items()})


@on("POST", f"{API}/employees")
def create(world: World, request: Request) -> Answer:
    """Somebody new, who is named in a header; there is no body."""
    told = request.body
    if not (told.get("firstName") and told.get("lastName")):
        raise refusal(400, "First and last name are required")
    draft: Record = {"fields": {}}
    _keep(world, draft, told)
    made = add_employee(world, **{"first": "", "last": "", **draft["fields"]})
    return Answer(201, None, {"Location": f"{world.url}/employees/employee.php?id={made['id']}"})


@on("GET", f"{API}/employees/{{id}}")
def show(world: World, request: Request) -> Answer:
    """One; without `fields` little of it."""
    names = (request.asked("fields") or "firstName,lastName").split(",")
    found = _shown(world, world.get("employee", request.params["id"]), names)
    return formatted(request, {name: value or None for name, value in found.items()})


@on("POST", f"{API}/employees/{{id}}")
def update(world: World, request: Request) -> Answer:
    """What is sent is changed, and nothing is answered."""
    record = world.get("employee", request.params["id"])
    _keep(world, record, request.body)
    edit(world, record)
    return Answer(200)


@on("GET", f"{API}/employees/directory")
def directory(world: World, request: Request) -> Answer:
    """Those who are there."""
    rows = [_shown(world, one, ["displayName", "status"]) for one in world.rows("employee")]
    there = [one for one in rows if one.pop("status") == "Active"]
    if not there:
        raise refusal(404, "The directory is empty")
    return formatted(request, {"fields": [], "employees": there})


@on("GET", f"{API}/employees/changed")
def changed(world: World, request: Request) -> Answer:
    """Who was made, changed or deleted since then."""
    since = moment(request.asked("since"))
    rows = [*world.rows("employee"), *world.rows("deleted")]
    found = [one for one in rows if one["changed"].replace(microsecond=0) >= since]
    latest = max((one["changed"] for one in found), default=since)
    shown = {
        one["id"]: {"id": one["id"], "action": one["action"], "lastChanged": stamp(one["changed"])}
        for one in found
    }
    return formatted(request, {"latest": stamp(latest), "employees": shown})


@on("POST", f"{API}/reports/custom")
def report(world: World, request: Request) -> Answer:
    """Fields of all employees, or of some, whatever their status; of rows that say the same, one is shown."""
    if request.headers.get("content-type") != "application/json":
        raise refusal(400, "Malformed XML")
    names, wanted = request.body["fields"], request.body.get("filters", {}).get("employeeIds")
    rows = [one for one in world.rows("employee") if wanted is None or int(one["id"]) in wanted]
    if has_quirk(world, REPORTS_KNOW_NO_IDS):
        names = [name for name in names if name not in IDS]
    told = [{"id": name, "type": "text", "name": name} for name in names]
    shown = [_shown(world, one, names) for one in rows]
    if request.body.get("filterDuplicates", "yes") == "yes":
        shown = list({tuple(one.get(name) for name in names): one for one in shown}.values())
    return formatted(request, {"title": "Report", "fields": told, "employees": shown})


@on("GET", f"{API}/employees/{{id}}/tables/{{table}}")
def rows(world: World, request: Request) -> Answer:
    """The rows of a table, of one employee or of all, in no order."""
    who, table = request.params["id"], request.params["table"]
    if who != "all":
        world.get("employee", whole(who))
    mine = [one for one in world.rows("row") if one["_table"] == table and who in {"all", one["employeeId"]}]
    shown = [{key: value for key, value in one.items() if key != "_table"} for one in reversed(mine)]
    return formatted(request, shown)
