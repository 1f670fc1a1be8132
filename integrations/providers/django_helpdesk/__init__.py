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

from typing import Any

from integrations.kit.auth import Basic
from integrations.kit.embedded import Embedded
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Check
from integrations.kit.errors import Unwritable
from integrations.kit.lenses import choice, compute, instant, only, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from integrations.providers.django_helpdesk.comments import comments, said
from integrations.providers.django_helpdesk.files import attachments
from integrations.providers.django_helpdesk.lists import PAGES, newest
from unified_api.models.ticketing import Ticket

_OPEN, _REOPENED, _RESOLVED, _CLOSED, _DUPLICATE = 1, 2, 3, 4, 5
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


tickets = Mapping(
    Ticket,
    name=text("title", trims=True),
    description=text("description", trims=True),
    status=compute(_read_status, _write_status, words=("OPEN", "ON_HOLD", "CLOSED"), after_create=True),
    priority=choice("priority", {"URGENT": 1, "HIGH": 2, "NORMAL": 3, "LOW": (4, 5)}),
    assignees=only(ref("assigned_to", whole=True)),
    collections=only(ref("queue", whole=True)),
    due_date=instant("due_date"),
    merged_into="merged_to",
)

_TICKET = "/api/tickets/{remote_id}/"

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
            list=GET("/api/tickets/", items="results", paging=PAGES),
            get=GET(_TICKET),
            create=POST("/api/tickets/", answer=""),
            update=PATCH(_TICKET, answer=""),
            delete=DELETE(_TICKET),
            recent=newest("/api/tickets/"),
            recognise=("name",),
            required=("description",),
            defaults=lambda settings: {"queue": int(settings["queue"]), "priority": 3},
            embedded=(Embedded("followup_set", comments.mapping, said),),
        ),
        comments,
        attachments,
    ),
)
