"""How BambooHR spells things: moments, days, formats, refusals."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.world import World

API: Final = "/api/v1"
KEY: Final = "emulated-api-key"
TOKEN: Final = "emulated-access-token"
#: A day that is none.
ZERO: Final = "0000-00-00"
REASON: Final = "X-BambooHR-Error-Message"
#: Words in the table of quirks: what the system may do, and a test may have it do.
KEYS_SEE_NO_PLACES, REPORTS_KNOW_NO_IDS = "keys see no places", "reports know no ids"
_BASIC: Final = base64.b64encode(f"{KEY}:x".encode()).decode()


def stamp(moment: datetime) -> str:
    """A moment, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def moment(text: str | None) -> datetime:
    """The same, read; raises Refused."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        raise refusal(400, "The since parameter is no ISO 8601 date") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def today(world: World) -> date:
    """The day there."""
    return world.clock.now().date()


def day(text: Any, name: str = "the date") -> str:
    """A day that was sent; raises Refused."""
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        raise refusal(400, f"{name} has to be in the format yyyy-mm-dd") from None


def refusal(status: int, why: str) -> Refused:
    """A refusal: its reason stands in a header, and its body is empty."""
    return Refused(status, b"", {REASON: why})


def error(_status: int, _sentence: str) -> Any:
    """The body of any other refusal: a page."""
    return b"<html><body>Error</body></html>"


def enters(_world: World, request: Request) -> bool:
    """By a key as the user of HTTP Basic with any password, or by a token."""
    told = request.headers.get("authorization")
    return told in {f"Basic {_BASIC}", f"Bearer {TOKEN}"}


def has_quirk(world: World, word: str) -> bool:
    """Whether a test has asked for this behaviour."""
    return word in world.table("quirk")


def formatted(request: Request, body: Any) -> Answer:
    """JSON, for who asks for it; everybody else gets XML."""
    if "application/json" in request.headers.get("accept", ""):
        return Answer(200, body)
    return Answer(200, b'<?xml version="1.0"?><result/>', {"Content-Type": "text/xml"})


def whole(text: str) -> int:
    """An id in a path; raises Refused."""
    if not text.isdigit():
        raise refusal(404, "There is no such id")
    return int(text)
