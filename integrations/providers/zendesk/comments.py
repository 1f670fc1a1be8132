"""Comments and their files, out of what happened to tickets.

A comment has no address of its own, and does not say whose it is: here its id is that of its ticket and its own. It is
never edited, but it can be made private or redacted; its ticket's comments are read again when that happened. The first
one of a ticket is its description, and no comment here; its files are files of the ticket.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.kit.content import Bare, Content
from integrations.kit.endpoints import GET, Api, Download, Upload
from integrations.kit.errors import Uncertain
from integrations.kit.lenses import at, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.zendesk.exports import PAGES, by_time, since_1970
from integrations.providers.zendesk.said import COMMENT, authored, of_ticket, said_in, spoken
from unified_api.models.ticketing import Attachment, Comment

_COMMENTS_OF = "/tickets/{ticket}/comments"


def _find(api: Api, remote_id: str) -> Any:
    """A comment by its id and its ticket's."""
    ticket = remote_id.partition("-")[0]
    if not ticket.isdigit():
        return None
    found = next((said for said in of_ticket(api, ticket) if said["id"] == remote_id), None)
    return authored(api, [found])[0] if found and not found["describes"] else None


def _say(api: Api, body: dict[str, Any]) -> str:
    ticket = body.pop("ticket")
    return f"{ticket}-{_comment(api, ticket, body)['id']}"


def _comment(api: Api, ticket: Any, comment: dict[str, Any]) -> Any:
    """Add a comment to a ticket; what its audit says of it."""
    path = f"/tickets/{int(ticket)}"
    answer = api.send("PUT", path, {"ticket": {"comment": comment}})
    events = dig(answer, "audit.events") or ()
    found = next((event for event in events if event["type"] == COMMENT), None)
    if found is None:
        raise Uncertain("it was said, but the answer does not show it", request=f"PUT {path}")
    return found


def _files(api: Api, audits: list[Any]) -> list[Any]:
    """The files of comments, each with what it takes from its comment."""
    return [
        {**file, **{name: said[name] for name in ("ticket", "user", "public", "created_at")}}
        for said in spoken(api, audits)
        for file in said.get("attachments") or ()
    ]


def _attach(api: Api, body: dict[str, Any], content: Content) -> str:
    """A file needs a comment, which says its name."""
    name = body.pop("file_name")
    path = f"/uploads?filename={quote(name, safe='')}"
    upload = api.send("POST", path, Bare(content), headers={"Content-Type": content.kind}, repeatable=True)[
        "upload"
    ]
    ticket = body.pop("ticket")
    said = _comment(api, ticket, {"body": name, "uploads": [upload["token"]], **body})
    named = [file["id"] for file in said.get("attachments") or () if file["file_name"] == name]
    return str(named[0] if named else upload["attachment"]["id"])


def _is_private(said: Any) -> Any:
    public = dig(said, "public")
    return public if public is MISSING or public is None else not public


_private = compute(_is_private, lambda private, _current: {"public": not private}, create_only=True)
_ticket = ref("ticket", whole=True, create_only=True)
_AUDITS = "/tickets/{ticket}/audits"
_WHEN = instant("timestamp", parse=since_1970)

comments = Resource(
    mapping=Mapping(
        Comment,
        user=ref("user", whole=True, to="author_id", create_only=True),
        contact=ref("contact", whole=True, to="author_id", create_only=True),
        body=at("body", create_only=True),
        html_body=at("html_body", create_only=True),
        ticket=_ticket,
        is_private=_private,
        remote_created_at=instant("created_at", read_only=True),
    ),
    list=by_time("ticket_events", _WHEN, said_in, include="comment_events"),
    get=GET(_COMMENTS_OF, find=_find, calls=2),
    create=_say,
    recent=GET(_AUDITS, items="audits", paging=PAGES, pages=20, then=said_in, calls=3),
    recognise=("ticket", "body"),
    sweep_every=30 * 86_400.0,
)
attachments = Resource(
    mapping=Mapping(
        Attachment,
        file_name="file_name",
        ticket=_ticket,
        content_type=at("content_type", read_only=True),
        size=at("size", read_only=True),
        is_private=_private,
        uploaded_by=ref("user", read_only=True),
        remote_created_at=instant("created_at", read_only=True),
    ),
    list=by_time("ticket_events", _WHEN, _files, include="comment_events"),
    get=GET("/attachments/{remote_id}", item="attachment"),
    create=Upload(_attach),
    create_calls=2,
    download=Download("/attachments/{remote_id}", address="attachment.content_url"),
    recent=GET(_AUDITS, items="audits", paging=PAGES, pages=20, then=_files, calls=3),
    recognise=("ticket", "file_name"),
    sweep_every=30 * 86_400.0,
)
