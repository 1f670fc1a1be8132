"""Issues, pull requests among them, and comments."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.github import shapes
from tests.emulators.vendors.github.common import (
    ASSIGNABLE,
    HOME,
    invalid,
    may,
    must,
    on,
    page,
    repository,
    stamp,
    viewer,
)
from tests.emulators.world import Record, World

_ISSUES: Final = f"{HOME}/issues"
_ISSUE: Final = f"{_ISSUES}/{{issue_number}}"
_LONGEST: Final = 65_536
_MOST_ASSIGNEES: Final = 10
#: What of an issue is set by these alone who may push; it is dropped without a word for others.
_OF_PUSHERS: Final = ("labels", "assignees", "type", "milestone")
_GREY: Final = "ededed"


def new_issue(world: World, home: Record, who: Any, **values: Any) -> Record:
    """Add an issue, or with `pull` a pull request, which has a number of the same row."""
    now = stamp(world.clock.now())
    taken = [one["number"] for one in world.rows("issue") if one["repository"] == home["id"]]
    blank = dict.fromkeys(("body", "state_reason", "closed_at", "closed_by", "type", "parent", "moved"))
    facts = {
        "repository": home["id"],
        "number": max(taken, default=0) + 1,
        "user": who,
        "title": "",
        "state": "open",
    }
    usual = {"labels": [], "assignees": [], "pull": False, "deleted": False, "locked": False}
    return world.add("issue", {**blank, **facts, **usual, "created_at": now, "updated_at": now, **values})


def find(world: World, request: Request) -> Record:
    """The issue of a path; raises Refused: deleted with 410, transferred with a redirect."""
    home, number = repository(world, request), request.params["issue_number"]
    for one in world.rows("issue"):
        if (one["repository"], str(one["number"])) == (home["id"], number):
            _must_be_here(world, one)
            return one
    raise Refused(404, "Not Found")


def _must_be_here(world: World, one: Record) -> None:
    if one["deleted"]:
        raise Refused(410, "This issue was deleted")
    if one["moved"]:
        path = "/repositories/{repository}/issues/{number}".format_map(one["moved"])
        told = {"message": "Moved Permanently", "url": f"{world.url}{path}", "documentation_url": ""}
        raise Refused(301, told, {"Location": f"{world.url}{path}"})


def _must_be_on(home: Record) -> None:
    if not home["has_issues"]:
        raise Refused(410, "Issues has been disabled in this repository.")


@on("GET", _ISSUES)
def listed(world: World, request: Request) -> Answer:
    """By default the open ones, newest first."""
    home = repository(world, request)
    _must_be_on(home)
    state, since = request.asked("state") or "open", request.asked("since") or ""
    sort, falls = request.asked("sort") or "created", (request.asked("direction") or "desc") == "desc"
    rows = [
        one
        for one in world.listed("issue")
        if one["repository"] == home["id"]
        and not one["deleted"]
        and not one["moved"]
        and state in {"all", one["state"]}
        and one["updated_at"] >= since
    ]
    rows.sort(key=lambda one: (one[f"{sort}_at"], one["number"]), reverse=falls)
    return page(world, request, rows, shapes.issue)


@on("POST", _ISSUES)
def create(world: World, request: Request) -> Answer:
    """A new one; what only those may say who may push is left out for others."""
    home = repository(world, request)
    _must_be_on(home)
    title = request.body.get("title")
    if not title:
        raise invalid("Issue", {"code": "missing_field", "field": "title"})
    who = viewer(world, request) or {}
    made = new_issue(world, home, who.get("id"), title=str(title), body=_text(request.body.get("body")))
    _take(world, request, made)
    world.happened("opened", "issues", made)
    return Answer(201, shapes.issue(world, made), {"Location": shapes.issue(world, made)["url"]})


@on("GET", _ISSUE)
def show(world: World, request: Request) -> Answer:
    """One, also one that is a pull request."""
    _must_be_on(repository(world, request))
    return Answer(200, shapes.issue(world, find(world, request)))


@on("PATCH", _ISSUE)
def change(world: World, request: Request) -> Answer:
    """Who wrote it may, and who may triage. A reason counts only where the state changes."""
    one, who = find(world, request), viewer(world, request) or {}
    if one["user"] != who.get("id"):
        must(world, request, "triage")
    before, told = dict(one), request.body
    if "title" in told:
        one["title"] = told["title"]
    if "body" in told:
        one["body"] = _text(told["body"])
    _take(world, request, one)
    word = _turn(world, one, told, who)
    if one != before:
        one["updated_at"] = stamp(world.clock.now())
        world.happened(word or "edited", "issues", one)
    return Answer(200, shapes.issue(world, one))


def _turn(world: World, one: Record, told: Record, who: Record) -> str | None:
    """Open or close it; what became of it, if anything did."""
    state = told.get("state", one["state"])
    if state == one["state"]:
        return None
    closes = state == "closed"
    one["state"] = state
    one["state_reason"] = told.get("state_reason") or ("completed" if closes else "reopened")
    one["closed_at"] = stamp(world.clock.now()) if closes else None
    one["closed_by"] = who.get("id") if closes else None
    return "closed" if closes else "reopened"


def _take(world: World, request: Request, one: Record) -> None:
    told = {name: request.body[name] for name in _OF_PUSHERS if name in request.body}
    if not may(world, request, "write"):
        return
    if "labels" in told:
        named = (label_named(world, one["repository"], name) for name in _names(told["labels"]))
        one["labels"] = list(dict.fromkeys(named))
    if "assignees" in told:
        one["assignees"] = assignable(world, _names(told["assignees"], "login"))[:_MOST_ASSIGNEES]
    if "type" in told:
        one["type"] = told["type"]


def _names(several: Any, key: str = "name") -> list[str]:
    return [one if isinstance(one, str) else one[key] for one in several or ()]


def label_named(world: World, home: Any, name: str) -> str:
    """The label's own spelling of its name; one that is not there yet is made."""
    for row in world.rows("label"):
        if row["repository"] == home and row["name"].lower() == name.lower():
            return str(row["name"])
    made = world.add("label", {"repository": home, "name": name, "color": _GREY, "description": None})
    return str(made["name"])


def assignable(world: World, logins: list[str]) -> list[Any]:
    """The ids of those among some who can be assigned."""
    known = {row["login"].lower(): row["id"] for row in world.rows("user") if row["role"] in ASSIGNABLE}
    return [known[login.lower()] for login in logins if login.lower() in known]


def _text(body: Any) -> Any:
    if isinstance(body, str) and len(body) > _LONGEST:
        told = f"body is too long (maximum is {_LONGEST} characters)"
        raise invalid("Issue", {"code": "custom", "field": "body", "message": told})
    return body


@on("GET", f"{_ISSUES}/comments")
def comments(world: World, request: Request) -> Answer:
    """Those on all issues and pull requests."""
    home, since = repository(world, request), request.asked("since") or ""
    sort = request.asked("sort")
    rows = [
        said
        for said in world.listed("comment")
        if (on_it := world.table("issue")[str(said["issue"])])["repository"] == home["id"]
        and not on_it["deleted"]
        and said["updated_at"] >= since
    ]
    rows.sort(
        key=lambda said: (said[f"{sort}_at"] if sort else "", said["id"]),
        reverse=bool(sort) and (request.asked("direction") or "desc") == "desc",
    )
    return page(world, request, rows, shapes.comment)


@on("GET", f"{_ISSUE}/comments")
def comments_of_issue(world: World, request: Request) -> Answer:
    """Those on one, oldest first."""
    one = find(world, request)
    return page(
        world, request, [said for said in world.rows("comment") if said["issue"] == one["id"]], shapes.comment
    )


@on("POST", f"{_ISSUE}/comments")
def say(world: World, request: Request) -> Answer:
    """A new one."""
    one, body = find(world, request), request.body.get("body")
    if one["locked"]:
        must(world, request, "write")
    if not body:
        raise invalid("IssueComment", {"code": "missing_field", "field": "body"})
    made = new_comment(world, one, (viewer(world, request) or {}).get("id"), _text(body))
    return Answer(201, shapes.comment(world, made), {"Location": shapes.comment(world, made)["url"]})


def new_comment(world: World, one: Record, who: Any, body: str) -> Record:
    """Add a comment, which moves its issue."""
    now = stamp(world.clock.now())
    made = world.add(
        "comment", {"issue": one["id"], "user": who, "body": body, "created_at": now, "updated_at": now}
    )
    one["updated_at"] = now
    world.happened("created", "issue_comment", made)
    return made


@on("GET", f"{_ISSUES}/comments/{{comment_id}}")
def show_comment(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, shapes.comment(world, _comment(world, request)))


@on("PATCH", f"{_ISSUES}/comments/{{comment_id}}")
def edit_comment(world: World, request: Request) -> Answer:
    """Who wrote it may, and who may push."""
    said = _mine(world, request)
    said |= {"body": _text(request.body["body"]), "updated_at": stamp(world.clock.now())}
    world.happened("edited", "issue_comment", said)
    return Answer(200, shapes.comment(world, said))


@on("DELETE", f"{_ISSUES}/comments/{{comment_id}}")
def remove_comment(world: World, request: Request) -> Answer:
    """The same may."""
    said = _mine(world, request)
    world.happened("deleted", "issue_comment", said)
    del world.table("comment")[str(said["id"])]
    return Answer(204)


def _mine(world: World, request: Request) -> Record:
    said = _comment(world, request)
    if said["user"] != (viewer(world, request) or {}).get("id"):
        must(world, request, "write")
    return said


def _comment(world: World, request: Request) -> Record:
    home, said = repository(world, request), world.table("comment").get(request.params["comment_id"])
    if said is None or world.table("issue")[str(said["issue"])]["repository"] != home["id"]:
        raise Refused(404, "Not Found")
    return said
