"""Files of issues; their bytes are on another host, to which an address with a key in it leads."""

from __future__ import annotations

import re
from typing import Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.jira.common import API, asker, issue_named, on, stamp, told
from tests.emulators.vendors.jira.people import user_shape
from tests.emulators.world import Record, World

_FILE: Final = f"{API}/attachment/{{file_id}}"
#: Where the bytes are; it is let in by the key alone.
MEDIA: Final = "/media/{file_id}"
_PART: Final = re.compile(
    rb'name="file"; filename="([^"]*)"\r\nContent-Type: ([^\r]*)\r\n\r\n(.*)\r\n--', re.DOTALL
)


def attach(
    world: World, issue: Record, name: str, content: bytes, who: str, kind: str = "text/plain"
) -> Record:
    """Have somebody attach a file, which moves the issue."""
    facts = {"issue": issue["id"], "name": name, "content": content, "author": who, "mime": kind}
    made = world.add("file", {"id": str(world.next_id("file")), **facts, "created": stamp(world)})
    issue["updated"] = stamp(world)
    world.happened("jira:issue_updated", "issue", issue)
    return made


def file_shape(world: World, one: Record, viewer: Record) -> Record:
    """A file as its issue shows it."""
    return {
        "self": f"{world.url}{API}/attachment/{one['id']}",
        "id": one["id"],
        "filename": one["name"],
        "author": user_shape(world, world.get("user", one["author"])),
        "created": told(one["created"], viewer),
        "size": len(one["content"]),
        "mimeType": one["mime"],
        "content": f"{world.url}{API}/attachment/content/{one['id']}",
    }


@on("POST", f"{API}/issue/{{issue_id}}/attachments")
def upload(world: World, request: Request) -> Answer:
    """A new one, in a form; a header says that no browser was led to it."""
    if request.headers.get("x-atlassian-token") != "no-check":
        raise Refused(403, "XSRF check failed")
    part = _PART.search(request.raw)
    if part is None:
        raise Refused(400, "no file")
    who, issue = asker(world, request), issue_named(world, request.params["issue_id"])
    made = attach(world, issue, part[1].decode(), part[3], who["id"], part[2].decode())
    return Answer(200, [file_shape(world, made, who)])


@on("GET", _FILE)
def show_file(world: World, request: Request) -> Answer:
    """One, whose id is a number here."""
    one = world.get("file", request.params["file_id"])
    return Answer(200, {**file_shape(world, one, asker(world, request)), "id": int(one["id"])})


@on("GET", f"{API}/attachment/content/{{file_id}}")
def content(world: World, request: Request) -> Answer:
    """Where its bytes are."""
    one = world.get("file", request.params["file_id"])
    return Answer(303, None, {"Location": f"{world.url}{MEDIA.format(file_id=one['id'])}"})


@on("GET", MEDIA)
def media(world: World, request: Request) -> Answer:
    """They themselves."""
    one = world.get("file", request.params["file_id"])
    return Answer(200, one["content"], {"Content-Type": one["mime"]})


@on("DELETE", _FILE)
def remove_file(world: World, request: Request) -> Answer:
    """No more of it."""
    one = world.get("file", request.params["file_id"])
    world.get("issue", one["issue"])["updated"] = stamp(world)
    del world.table("file")[one["id"]]
    return Answer(204)
