"""Issues: how they are shown, made, changed, moved through their workflow, and removed."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.jira.common import API, HIDDEN, asker, invalid, issue_named, on, stamp, told
from tests.emulators.vendors.jira.files import file_shape
from tests.emulators.vendors.jira.forms import taken
from tests.emulators.vendors.jira.people import PRIORITIES, project_shape, user_shape
from tests.emulators.vendors.jira.said import comments_field
from tests.emulators.world import Record, World

_ISSUE: Final = f"{API}/issue/{{issue_id}}"
#: Ids of categories of statuses.
CATEGORIES: Final = {"new": 2, "done": 3, "indeterminate": 4}
#: By id: name and category.
STATUSES: Final = {
    "1": ("To Do", "new"),
    "3": ("In Progress", "indeterminate"),
    "4": ("In Review", "indeterminate"),
    "5": ("Done", "done"),
    "6": ("Won't do", "done"),
}
#: By the key of a project: id, name, statuses from which it leads (none: from all), status, and what it asks for.
WORKFLOWS: Final[dict[str, list[tuple[str, str, str, str, str]]]] = {
    "HELP": [(f"1{to}", f"To {name}", "", to, "") for to, (name, _) in STATUSES.items() if to != "6"],
    "DEV": [
        ("11", "Start", "1", "3", ""),
        ("21", "Ask for review", "3", "4", ""),
        ("51", "Give up", "", "6", "Resolution"),
        ("31", "Finish", "34", "5", ""),
        ("41", "Reopen", "56", "1", ""),
    ],
}


def new_issue(world: World, project: str, **values: Any) -> Record:
    """Add an issue to a project, by its id."""
    home = world.get("project", project)
    home["count"] += 1
    now = stamp(world)
    blank = dict.fromkeys(("description", "assignee", "creator", "parent", "duedate", "resolved"))
    usual = {"summary": "An issue", "status": "1", "priority": "Medium", "type": "Task", "labels": []}
    made = world.add(
        "issue",
        {
            **blank,
            **usual,
            "id": str(world.next_id("issue")),
            "project": project,
            "key": f"{home['key']}-{home['count']}",
            "created": now,
            "updated": now,
            "custom": {},
            **values,
        },
    )
    world.happened("jira:issue_created", "issue", made)
    return made


def touch(world: World, issue: Record, **values: Any) -> Record:
    """Have somebody change an issue in the browser."""
    issue |= {**values, "updated": stamp(world)}
    world.happened("jira:issue_updated", "issue", issue)
    return issue


def issue_shape(world: World, one: Record, viewer: Record, wanted: list[str]) -> Record:
    """An issue with the fields that are asked for."""
    fields = _fields(world, one, viewer)
    shown = fields if "*all" in wanted else {name: fields[name] for name in wanted if name in fields}
    kept = {name: value for name, value in shown.items() if f"-{name}" not in wanted}
    self = f"{world.url}{API}/issue/{one['id']}"
    return {"id": one["id"], "key": one["key"], "self": self, "fields": kept}


def status_shape(world: World, status: str) -> Record:
    """A status with its category."""
    name, category = STATUSES[status]
    return {
        "self": f"{world.url}{API}/status/{status}",
        "id": status,
        "name": name,
        "statusCategory": {"id": CATEGORIES[category], "key": category, "name": category},
    }


def _fields(world: World, one: Record, viewer: Record) -> Record:
    def user(account: str | None) -> Any:
        return user_shape(world, world.get("user", account)) if account else None

    parent = {"id": one["parent"], "key": world.get("issue", one["parent"])["key"]} if one["parent"] else None
    files = [file for file in world.rows("file") if file["issue"] == one["id"]]
    return {
        "summary": one["summary"],
        "description": one["description"],
        "status": status_shape(world, one["status"]),
        "priority": {"id": str(PRIORITIES.index(one["priority"]) + 1), "name": one["priority"]},
        "issuetype": {"name": one["type"], "subtask": one["type"] == "Subtask"},
        "project": project_shape(world, world.get("project", one["project"])),
        "assignee": user(one["assignee"]),
        "creator": user(one["creator"]),
        "reporter": user(one["creator"]),
        "labels": one["labels"],
        "duedate": one["duedate"],
        "created": told(one["created"], viewer),
        "updated": told(one["updated"], viewer),
        "resolutiondate": told(one["resolved"], viewer) if one["resolved"] else None,
        "attachment": [file_shape(world, file, viewer) for file in files],
        "comment": comments_field(world, one, viewer),
        "worklog": {"worklogs": [], "total": 0, "maxResults": 20, "startAt": 0},
        **({"parent": parent} if parent else {}),
        **{field["id"]: one["custom"].get(field["id"]) for field in world.rows("field")},
    }


@on("GET", _ISSUE)
def show(world: World, request: Request) -> Answer:
    """One."""
    wanted = (request.asked("fields") or "*all").split(",")
    one = issue_named(world, request.params["issue_id"])
    return Answer(200, issue_shape(world, one, asker(world, request), wanted))


@on("POST", f"{API}/issue/bulkfetch")
def show_many(world: World, request: Request) -> Answer:
    """Some by their ids; of what is not there, an error each."""
    names, wanted = request.body["issueIdsOrKeys"], request.body.get("fields") or ["*navigable"]
    if len(names) > 100:
        raise invalid("The number of issues exceeds the maximum of 100.")
    issues: list[Record] = []
    errors: list[Record] = []
    for name in sorted(names):
        try:
            issues.append(issue_shape(world, issue_named(world, name), asker(world, request), wanted))
        except Refused:
            errors.append({"id": name, "errorMessage": HIDDEN})
    return Answer(200, {"issues": issues, "issueErrors": errors})


@on("POST", f"{API}/issue")
def create(world: World, request: Request) -> Answer:
    """A new one, which begins where its workflow does."""
    values = taken(world, request.body, None)
    made = new_issue(world, values.pop("project"), creator=asker(world, request)["id"], **values)
    self = f"{world.url}{API}/issue/{made['id']}"
    return Answer(201, {"id": made["id"], "key": made["key"], "self": self})


@on("PUT", _ISSUE)
def change(world: World, request: Request) -> Answer:
    """Fields, and verbs on them; a status among them is not looked at."""
    one = issue_named(world, request.params["issue_id"])
    values = taken(world, request.body, one)
    if any(one.get(name) != value for name, value in values.items()):
        touch(world, one, **values)
    return Answer(204)


@on("DELETE", _ISSUE)
def remove(world: World, request: Request) -> Answer:
    """One, but not one that others are below of."""
    one = issue_named(world, request.params["issue_id"])
    below = [other for other in world.rows("issue") if other["parent"] == one["id"]]
    if below and request.asked("deleteSubtasks") != "true":
        raise invalid("The issue has subtasks. You must specify the 'deleteSubtasks' parameter to delete it.")
    drop(world, one)
    return Answer(204)


def drop(world: World, one: Record, *, silent: bool = False) -> None:
    """Have an issue deleted, with what is below it. silent: with its project, of which nobody is told."""
    if not silent:
        world.happened("jira:issue_deleted", "issue", one)
    for kind in ("comment", "file"):
        for row in world.rows(kind):
            if row["issue"] == one["id"]:
                del world.table(kind)[str(row["id"])]
    del world.table("issue")[one["id"]]


def _ways(world: World, one: Record) -> list[tuple[str, str, str, str, str]]:
    """The transitions that an issue offers now."""
    workflow = WORKFLOWS[world.get("project", one["project"])["key"]]
    return [way for way in workflow if (not way[2] or one["status"] in way[2]) and way[3] != one["status"]]


@on("GET", f"{_ISSUE}/transitions")
def transitions(world: World, request: Request) -> Answer:
    """Those that lead from where the issue is."""

    def shape(way: tuple[str, str, str, str, str]) -> Record:
        schema = {"type": "resolution", "system": "resolution"}
        field = {"required": True, "name": way[4], "key": "resolution", "hasDefaultValue": False}
        asked = {"resolution": {**field, "operations": ["set"], "schema": schema}} if way[4] else {}
        facts = {"hasScreen": bool(way[4]), "isGlobal": not way[2], "isAvailable": True}
        return {"id": way[0], "name": way[1], "to": status_shape(world, way[3]), **facts, "fields": asked}

    ways = _ways(world, issue_named(world, request.params["issue_id"]))
    return Answer(200, {"transitions": [shape(way) for way in ways]})


@on("POST", f"{_ISSUE}/transitions")
def move(world: World, request: Request) -> Answer:
    """Take one of them."""
    one = issue_named(world, request.params["issue_id"])
    wanted = str((request.body.get("transition") or {}).get("id"))
    way = next((way for way in _ways(world, one) if way[0] == wanted), None)
    if way is None:
        raise invalid(f"Transition id '{wanted}' is not valid for this issue.")
    if way[4] and "resolution" not in (request.body.get("fields") or {}):
        raise invalid(resolution=f"{way[4]} is required.")
    is_done = STATUSES[way[3]][1] == "done"
    touch(world, one, status=way[3], resolved=stamp(world) if is_done else None)
    return Answer(204)
