"""What was said on tickets, out of what happened to them: events of an export, or the audits of one ticket.

The first comment of a ticket is its description: the oldest one, which came with events of the type `Create`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.paths import dig
from integrations.providers.zendesk.people import AGENTS

COMMENT, _CREATE = "Comment", "Create"
#: Events that are one; those that befall one begin with its word.
_SPOKEN = frozenset({COMMENT, "VoiceComment"})
#: Users that can be asked for at once.
_MOST = 100


def of_ticket(api: Api, ticket: Any) -> Iterator[Any]:
    """The comments of a ticket, page by page: the oldest one comes first."""
    path, after = f"/tickets/{int(ticket)}/comments", dict[str, str]()
    while True:
        answer = api.get(path, {"page[size]": "100", **after})
        yield from (
            _whose(ticket, said, describes=not after and n == 0) for n, said in enumerate(answer["comments"])
        )
        if not dig(answer, "meta.has_more"):
            return
        after = {"page[after]": answer["meta"]["after_cursor"]}


def _whose(ticket: Any, said: Any, *, describes: bool) -> dict[str, Any]:
    """describes: whether it is the ticket's description."""
    return {**said, "id": f"{ticket}-{said['id']}", "ticket": ticket, "describes": describes}


def said_in(api: Api, audits: list[Any]) -> list[Any]:
    """The comments in what happened, without descriptions."""
    return [said for said in spoken(api, audits) if not said["describes"]]


def spoken(api: Api, audits: list[Any]) -> list[Any]:
    """The comments in what happened, as events of an export or of one ticket's audits; as they are by now."""
    found: dict[str, Any] = {}
    moved: dict[Any, None] = {}
    for audit, event, kind in _events(audits):
        if kind in _SPOKEN:
            by = audit.get("author_id") or audit.get("updater_id")
            told = {"created_at": audit["created_at"], "author_id": by, **event}
            said = _whose(audit["ticket_id"], told, describes=_begins(audit))
            found[said["id"]] = said
        elif kind.startswith(COMMENT):
            moved[audit["ticket_id"]] = None
    for ticket in moved:
        with suppress(Gone):
            found.update({said["id"]: said for said in of_ticket(api, ticket)})
    return authored(api, list(found.values()))


def _events(audits: Iterable[Any]) -> Iterator[tuple[Any, Any, str]]:
    for audit in audits:
        for event in audit.get("child_events") or audit.get("events") or ():
            yield audit, event, event.get("event_type") or event.get("type") or ""


def _begins(audit: Any) -> bool:
    """Whether a ticket was made in it."""
    return any(kind == _CREATE for _, _, kind in _events([audit]))


def authored(api: Api, comments: list[Any]) -> list[Any]:
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
