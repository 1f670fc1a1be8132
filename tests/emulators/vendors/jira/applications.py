"""How an application is let in: tokens that end, and refresh tokens that are good for one time."""

from __future__ import annotations

from typing import Final

from tests.emulators.consent import CLIENT, allowed, form_of, is_good
from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.jira.common import CLOUD, asker, is_app, on
from tests.emulators.world import Record, World

CODE: Final = "a-code"
SITE: Final = "https://acme.atlassian.net"
_HOUR: Final = 3_600

on("GET", "/authorize")(allowed)


@on("POST", "/oauth/token")
def token(world: World, request: Request) -> Answer:
    """For a code once, or for a refresh token once: it is replaced."""
    told = form_of(request)
    if (told.get("client_id"), told.get("client_secret")) != CLIENT:
        raise Refused(401, {"error": "access_denied", "error_description": "Unauthorized"})
    if is_good(world, told) or (told.get("grant_type"), told.get("code")) == ("authorization_code", CODE):
        return Answer(200, granted(world))
    grant = next((g for g in world.rows("grant") if g["refresh"] == told.get("refresh_token")), None)
    if grant is None:
        words = {"error": "unauthorized_client", "error_description": "refresh_token is invalid"}
        raise Refused(403, words)
    del world.table("grant")[str(grant["id"])]
    return Answer(200, granted(world))


def granted(world: World) -> Record:
    """New tokens, as an answer tells them."""
    number = world.next_id("grant")
    pair = {"access": f"access-{number}", "refresh": f"refresh-{number}"}
    ends = world.clock.now().timestamp() + _HOUR
    world.add("grant", {"id": number, **pair, "user": world.rows("user")[0]["id"], "ends": ends})
    return {
        "access_token": pair["access"],
        "refresh_token": pair["refresh"],
        "expires_in": _HOUR,
        "token_type": "Bearer",
        "scope": "read:jira-work offline_access",
    }


@on("GET", "/oauth/token/accessible-resources")
def sites(world: World, request: Request) -> Answer:
    """The sites that a token opens, each for every product in it."""
    asker(world, request)
    if not is_app(request):
        raise Refused(401)
    jira, wiki = ["read:jira-work", "write:jira-work"], ["read:confluence-content.all"]
    site = {"id": CLOUD, "url": SITE, "name": "acme"}
    others = [{**one["site"], "scopes": jira} for one in world.rows("site")]
    return Answer(200, [{**site, "scopes": jira}, {**site, "scopes": wiki}, *others])
