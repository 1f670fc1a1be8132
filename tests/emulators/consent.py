"""How an application is let in: the page on which somebody allows it, and what it exchanges for tokens."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.world import World

CLIENT: Final = ("an-application", "its-secret")


def allowed(world: World, request: Request) -> Answer:
    """The page, on which the end user allows everything at once: the way back, with a code."""
    if (request.asked("client_id"), request.asked("response_type")) != (CLIENT[0], "code"):
        raise Refused(400, "no such application, or no code is asked for")
    back = request.asked("redirect_uri") or ""
    code = f"code-{world.next_id('code')}"
    world.add("code", {"id": code, "back": back})
    told = urlencode({"code": code, "state": request.asked("state") or ""})
    return Answer(302, b"", {"Location": f"{back}?{told}"})


def form_of(request: Request) -> dict[str, str]:
    """What is sent to a token endpoint."""
    return dict(parse_qsl(request.raw.decode()))


def is_good(world: World, form: dict[str, str]) -> bool:
    """Whether a form has a code that was given for this way back; it is spent by that."""
    found = world.table("code").pop(form.get("code", ""), None)
    is_asked_for = form.get("grant_type") == "authorization_code"
    return is_asked_for and found is not None and found["back"] == form.get("redirect_uri")
