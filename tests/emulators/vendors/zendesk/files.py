"""Files: uploaded first, and then named by a comment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import sealed
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, invalid
from tests.emulators.world import Record, World

on: Final = Routes()


def attached(world: World, tokens: Iterable[str]) -> list[Record]:
    """The files of a comment; a token is used up. Raises Refused."""
    found = [world.table("upload").pop(token, None) for token in tokens]
    if None in found:
        raise invalid(uploads="Uploads: a token is not valid")
    return [_shown(world, world.get("attachment", one["attachment"])) for one in found if one]


def _shown(world: World, file: Record) -> Record:
    bare = {key: value for key, value in file.items() if key[0] != "_"}
    here = f"{world.url}/attachments/token/{file['_token']}/?name={file['file_name']}"
    return {**bare, "content_url": here, "url": f"{world.url}{API}/attachments/{file['id']}.json"}


@on("POST", f"{API}/uploads")
def upload(world: World, request: Request) -> Answer:
    """A file that no comment names yet."""
    name = request.asked("filename")
    if not name:
        raise Refused(400, "Parameter filename is required")
    kind = request.headers.get("content-type", "application/octet-stream")
    facts = {"file_name": name, "content_type": kind, "size": len(request.raw), "inline": False}
    file = world.add("attachment", {**facts, "deleted": False, "thumbnails": [], "_content": request.raw})
    file["_token"] = sealed("file", file["id"])
    token = sealed("upload", file["id"])
    world.add("upload", {"id": token, "attachment": file["id"]})
    shown = _shown(world, file)
    return Answer(201, {"upload": {"token": token, "attachment": shown, "attachments": [shown]}})


@on("GET", f"{API}/attachments/{{attachment_id}}")
def show_attachment(world: World, request: Request) -> Answer:
    """What is known of a file; not on which ticket it is."""
    return Answer(
        200, {"attachment": _shown(world, world.get("attachment", request.params["attachment_id"]))}
    )


@on("GET", "/attachments/token/{token}/")
def download(world: World, request: Request) -> Answer:
    """What is in it, for who knows the address."""
    found = next((f for f in world.rows("attachment") if f["_token"] == request.params["token"]), None)
    if found is None:
        raise Refused(404)
    return Answer(200, found["_content"], {"Content-Type": found["content_type"]})
