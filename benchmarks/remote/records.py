"""The remote's records: sixteen fields, one of them an object and one a list, made from their number alone.

The same numbers give the same bytes in every run and on every machine. An *edition* is a state of the whole: each
later one has edited every hundredth record, another hundredth each time, which moves the time of its last change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import orjson

#: One record in so many differs between two editions.
EDITED = 100
_FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_EDITIONS = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_STATES = ("new", "open", "waiting", "done")
_PRIORITIES = ("low", "normal", "high", "urgent")
_KINDS = ("question", "incident", "task")
_LABELS = ("billing", "login", "mobile", "printer", "export", "invoice", "vip", "späti", "überfällig", "網站")
_TEXT = (
    "Since this morning the page stays empty after signing in, on two machines and in both browsers. "
    "We have tried it with another account, and cleared everything there is to clear. "
    "Yesterday evening it still worked; nobody changed anything on our side. "
    "Please have a look, as the month has to be closed by tomorrow. "
)
_PEOPLE = 500
_TEAMS = 20


def edits(number: int, edition: int) -> int:
    """How often a record has been edited by then."""
    return (edition - (number % EDITED) - 1) // EDITED + 1 if edition > number % EDITED else 0


def updated_at(number: int, edition: int) -> dt.datetime:
    """When a record was last changed."""
    if not edits(number, edition):
        return _FIRST + dt.timedelta(minutes=number)
    latest = (edition - 1) - (edition - 1 - number % EDITED) % EDITED + 1
    return edited_at(latest) + dt.timedelta(seconds=number % 3600)


def edited_at(edition: int) -> dt.datetime:
    """When the edits of an edition began."""
    return _EDITIONS + dt.timedelta(hours=edition)


def record(number: int, edition: int) -> dict[str, Any]:
    """A ticket as the remote shows it."""
    edited, person = edits(number, edition), number % _PEOPLE
    created = _FIRST + dt.timedelta(minutes=number)
    done = number % len(_STATES) == len(_STATES) - 1
    return {
        "id": number,
        "key": f"HELP-{number:07}",
        "subject": f"Empty page after signing in, case {number}"
        + (f", edited {edited} times" if edited else ""),
        "body": _TEXT[number % 60 :] + f"Reference {number * 7919 % 1_000_003}.",
        "state": _STATES[number % len(_STATES)],
        "priority": _PRIORITIES[number // 3 % len(_PRIORITIES)],
        "kind": _KINDS[number % len(_KINDS)],
        "requester": {"id": person, "name": f"Person {person}", "email": f"person{person}@example.com"},
        "labels": [_LABELS[(number + k * 3) % len(_LABELS)] for k in range(number % 4)],
        "assignee_id": number % 37 or None,
        "team_id": number % _TEAMS,
        "url": f"https://help.example.com/tickets/{number}",
        "due_at": (created + dt.timedelta(days=3)).isoformat(),
        "created_at": created.isoformat(),
        "updated_at": updated_at(number, edition).isoformat(),
        "closed_at": (created + dt.timedelta(days=2)).isoformat() if done else None,
    }


def pages(count: int, size: int, edition: int, since: dt.datetime | None = None) -> Iterator[bytes]:
    """The list, or what of it changed since then, in bodies of answers."""
    numbers = [n for n in range(1, count + 1) if since is None or updated_at(n, edition) >= since]
    for first in range(0, max(len(numbers), 1), size):
        rows = [record(number, edition) for number in numbers[first : first + size]]
        more = first + size < len(numbers)
        yield orjson.dumps({"tickets": rows, "next": f"after-{first // size + 1}" if more else None})
