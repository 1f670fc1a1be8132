"""Follow-ups that are comments. They come inside tickets, which alone tell of which one is the description."""

from __future__ import annotations

import re
from typing import Any

from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api
from integrations.kit.lenses import compute, instant, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.django_helpdesk.lists import PAGES
from unified_api.models.ticketing import Comment

_FOLLOWUP = "/api/followups/{remote_id}/"
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


def said(ticket: Any) -> list[Any]:
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
    same = bool(text) and text == description
    return same or by_mail or _text(followup, "title").startswith(_OPENED)


def _text(record: Any, name: str) -> str:
    return (record[name] or "").strip()


def _comments(_api: Api, tickets: list[Any]) -> list[Any]:
    return [one for ticket in tickets for one in said(ticket)]


def _newest_comments(api: Api, tickets: list[Any]) -> list[Any]:
    return _comments(api, tickets)[::-1]


def _comment(api: Api, followups: list[Any]) -> list[Any]:
    """A follow-up, if it is a comment."""
    ticket = api.get(f"/api/tickets/{int(followups[0]['ticket'])}/")
    return [one for one in said(ticket) if one["id"] == followups[0]["id"]]


def _plain(body: dict[str, Any], _followup: Any) -> dict[str, Any]:
    """A new follow-up whose text is the template of itself. The desk itself sees to tags, but to whole ones only."""
    text = body["comment"]
    if any(mark in text for mark in ("{{", "{#", "{%", "%}")):
        text = re.sub("[{}]", lambda brace: f'{{{{ "{brace[0]}" }}}}', text)
    return {**body, "comment": text}


_followups = Mapping(
    Comment,
    body=text("comment", trims=True),
    ticket=ref("ticket", whole=True, create_only=True),
    user=ref("user", read_only=True),
    is_private=compute(
        lambda followup: MISSING if dig(followup, "public") is MISSING else not dig(followup, "public"),
        lambda private, _followup: {"public": not private},
    ),
    remote_created_at=instant("date", read_only=True),
)
comments = Resource(
    mapping=_followups,
    list=GET("/api/tickets/", items="results", paging=PAGES, then=_comments),
    get=GET(_FOLLOWUP, then=_comment, calls=2),
    create=POST("/api/followups/", answer="", body=_plain),
    update=PATCH(_FOLLOWUP, answer=""),
    delete=DELETE(_FOLLOWUP),
    recent=GET("/api/tickets/{ticket}/", items="", sole=True, then=_newest_comments),
    recognise=("ticket", "body"),
    defaults=lambda _settings: {"public": True},
)
