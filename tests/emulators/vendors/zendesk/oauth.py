"""How an application is let in: a token for a code, which lasts for ever or ends and is renewed by another one.

https://developer.zendesk.com/documentation/api-basics/authentication/creating-and-using-oauth-tokens-with-the-api/
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.world import World

on: Final = Routes()
CLIENT: Final = ("isthmus", "its-secret")
#: A word in the table of quirks: clients of the older kind are given tokens that never end.
FOR_EVER: Final = "tokens last for ever"
_SECONDS: Final = 1_800


def allow(world: World, challenge: str) -> str:
    """Somebody allows it: the code that the application is given."""
    return str(world.add("code", {"id": f"code-{world.next_id('token')}", "challenge": challenge})["id"])


@on("POST", "/oauth/tokens")
def token(world: World, request: Request) -> Answer:
    """For a code once, or for a refresh token once: it is replaced."""
    form = dict(parse_qsl(request.raw.decode()))
    if (form.get("client_id"), form.get("client_secret")) != CLIENT:
        raise _refused(401, "invalid_client", "Client authentication failed.")
    kind, known = (
        ("code", "code") if form["grant_type"] == "authorization_code" else ("refresh", "refresh_token")
    )
    found = world.table(kind).pop(form.get(known, ""), None)
    if found is None or (kind == "code" and found["challenge"] != _challenge(form.get("code_verifier", ""))):
        raise _refused(400, "invalid_grant", "The provided authorization grant is invalid or expired.")
    return Answer(200, _granted(world))


@on("DELETE", "/api/v2/oauth/tokens/current")
def end(world: World, request: Request) -> Answer:
    """The token that asks is over, and what it may be renewed by."""
    number = request.headers["authorization"].rpartition("-")[2]
    del world.table("session")[f"access-{number}"]
    world.table("refresh").pop(f"refresh-{number}", None)
    return Answer(204)


def _granted(world: World) -> dict[str, Any]:
    number, now = world.next_id("token"), world.clock.now().timestamp()
    told = {"access_token": f"access-{number}", "token_type": "bearer", "scope": "read write"}
    if FOR_EVER in world.table("quirk"):
        world.add("session", {"id": told["access_token"], "ends": None})
        return told
    world.add("session", {"id": told["access_token"], "ends": now + _SECONDS})
    world.add("refresh", {"id": f"refresh-{number}"})
    return {**told, "refresh_token": f"refresh-{number}", "expires_in": _SECONDS}


def is_let_in(world: World, request: Request) -> bool:
    """Whether a request carries a token that has not ended."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    found = world.table("session").get(told) if scheme == "Bearer" else None
    return found is not None and (found["ends"] is None or found["ends"] > world.clock.now().timestamp())


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refused(status: int, word: str, sentence: str) -> Refused:
    return Refused(status, {"error": word, "error_description": sentence})
