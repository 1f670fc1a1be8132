"""Files of issues. By its own id a file does not say of which issue it is; the list, which goes by issues, does."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, GET, Api, Download, Upload
from integrations.kit.lenses import at, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.providers.jira.people import users
from integrations.providers.jira.searching import changed, everything, fetched
from unified_api.models.ticketing import Attachment

_UPLOAD = {"X-Atlassian-Token": "no-check"}


def _files_of(_api: Api, issues: list[Any]) -> list[Any]:
    return [{**file, "ticket": one["id"]} for one in issues for file in one["fields"].get("attachment") or ()]


def _attach(api: Api, body: dict[str, Any], content: Content) -> str:
    path = f"/issue/{quote(str(body['ticket']), safe='')}/attachments"
    made = api.send("POST", path, Form({}, "file", body["filename"], content), headers=_UPLOAD)
    return str(made[0]["id"])


_FILES = fetched(("attachment",), _files_of)


def _newest_of(api: Api, issues: list[Any]) -> list[Any]:
    """The files of an issue, the newest first."""
    return sorted(_files_of(api, issues), key=lambda file: str(file["created"]), reverse=True)


attachments = Resource(
    mapping=Mapping(
        Attachment,
        file_name=at("filename", create_only=True),
        ticket=ref("ticket", create_only=True),
        content_type=at("mimeType", read_only=True),
        size=at("size", read_only=True),
        uploaded_by=ref("author.accountId", read_only=True),
        remote_created_at=instant("created", read_only=True),
    ),
    list=everything(_FILES),
    changes=changed(_FILES),
    get=GET("/attachment/{remote_id}"),
    create=Upload(_attach),
    delete=DELETE("/attachment/{remote_id}"),
    download=Download("/attachment/content/{remote_id}"),
    recent=GET("/issue/{ticket}", items="", sole=True, params={"fields": "attachment"}, then=_newest_of),
    recognise=("ticket", "file_name"),
    quotes={"author": users.mapping},
    lookback=600.0,
    read_lag=60.0,
)
