"""Files of follow-ups, each of which belongs to the ticket of its follow-up."""

from __future__ import annotations

from typing import Any

from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Download, Upload
from integrations.kit.lenses import at, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.django_helpdesk.lists import PAGES, newest
from unified_api.models.ticketing import Attachment

_FILES = "/api/followups-attachments/"


def _attached(_api: Api, followups: list[Any]) -> list[Any]:
    """The files of follow-ups, each with what it takes from its follow-up."""
    return [_file(said, file) for said in followups for file in said["followupattachment_set"]]


def _shown(api: Api, files: list[Any]) -> list[Any]:
    return [_file(api.get(f"/api/followups/{int(file['followup'])}/"), file) for file in files]


def _file(followup: Any, file: Any) -> dict[str, Any]:
    return {**file, **{name: followup[name] for name in ("ticket", "user", "public", "date")}}


def _attach(api: Api, body: dict[str, Any], content: Content) -> str:
    ticket, name = body["ticket"], body["filename"]
    said = [one for one in api.get(f"/api/tickets/{ticket}/")["followup_set"] if one["public"]]
    first = said[0] if said else api.send("POST", "/api/followups/", {"ticket": ticket, "public": True})
    kind = body.get("mime_type") or content.kind
    facts = {"followup": str(first["id"]), "filename": name, "mime_type": kind}
    return str(api.send("POST", _FILES, Form(facts, "file", name, content))["id"])


_files = Mapping(
    Attachment,
    file_name="filename",
    ticket=ref("ticket", whole=True, create_only=True),
    content_type="mime_type",
    size=at("size", read_only=True),
    is_private=compute(lambda file: MISSING if dig(file, "public") is MISSING else not dig(file, "public")),
    uploaded_by=ref("user", read_only=True),
    remote_created_at=instant("date", read_only=True),
)
attachments = Resource(
    mapping=_files,
    list=GET("/api/followups/", items="results", paging=PAGES, then=_attached),
    get=GET(_FILES + "{remote_id}/", then=_shown, calls=2),
    create=Upload(_attach),
    create_calls=3,
    update=PATCH(_FILES + "{remote_id}/"),
    delete=DELETE(_FILES + "{remote_id}/"),
    download=Download(_FILES + "{remote_id}/", address="file"),
    recent=newest("/api/followups/", _attached),
    recognise=("ticket", "file_name"),
)
