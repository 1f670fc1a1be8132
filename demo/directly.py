"""Looking into the customer's systems, and working in them, without Isthmus: by their own APIs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import requests

from demo.servers import HelpDesk, Roundup
from demo.telling import NotSeen

#: The desk's numbers, https://django-helpdesk.readthedocs.io/en/latest/api.html
OPEN, CLOSED = 1, 4
CRITICAL, HIGH, NORMAL, LOW = 1, 2, 3, 4
_ISSUE = {"@verbose": 2, "@fields": "title,status,priority"}


def add_issue(roundup: Roundup, title: str, text: str) -> str:
    """A new issue with its first message; its id."""
    message = roundup.rest("POST", "msg", {"content": text, "author": roundup.username})["id"]
    made = roundup.rest("POST", "issue", {"title": title, "priority": "bug", "messages": [message]})
    return str(made["id"])


def find_issue(roundup: Roundup, **wanted: str) -> dict[str, Any] | None:
    """Id, title, and the names of status and priority of the issue with this title or id; None if there is none."""
    query = {("title:" if name == "title" else name): value for name, value in wanted.items()}
    found = roundup.rest("GET", "issue", **_ISSUE, **query)["collection"]
    if len(found) > 1:
        raise NotSeen(f"Roundup has {len(found)} issues, and one is due, with {wanted}")
    if not found:
        return None
    one = found[0]
    names = {name: (one[name] or {}).get("name") for name in ("status", "priority")}
    return {"id": one["id"], "title": one["title"], **names}


def issues_named(roundup: Roundup, words: str) -> list[str]:
    """The titles of all issues that have these words in their titles, in order."""
    found = roundup.rest("GET", "issue", **{"@fields": "title", "@page_size": 1000, "title": words})[
        "collection"
    ]
    return sorted(one["title"] for one in found)


def edit_issue(roundup: Roundup, number: str, **changes: str) -> None:
    """Change an issue, as its page would."""
    roundup.rest("PATCH", f"issue/{number}", changes)


def add_ticket(desk: HelpDesk, title: str, text: str, priority: int) -> None:
    """A new ticket in the desk's queue."""
    body = {"title": title, "description": text, "queue": int(desk.queue), "priority": priority}
    desk.rest("POST", "tickets/", body)


def find_ticket(desk: HelpDesk, title: str) -> dict[str, Any] | None:
    """The newest ticket with this title; None if there is none. The desk has no search by title."""
    page = desk.rest("GET", "tickets/", page_size=100, page="last")
    pages = (
        [page, desk.api("GET", page["previous"].removeprefix(desk.origin))] if page["previous"] else [page]
    )
    found = [one for page in pages for one in page["results"] if one["title"] == title]
    return _ticket(found[0]) if found else None


def read_ticket(desk: HelpDesk, number: int) -> dict[str, Any]:
    """The ticket of this number."""
    return _ticket(desk.rest("GET", f"tickets/{number}/"))


def edit_ticket(desk: HelpDesk, number: int, **changes: Any) -> None:
    """Change a ticket, as its page would."""
    desk.rest("PATCH", f"tickets/{number}/", changes)


def delete_ticket(desk: HelpDesk, number: int) -> None:
    """Delete a ticket, as its page would; one that an earlier run deleted may be gone."""
    try:
        desk.rest("DELETE", f"tickets/{number}/")
    except requests.HTTPError as error:
        if error.response.status_code != HTTPStatus.NOT_FOUND:
            raise


def _ticket(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("id", "title", "status", "priority")}
