"""Files of issues. A file is uploaded first, and then hung on its issue; it does not tell which that is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.kit.content import Bare, Content
from integrations.kit.endpoints import DELETE, GET, PUT, Api, Download, Upload
from integrations.kit.lenses import at, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.kit.steps import owed
from integrations.providers.redmine.issues import WHOLE, found, listed
from integrations.providers.redmine.people import quoted
from unified_api.models.ticketing import Attachment

_PATH = "/attachments/{remote_id}.json"


def _files(_api: Api, issues: list[Any]) -> list[Any]:
    """The files of issues, each with its issue."""
    return [{**file, "issue": issue["id"]} for issue in issues for file in issue["attachments"]]


def _newest(api: Api, issues: list[Any]) -> list[Any]:
    return _files(api, issues)[::-1]


def _find(api: Api, remote_id: str) -> Any:
    """A file, with the issue on which it hangs: one that has a file of this name, and changed since it was uploaded."""
    if not remote_id.isdigit():
        return None
    file = api.get(f"/attachments/{remote_id}.json")["attachment"]
    asked = {"attachment": f"^{file['filename']}", "updated_on": f">={file['created_on']}"}
    return next((one for one in _files(api, list(found(api, asked))) if one["id"] == file["id"]), None)


def _attach(api: Api, fields: dict[str, Any], content: Content) -> str:
    """What is not hung on an issue, since that was refused or failed, Redmine removes after a day."""
    path = f"/issues/{int(fields['issue'])}.json"
    named = quote(fields["filename"], safe="")
    binary = {"Content-Type": "application/octet-stream"}
    address = f"/uploads.json?filename={named}"
    upload = api.send("POST", address, Bare(content), headers=binary, repeatable=True)["upload"]
    kind = fields.get("content_type") or content.kind
    told = {"token": upload["token"], "filename": fields["filename"], "content_type": kind}
    with owed(str(upload["id"])):
        api.send("PUT", path, {"issue": {"uploads": [told]}})
    return str(upload["id"])


attachments = Resource(
    mapping=Mapping(
        Attachment,
        file_name="filename",
        ticket=ref("issue", create_only=True),
        content_type="content_type",
        size=at("filesize", read_only=True),
        file_url=at("content_url", read_only=True),
        uploaded_by=ref("author.id", read_only=True),
        remote_created_at=instant("created_on", read_only=True),
    ),
    list=listed(_files),
    get=GET(_PATH, find=_find, calls=2),
    create=Upload(_attach),
    create_calls=2,
    update=PUT(_PATH, body=lambda fields, _file: {"attachment": fields}),
    delete=DELETE(_PATH),
    download=Download("/attachments/download/{remote_id}"),
    recent=GET("/issues/{ticket}.json", items="issue", sole=True, params=WHOLE, then=_newest),
    recognise=("ticket", "file_name"),
    quotes={"author": quoted},
)
