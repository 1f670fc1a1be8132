"""Tokens of applications: they never end, so that there is nothing to renew them with."""

from __future__ import annotations

from typing import Final

from tests.emulators.consent import CLIENT, allowed, form_of, is_good
from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.world import World

on: Final = Routes()

on("GET", "/oauth2/authorize")(allowed)


@on("POST", "/oauth2/token")
def token(world: World, request: Request) -> Answer:
    """For a code, once. Zero seconds are how it says that a token does not end."""
    form = form_of(request)
    if (form.get("client_id"), form.get("client_secret")) != CLIENT:
        raise Refused(400, {"error": "invalid_client", "error_description": "client_id is not valid"})
    if not is_good(world, form):
        raise Refused(400, {"error": "invalid_grant", "error_description": "the code is not valid"})
    made = world.add("token", {"id": f"token-{world.next_id('token')}"})
    return Answer(200, {"access_token": made["id"], "expires_in": 0, "scope": None})


@on("GET", "/oauth2/metadata")
def metadata(world: World, request: Request) -> Answer:
    """Where the account of a token is reached; the token stands behind another word here."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme != "OAuth" or told not in world.table("token"):
        raise Refused(401, {"error": "invalid_token", "error_description": "the token is not valid"})
    return Answer(200, {"dc": "us19", "role": "owner", "accountname": "Acme", "api_endpoint": world.url})
