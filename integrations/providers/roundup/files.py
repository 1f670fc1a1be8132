"""Files of issues. A file stands alone; the issue lists it, and a file that is retired leaves that list unread."""

from __future__ import annotations

from itertools import chain
from typing import Any

from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, PATCH, Api, Download, Upload
from integrations.kit.errors import Gone
from integrations.kit.lenses import at, compute, instant, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.steps import amend, by_ids, owed, post_once
from integrations.providers.roundup.items import ISSUE, ITEMS, find, moment, of_class
from unified_api.models.ticketing import Attachment

_FILE = {"@verbose": "2", "@fields": "name,type,creator,creation"}


def _attached(api: Api, issues: list[Any]) -> list[Any]:
    """The files of issues, each with its issue and the moment when that last changed."""
    held = [(issue, [file["id"] for file in issue.get("files") or ()]) for issue in issues]
    known = by_ids(api, "/file", chain(*(names for _, names in held)), _FILE, items=ITEMS)
    return [{**known[name], "issue": issue["id"]} for issue, names in held for name in names if name in known]


def _shown(api: Api, files: list[Any]) -> list[Any]:
    """A file as attachment, unless no issue has it."""
    found = dig(api.get("/issue", {**ISSUE, "files": files[0]["id"]}), ITEMS)
    return [{**files[0], "issue": issue["id"]} for issue in found[:1]]


def _create(api: Api, body: dict[str, Any], content: Content) -> str:
    path = f"/issue/{int(body['issue'])}"
    if not dig(api.get("/issue", {"id": body["issue"]}), ITEMS):
        raise Gone("the ticket is not there any more", request=f"GET {path}")
    kind = body.get("type") or content.kind
    made = post_once(
        api, "/file", Form({"name": body["name"], "type": kind}, "content", body["name"], content)
    )
    with owed(made):
        _list(api, made, body)
    return made


def _complete(api: Api, made: str, body: dict[str, Any]) -> None:
    if not dig(api.get("/file", {"id": made}), ITEMS):
        raise Gone("the file is not there any more", request=f"GET /file/{made}")
    _list(api, made, body)


def _list(api: Api, made: str, body: dict[str, Any]) -> None:
    """Have the issue list a file."""
    amend(api, f"/issue/{int(body['issue'])}", {"files": [made], "@op": "add"})


_attachments = Mapping(
    Attachment,
    file_name=text("name", trims=True),
    ticket=ref("issue", create_only=True),
    content_type=at("type", create_only=True),
    file_url=compute(lambda file: (dig(file, "link") or "").replace("/rest/data/file/", "/file") or MISSING),
    uploaded_by=ref("creator.id", read_only=True),
    remote_created_at=instant("creation", parse=moment, read_only=True),
)
attachments = of_class(
    _attachments,
    "issue",
    ISSUE,
    _attached,
    get=find("file", _FILE, _shown),
    create=Upload(_create),
    create_calls=5,
    complete=_complete,
    update=PATCH("/file/{remote_id}", null="", conditional=True),
    delete=DELETE("/file/{remote_id}", conditional=True),
    download=Download("/file/{remote_id}/binary_content"),
    recent=find("issue", ISSUE, _attached, id="{ticket}"),
    recognise=("ticket", "file_name"),
)
