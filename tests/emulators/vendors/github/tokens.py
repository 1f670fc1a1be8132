"""Tokens of users: those of a GitHub App end after eight hours and are renewed by another pair, once each.

Those of an OAuth App never end. What is refused has the status 200, and answers are forms where nobody asks for JSON.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
"""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import urlencode

from tests.emulators.consent import CLIENT, allowed, form_of
from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.github.common import FOR_EVER, has_quirk, on
from tests.emulators.world import Record, World

_EIGHT_HOURS, _SIX_MONTHS = 28_800, 15_897_600
_NO_CLIENT: Final = "incorrect_client_credentials"

on("GET", "/login/oauth/authorize")(allowed)


@on("POST", "/login/oauth/access_token")
def token(world: World, request: Request) -> Answer:
    """For a code once, or for a refresh token once: it is replaced, and the token beside it is over."""
    form = form_of(request)
    if (form.get("client_id"), form.get("client_secret")) != CLIENT:
        return _told(request, {"error": _NO_CLIENT, "error_description": "The client_id is wrong."})
    if form.get("grant_type") == "refresh_token":
        return _told(request, _renewed(world, form.get("refresh_token")))
    code = world.table("code").pop(form.get("code", ""), None)
    if code is None or code["back"] != form.get("redirect_uri"):
        return _told(request, {"error": "bad_verification_code", "error_description": "It is incorrect."})
    return _told(request, _granted(world))


@on("DELETE", "/applications/{client_id}/token")
def end(world: World, request: Request) -> Answer:
    """One token is over, and what it may be renewed by; the application proves itself by HTTP Basic."""
    pair = base64.b64encode(":".join(CLIENT).encode()).decode()
    if request.headers.get("authorization") != f"Basic {pair}" or request.params["client_id"] != CLIENT[0]:
        raise Refused(404, "Not Found")
    held = [one for one in world.rows("grant") if one["access"] == request.body["access_token"]]
    if not held:
        raise Refused(422, "Validation Failed")
    del world.table("grant")[str(held[0]["id"])]
    return Answer(204)


def _renewed(world: World, refresh: str | None) -> Record:
    grant = next((one for one in world.rows("grant") if refresh and one["refresh"] == refresh), None)
    if grant is None:
        return {"error": "bad_refresh_token", "error_description": "The refresh token is incorrect or over."}
    del world.table("grant")[str(grant["id"])]
    return _granted(world)


def _granted(world: World) -> Record:
    number, now = world.next_id("grant"), world.clock.now().timestamp()
    grant: Record = {"id": number, "user": "ada", "access": f"ghu_{number}", "refresh": None, "ends": None}
    told = {"access_token": grant["access"], "token_type": "bearer", "scope": ""}
    if has_quirk(world, FOR_EVER):
        world.add("grant", {**grant, "access": f"gho_{number}"})
        return {**told, "access_token": f"gho_{number}", "scope": "repo"}
    world.add("grant", {**grant, "refresh": f"ghr_{number}", "ends": now + _EIGHT_HOURS})
    renewal = {"refresh_token": f"ghr_{number}", "refresh_token_expires_in": _SIX_MONTHS}
    return {**told, **renewal, "expires_in": _EIGHT_HOURS}


def _told(request: Request, told: Record) -> Answer:
    if "json" in request.headers.get("accept", ""):
        return Answer(200, told)
    return Answer(200, urlencode(told).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
