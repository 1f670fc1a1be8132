"""Tokens: for a code that somebody has allowed, and for a refresh token; where the account is stands beside them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.salesforce.common import ORGANIZATION
from tests.emulators.world import World

on: Final = Routes()
CLIENT: Final = ("3MVG9client", "4A1secret")


def allow(world: World, challenge: str) -> str:
    """Have somebody allow the application; the code for it."""
    code = f"aPrx{world.next_id('code')}"
    world.add("code", {"id": code, "challenge": challenge})
    return code


@on("POST", "/services/oauth2/token")
def token(world: World, request: Request) -> Answer:
    """A session, and with a code a refresh token, which stays the same."""
    form = dict(parse_qsl(request.raw.decode()))
    if (form.get("client_id"), form.get("client_secret")) != CLIENT:
        raise _refused("invalid_client", "invalid client credentials")
    if form.get("grant_type") == "authorization_code":
        _check(world.table("code").pop(form.get("code", ""), None), form)
        refresh = world.add("refresh", {"id": f"5Aep861{world.next_id('token')}"})["id"]
        return Answer(200, {**_granted(world), "refresh_token": refresh})
    if form.get("refresh_token") not in world.table("refresh"):
        raise _refused("invalid_grant", "expired access/refresh token")
    return Answer(200, _granted(world))


@on("POST", "/services/oauth2/revoke")
def end(world: World, request: Request) -> Answer:
    """RFC 7009: a refresh token with all sessions that came of it, here all that there are."""
    told = dict(parse_qsl(request.raw.decode()))["token"]
    if world.table("refresh").pop(told, None) is None:
        raise _refused("unsupported_token_type", "this token type is not supported")
    world.table("session").clear()
    return Answer(200)


def _check(found: Any, form: dict[str, str]) -> None:
    hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if found is None or found["challenge"] != base64.urlsafe_b64encode(hashed).rstrip(b"=").decode():
        raise _refused("invalid_grant", "invalid authorization code")


def _granted(world: World) -> dict[str, str]:
    made = world.add("session", {"id": f"{ORGANIZATION[:15]}!{world.next_id('token')}"})["id"]
    return {
        "access_token": made,
        "instance_url": world.table("moved to").get("address", {}).get("url", world.url),
        "id": f"{world.url}/id/{ORGANIZATION}/0055g00000000001",
        "token_type": "Bearer",
        "issued_at": str(round(world.clock.now().timestamp() * 1000)),
        "scope": "refresh_token api",
        "signature": "c2lnbmVk",
    }


def _refused(word: str, why: str) -> Refused:
    return Refused(400, {"error": word, "error_description": why})
