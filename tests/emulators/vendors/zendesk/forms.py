"""How Zendesk spells things: moments, pages, refusals."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import opened, piece, sealed
from tests.emulators.vendors.zendesk.oauth import is_let_in
from tests.emulators.world import Record, World

API: Final = "/api/v2"
EMAIL: Final = "ada@support.example"
TOKEN: Final = "emulated-api-token"
#: Records on a page, which nobody can ask more of.
_MOST: Final = 100
#: Pages by number end behind so many records.
_FARTHEST: Final = 10_000
_WORDS: Final = {400: "BadRequest", 401: "Couldn't authenticate you", 403: "Forbidden", 404: "RecordNotFound"}


def spelled(moment: datetime) -> str:
    """A moment, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The same, read; raises Refused."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError):
        raise Refused(400, f"{text!r} is no moment") from None


def error(status: int, sentence: str) -> Any:
    """A refusal."""
    if status == 401:
        return {"error": _WORDS[401]}
    return {"error": _WORDS.get(status, "Error"), "description": sentence or "Not found"}


def invalid(**faults: str) -> Refused:
    """A refusal of values, by field."""
    details = {name: [{"description": why, "error": "InvalidValue"}] for name, why in faults.items()}
    return Refused(
        422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    )


def enters(world: World, request: Request) -> bool:
    """By e-mail and token, or as an application; who is nobody may ask who that is."""
    if request.path == f"{API}/users/me" or not request.path.startswith(API):
        return True
    return is_known(world, request)


def is_known(world: World, request: Request) -> bool:
    """Whether a request carries the token, or one of an application."""
    pair = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
    return request.headers.get("authorization") == f"Basic {pair}" or is_let_in(world, request)


def inner(request: Request, name: str) -> Record:
    """The object of a name that a body consists of; raises Refused."""
    found = request.body.get(name)
    if not isinstance(found, dict):
        raise Refused(400, f"Parameter {name} is required")
    return found


def paged(world: World, request: Request, name: str, records: Sequence[Record]) -> Answer:
    """A page of a list: by cursor where `page[size]` or `page[after]` is asked for, else by number."""
    if request.asked("page[size]") is None and request.asked("page[after]") is None:
        return _numbered(world, request, name, records)
    size = min(request.number("page[size]", _MOST), _MOST)
    after = request.asked("page[after]")
    first = int(opened(after, 1)[0]) if after else 0
    found = piece(records, first, size)
    cursor = sealed(found.behind)
    query = f"page[size]={size}&page[after]={cursor}"
    link = None if found.is_last else f"{world.url}{request.path}?{query}"
    meta = {"has_more": not found.is_last, "after_cursor": cursor, "before_cursor": None}
    return Answer(200, {name: found.items, "meta": meta, "links": {"next": link, "prev": None}})


def _numbered(world: World, request: Request, name: str, records: Sequence[Record]) -> Answer:
    size, number = min(request.number("per_page", _MOST), _MOST), max(request.number("page", 1), 1)
    if size * number > _FARTHEST:
        raise Refused(400, f"pages end behind {_FARTHEST} records; use cursors")
    found = piece(records, size * (number - 1), size)
    following = None if found.is_last else f"{world.url}{request.path}?page={number + 1}&per_page={size}"
    return Answer(
        200, {name: found.items, "count": found.total, "next_page": following, "previous_page": None}
    )
