"""Comments, below their issues; an issue shows the first few of them."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import piece
from tests.emulators.vendors.jira.common import API, asker, issue_named, on, stamp, told
from tests.emulators.vendors.jira.forms import must_be_document
from tests.emulators.vendors.jira.people import user_shape
from tests.emulators.world import Record, World

_COMMENTS: Final = f"{API}/issue/{{issue_id}}/comment"
#: So many stand in an issue.
SHOWN: Final = 2


def document(text: str) -> Record:
    """A document that says a text."""
    line = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [line]}


def say(world: World, issue: Record, body: Any, who: str, **more: Any) -> Record:
    """Have somebody say something, which moves the issue."""
    now = stamp(world)
    facts = {"issue": issue["id"], "body": body, "author": who, "created": now, "updated": now, **more}
    made = world.add("comment", {"id": str(world.next_id("comment")), **facts})
    issue["updated"] = now
    world.happened("comment_created", "comment", made)
    return made


def comment_shape(world: World, one: Record, viewer: Record) -> Record:
    """A comment."""
    author = user_shape(world, world.get("user", one["author"]))
    return {
        "self": f"{world.url}{API}/issue/{one['issue']}/comment/{one['id']}",
        "id": one["id"],
        "author": author,
        "updateAuthor": author,
        "body": one["body"],
        "created": told(one["created"], viewer),
        "updated": told(one["updated"], viewer),
        "jsdPublic": one.get("public", True),
        **({"visibility": one["visibility"]} if "visibility" in one else {}),
    }


def comments_field(world: World, issue: Record, viewer: Record) -> Record:
    """What an issue shows of its comments."""
    rows = _of(world, issue["id"])
    shown = [comment_shape(world, one, viewer) for one in rows[:SHOWN]]
    return {"comments": shown, "total": len(rows), "maxResults": len(shown), "startAt": 0}


def _of(world: World, issue: str) -> list[Record]:
    return [one for one in world.rows("comment") if one["issue"] == issue]


@on("GET", _COMMENTS)
def comments(world: World, request: Request) -> Answer:
    """A page of them."""
    rows = _of(world, issue_named(world, request.params["issue_id"])["id"])
    rows = rows[::-1] if request.asked("orderBy") == "-created" else rows
    size = request.number("maxResults", 100)
    shown = piece(rows, request.number("startAt", 0), size)
    values = [comment_shape(world, one, asker(world, request)) for one in shown.items]
    return Answer(200, {"comments": values, "startAt": shown.first, "maxResults": size, "total": shown.total})


@on("POST", _COMMENTS)
def new_comment(world: World, request: Request) -> Answer:
    """A new one."""
    issue, who = issue_named(world, request.params["issue_id"]), asker(world, request)
    must_be_document("comment", request.body.get("body"))
    made = say(world, issue, request.body["body"], who["id"])
    return Answer(201, comment_shape(world, made, who))


def _comment(world: World, request: Request) -> Record:
    found = world.get("comment", request.params["comment_id"])
    if found["issue"] != issue_named(world, request.params["issue_id"])["id"]:
        raise Refused(404, "Can not find a comment for the id")
    return found


@on("GET", f"{_COMMENTS}/{{comment_id}}")
def show_comment(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, comment_shape(world, _comment(world, request), asker(world, request)))


@on("PUT", f"{_COMMENTS}/{{comment_id}}")
def edit_comment(world: World, request: Request) -> Answer:
    """With another text; who does not say for whom it is, has it for all."""
    one = _comment(world, request)
    must_be_document("comment", request.body.get("body"))
    one.pop("visibility", None)
    one |= {name: request.body[name] for name in ("body", "visibility") if name in request.body}
    one["updated"] = stamp(world)
    world.get("issue", one["issue"])["updated"] = one["updated"]
    world.happened("comment_updated", "comment", one)
    return Answer(200, comment_shape(world, one, asker(world, request)))


@on("DELETE", f"{_COMMENTS}/{{comment_id}}")
def remove_comment(world: World, request: Request) -> Answer:
    """No more of it."""
    one = _comment(world, request)
    world.happened("comment_deleted", "comment", one)
    world.get("issue", one["issue"])["updated"] = stamp(world)
    del world.table("comment")[one["id"]]
    return Answer(204)
