"""Mailchimp Marketing, as far as audiences and their members go.

https://mailchimp.com/developer/marketing/api/
"""

from __future__ import annotations

import base64
from typing import Any, Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Beyond, Routes, Vendor
from tests.emulators.vendors.mailchimp import audience, members, tokens
from tests.emulators.world import World

__all__ = ["KEY", "LIST", "tokens", "vendor"]

KEY: Final = "0123456789abcdef-us19"
LIST: Final = audience.LIST
_VERSION: Final = "/3.0"
_LED: Final = "https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/"


def _enters(world: World, request: Request) -> bool:
    """A key as the password of anybody, or a token; or who is about to get one."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer":
        return told in {KEY, *world.table("token")}
    if request.path.startswith("/oauth2/"):
        return True
    return scheme == "Basic" and base64.b64decode(told).decode().partition(":")[2] == KEY


def _canonical(path: str) -> str:
    """Its description names addresses without the version."""
    return path.removeprefix(_VERSION)


def _error(status: int, sentence: str) -> Any:
    return audience.problem(status, sentence)


vendor = Vendor(
    name="Mailchimp",
    routes=Routes([*audience.on.all, *members.on.all, *tokens.on.all]),
    error=_error,
    enters=_enters,
    seed=audience.seed,
    says_when=False,
    canonical=_canonical,
    deliveries=audience.deliveries,
    official="mailchimp/mailchimp-marketing.swagger.json",
    beyond=Beyond(
        paths=dict.fromkeys(("/oauth2/authorize", "/oauth2/token", "/oauth2/metadata"), _LED),
        fields={"errors": "https://mailchimp.com/developer/marketing/docs/errors/"},
    ),
)
