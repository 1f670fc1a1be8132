"""django-helpdesk, a help desk as a Django app.

https://django-helpdesk.readthedocs.io/en/latest/api.html

Seen on 2.6.1:
- The API is off unless HELPDESK_ACTIVATE_API_ENDPOINT is set, and wants a user of the staff.
- No timestamps on tickets and no filter for changes: every run is a sweep, compared by digest.
- No conditional writes: the ticket is read just before it is changed, and only what differs is sent.
- Lists go by id (tickets) or date (follow-ups); `page=last` is the way to the newest.
- Creating needs a description, a queue and a priority, and ignores the status: an update follows.
- Status is a number and a flag. "Open" and "Reopened" are both open; there is no "in progress".
- A merged ticket is listed on, as a duplicate, and names the one that it was merged into.
- A follow-up is always written by the user of the API. The description of a new ticket is a follow-up, too: only its
  text says so, and its title, in the language of who made it. Changes leave follow-ups without text. None is a comment.
- A new follow-up is private unless it says `public`, its text is run as a Django template, and its title renames the
  ticket.
- Files hang on follow-ups. A new one goes to the first public one of its ticket; a ticket without any gets one without
  text, which is no comment. The file's own address holds a secret and asks for no login: it is not shown. Empty files
  and unknown extensions are refused.
- Users can be made over the API, but not listed; queues neither. Their ids are known from tickets.
"""

from __future__ import annotations

import re
from typing import Any

from integrations.kit.auth import Basic
from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Check, Download, Then, Upload
from integrations.kit.errors import Unwritable
from integrations.kit.lenses import at, choice, compute, instant, only, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByLink, ByPage
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Embedded, Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.ticketing import Attachment, Comment, Ticket

_OPEN, _REOPENED, _RESOLVED, _CLOSED, _DUPLICATE = 1, 2, 3, 4, 5
#: With what the title of the follow-up begins that holds a new ticket's description, in the languages of the desk.
_OPENED = (
    "Ticket Opened",
    "Bilet açıldı",  # noqa: RUF001 - Turkish
    "Bilet web üzerinden açıldı",  # noqa: RUF001 - Turkish
    "Billet ouvert",
    "Sak åpnet",
    "Slučaj otvoren",
    "Ticket Aberto",
    "Ticket abierto",
    "Ticket aberto",
    "Ticket aperto",
    "Ticket byl otevřen",
    "Ticket geöffnet",
    "Ticket založen",
    "Ticket über das Web geöffnet",
    "Tukipyyntö avattu",
    "Tukipyyntö jätetty",
    "Zgłoszenie otwarto",
    "otvoreni slučaj",
    "Тикет открыт",
    "تذاكر الدعم المفتوحة",
    "التذكرة مفتوحة",
    "تم فتح تذكرة الدعم",
    "تیکت از طریق وب باز شده",
    "تیکت باز است",
    "工单已打开",
    "工单已通过web打开",
    "已开 & 已分配给",
    "开工单",
)
_WORDS = {_OPEN: "OPEN", _REOPENED: "OPEN", _RESOLVED: "CLOSED", _CLOSED: "CLOSED", _DUPLICATE: "CLOSED"}


def _read_status(ticket: Any) -> Any:
    """The common status of number and flag; a number that a desk added itself passes through."""
    status, on_hold = dig(ticket, "status"), dig(ticket, "on_hold")
    if status is MISSING or status is None:
        return status
    word = _WORDS.get(status, str(status))
    return "ON_HOLD" if on_hold is True and word == "OPEN" else word


def _write_status(word: Any, ticket: Any) -> dict[str, Any]:
    """Number and flag, changing of both only what has to change."""
    was_closed = _WORDS.get(dig(ticket, "status")) == "CLOSED"
    if word == "CLOSED":
        return {"status": _CLOSED}
    if word not in {"OPEN", "ON_HOLD"}:
        raise Unwritable(f"cannot be {word!r} there; known are OPEN, ON_HOLD, CLOSED")
    opened = {"status": _REOPENED if was_closed else _OPEN}
    return {**(opened if _WORDS.get(dig(ticket, "status")) != "OPEN" else {}), "on_hold": word == "ON_HOLD"}


def _faults(body: Any) -> dict[str, str]:
    """Reasons by field, as Django REST framework gives them."""
    if not isinstance(body, dict):
        return {}
    told = {name: why if isinstance(why, list) else [why] for name, why in body.items()}
    return {name: " ".join(map(str, why)) for name, why in told.items()}


def _newest(path: str, then: Then | None = None) -> GET:
    """The last page, and the one before it, since the last may have just begun."""
    return GET(
        path,
        items="results",
        paging=ByLink("previous", size_param="page_size", begin={"page": "last"}),
        pages=2,
        then=then,
    )


def _said(ticket: Any) -> list[Any]:
    """The follow-ups of a ticket that are comments: those with a text, but for the one that holds its description."""
    told = ticket["followup_set"]
    described = next((one for n, one in enumerate(told) if _describes(one, ticket, first=n == 0)), None)
    return [one for one in told if one is not described and _text(one, "comment")]


def _describes(followup: Any, ticket: Any, *, first: bool) -> bool:
    """Whether a follow-up holds the description of its ticket, which may have been edited there since.

    That of an e-mail has its quotations, too, and so have the answers to it.
    """
    text, description = _text(followup, "comment"), _text(ticket, "description")
    by_mail = first and followup["message_id"] is not None and bool(description) and description in text
    return text == description or by_mail or _text(followup, "title").startswith(_OPENED)


def _text(record: Any, name: str) -> str:
    return (record[name] or "").strip()


def _comments(_api: Api, tickets: list[Any]) -> list[Any]:
    return [said for ticket in tickets for said in _said(ticket)]


def _newest_comments(api: Api, tickets: list[Any]) -> list[Any]:
    return _comments(api, tickets)[::-1]


def _comment(api: Api, followups: list[Any]) -> list[Any]:
    """A follow-up, if it is a comment."""
    ticket = api.get(f"/api/tickets/{int(followups[0]['ticket'])}/")
    return [said for said in _said(ticket) if said["id"] == followups[0]["id"]]


def _plain(body: dict[str, Any], _followup: Any) -> dict[str, Any]:
    """A new follow-up whose text is the template of itself. The desk itself sees to tags, but to whole ones only."""
    text = body["comment"]
    if any(mark in text for mark in ("{{", "{#", "{%", "%}")):
        text = re.sub("[{}]", lambda brace: f'{{{{ "{brace[0]}" }}}}', text)
    return {**body, "comment": text}


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


followups = Mapping(
    Comment,
    body="comment",
    ticket=ref("ticket", whole=True, create_only=True),
    user=ref("user", read_only=True),
    is_private=compute(
        lambda followup: MISSING if dig(followup, "public") is MISSING else not dig(followup, "public"),
        lambda private, _followup: {"public": not private},
    ),
    remote_created_at=instant("date", read_only=True),
)
files = Mapping(
    Attachment,
    file_name="filename",
    ticket=ref("ticket", whole=True, create_only=True),
    content_type="mime_type",
    size=at("size", read_only=True),
    is_private=compute(lambda file: MISSING if dig(file, "public") is MISSING else not dig(file, "public")),
    uploaded_by=ref("user", read_only=True),
    remote_created_at=instant("date", read_only=True),
)
tickets = Mapping(
    Ticket,
    name="title",
    description="description",
    status=compute(_read_status, _write_status, words=("OPEN", "ON_HOLD", "CLOSED"), after_create=True),
    priority=choice("priority", {"URGENT": 1, "HIGH": 2, "NORMAL": 3, "LOW": (4, 5)}),
    assignees=only(ref("assigned_to", whole=True)),
    collections=only(ref("queue", whole=True)),
    due_date=instant("due_date"),
    merged_into="merged_to",
)

_FILES = "/api/followups-attachments/"
_PAGES = ByPage(size=100, total="count", more="next")
_TICKET = "/api/tickets/{remote_id}/"
_FOLLOWUP = "/api/followups/{remote_id}/"

provider = Provider(
    slug="django-helpdesk",
    name="django-helpdesk",
    category="ticketing",
    settings=(
        Setting("base_url", "Address of the help desk, for example https://desk.example.com", kind="url"),
        Setting("username", "A user of the staff"),
        Setting("password", "The password of that user", secret=True),
        Setting(
            "queue",
            "Number of the queue into which new tickets go",
            required=False,
            default="1",
            kind="number",
        ),
    ),
    auth=Basic(),
    check=Check(
        GET("/api/tickets/", items="results", params={"page_size": "1"}),
        lambda _answer, settings: settings["base_url"],
    ),
    faults=_faults,
    resources=(
        Resource(
            mapping=tickets,
            list=GET("/api/tickets/", items="results", paging=_PAGES),
            get=GET(_TICKET),
            create=POST("/api/tickets/", answer=""),
            update=PATCH(_TICKET, answer=""),
            delete=DELETE(_TICKET),
            recent=_newest("/api/tickets/"),
            recognise=("name",),
            required=("description",),
            defaults=lambda settings: {"queue": int(settings["queue"]), "priority": 3},
            embedded=(Embedded("followup_set", followups, _said),),
        ),
        Resource(
            mapping=followups,
            list=GET("/api/tickets/", items="results", paging=_PAGES, then=_comments),
            get=GET(_FOLLOWUP, then=_comment),
            create=POST("/api/followups/", answer="", body=_plain),
            update=PATCH(_FOLLOWUP, answer=""),
            delete=DELETE(_FOLLOWUP),
            recent=GET("/api/tickets/{ticket}/", items="", sole=True, then=_newest_comments),
            recognise=("ticket", "body"),
            defaults=lambda _settings: {"public": True},
        ),
        Resource(
            mapping=files,
            list=GET("/api/followups/", items="results", paging=_PAGES, then=_attached),
            get=GET(_FILES + "{remote_id}/", then=_shown, calls=2),
            create=Upload(_attach),
            create_calls=3,
            update=PATCH(_FILES + "{remote_id}/"),
            delete=DELETE(_FILES + "{remote_id}/"),
            download=Download(_FILES + "{remote_id}/", address="file"),
            recent=_newest("/api/followups/", _attached),
            recognise=("ticket", "file_name"),
        ),
    ),
)
