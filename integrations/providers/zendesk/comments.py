"""Comments and their files, out of what happened to tickets.

A comment has no address of its own, and does not say whose it is: here its id is that of its ticket and its own. It is
never edited, but it can be made private or redacted; its ticket's comments are read again when that happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from integrations.kit.content import Bare, Content
from integrations.kit.endpoints import GET, Api, Download, Upload
from integrations.kit.errors import Gone, Uncertain
from integrations.kit.lenses import at, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.zendesk.exports import PAGES, by_time, since_1970
from integrations.providers.zendesk.people import AGENTS
from unified_api.models.ticketing import Attachment, Comment

_COMMENT = "Comment"
#: Events that are one; those that befall one begin with its word.
_SPOKEN = frozenset({_COMMENT, "VoiceComment"})
#: Users that can be asked for at once.
_MOST = 100
_COMMENTS_OF = "/tickets/{ticket}/comments"


def _of_ticket(api: Api, ticket: Any) -> Iterator[Any]:
    """The comments of a ticket, page by page."""
    path, after = f"/tickets/{int(ticket)}/comments", dict[str, str]()
    while True:
        answer = api.get(path, {"page[size]": "100", **after})
        yield from (_whose(ticket, said) for said in answer["comments"])
        if not dig(answer, "meta.has_more"):
            return
        after = {"page[after]": answer["meta"]["after_cursor"]}


def _whose(ticket: Any, said: Any) -> dict[str, Any]:
    return {**said, "id": f"{ticket}-{said['id']}", "ticket": ticket}


def _said(api: Api, audits: list[Any]) -> list[Any]:
    """The comments in what happened, as events of an export or of one ticket's audits; as they are by now."""
    found: dict[str, Any] = {}
    moved: dict[Any, None] = {}
    for audit, event, kind in _events(audits):
        if kind in _SPOKEN:
            by = audit.get("author_id") or audit.get("updater_id")
            said = _whose(audit["ticket_id"], {"created_at": audit["created_at"], "author_id": by, **event})
            found[said["id"]] = said
        elif kind.startswith(_COMMENT):
            moved[audit["ticket_id"]] = None
    for ticket in moved:
        with suppress(Gone):
            found.update({said["id"]: said for said in _of_ticket(api, ticket)})
    return _authored(api, list(found.values()))


def _events(audits: Iterable[Any]) -> Iterator[tuple[Any, Any, str]]:
    for audit in audits:
        for event in audit.get("child_events") or audit.get("events") or ():
            yield audit, event, event.get("event_type") or event.get("type") or ""


def _authored(api: Api, comments: list[Any]) -> list[Any]:
    """Comments with their author as an agent, or as an end user."""
    roles = _roles(api, dict.fromkeys(said["author_id"] for said in comments))
    return [_with_author(said, roles.get(said["author_id"])) for said in comments]


def _with_author(said: Any, role: str | None) -> dict[str, Any]:
    author = said["author_id"]
    is_agent = role in AGENTS
    return {
        **said,
        "user": author if is_agent else None,
        "contact": author if role and not is_agent else None,
    }


def _roles(api: Api, ids: Iterable[Any]) -> dict[Any, str]:
    wanted, found = [one for one in ids if isinstance(one, int) and one > 0], {}
    for start in range(0, len(wanted), _MOST):
        some = ",".join(map(str, wanted[start : start + _MOST]))
        found.update(
            {user["id"]: user["role"] for user in api.get("/users/show_many", {"ids": some})["users"]}
        )
    return found


def _find(api: Api, remote_id: str) -> Any:
    """A comment by its id and its ticket's."""
    ticket = remote_id.partition("-")[0]
    if not ticket.isdigit():
        return None
    found = next((said for said in _of_ticket(api, ticket) if said["id"] == remote_id), None)
    return found and _authored(api, [found])[0]


def _say(api: Api, body: dict[str, Any]) -> str:
    ticket = body.pop("ticket")
    return f"{ticket}-{_comment(api, ticket, body)['id']}"


def _comment(api: Api, ticket: Any, comment: dict[str, Any]) -> Any:
    """Add a comment to a ticket; what its audit says of it."""
    path = f"/tickets/{int(ticket)}"
    answer = api.send("PUT", path, {"ticket": {"comment": comment}})
    events = dig(answer, "audit.events") or ()
    found = next((event for event in events if event["type"] == _COMMENT), None)
    if found is None:
        raise Uncertain("it was said, but the answer does not show it", request=f"PUT {path}")
    return found


def _files(api: Api, audits: list[Any]) -> list[Any]:
    """The files of comments, each with what it takes from its comment."""
    return [
        {**file, **{name: said[name] for name in ("ticket", "user", "public", "created_at")}}
        for said in _said(api, audits)
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
    list=by_time("ticket_events", _WHEN, _said, include="comment_events"),
    get=GET(_COMMENTS_OF, find=_find, calls=2),
    create=_say,
    recent=GET(_AUDITS, items="audits", paging=PAGES, pages=20, then=_said, calls=3),
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
