"""Tokens of applications: an hour long, with a refresh token that stays, and the company's own address beside them."""

from __future__ import annotations

import base64
from typing import Any, Final

from tests.emulators.consent import CLIENT, allowed, form_of, is_good
from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.world import Record, World

on: Final = Routes()
_HOUR: Final = 3_600

on("GET", "/oauth/authorize")(allowed)


@on("POST", "/oauth/token")
def token(world: World, request: Request) -> Answer:
    """For a code once, or for a refresh token; the application says who it is by HTTP Basic."""
    _must_be_known(request)
    form = form_of(request)
    if is_good(world, form):
        number = world.next_id("grant")
        return _granted(world, world.add("grant", {"id": number, "refresh": f"refresh-{number}"}))
    grant = next((one for one in world.rows("grant") if one["refresh"] == form.get("refresh_token")), None)
    if grant is None:
        raise Refused(400, {"success": False, "error": "invalid_grant", "message": "Invalid grant"})
    return _granted(world, grant)


@on("POST", "/oauth/revoke")
def end(world: World, request: Request) -> Answer:
    """RFC 7009: of a refresh token the whole grant; a token that nobody knows is over already."""
    _must_be_known(request)
    told = form_of(request)["token"]
    for one in world.rows("grant"):
        if one["refresh"] == told:
            del world.table("grant")[str(one["id"])]
    return Answer(200)


def _must_be_known(request: Request) -> None:
    scheme, _, pair = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic" or base64.b64decode(pair).decode() != ":".join(CLIENT):
        raise Refused(401, {"success": False, "error": "invalid_client", "message": "Invalid client"})


def _granted(world: World, grant: Record) -> Answer:
    access = f"access-{world.next_id('access')}"
    grant |= {"access": access, "ends": world.clock.now().timestamp() + _HOUR}
    told: dict[str, Any] = {"access_token": access, "refresh_token": grant["refresh"], "token_type": "Bearer"}
    return Answer(200, {**told, "expires_in": _HOUR, "scope": "base", "api_domain": world.url})


def is_open(world: World, token: str) -> bool:
    """Whether an access token opens anything just now."""
    now = world.clock.now().timestamp()
    return any(one["access"] == token and one["ends"] > now for one in world.rows("grant"))
