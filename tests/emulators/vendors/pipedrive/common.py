"""What all addresses have in common: who may come in, how something is refused, and how moments are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tests.emulators.exchange import Refused, Request
from tests.emulators.vendors.pipedrive import tokens
from tests.emulators.world import World

TOKEN: Final = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
COMPANY: Final = 62515


def stamp(moment: datetime) -> str:
    """A moment as the second version tells it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def enters(world: World, request: Request) -> bool:
    """Whether a request has the user's token, or one that an application was given, or is about to be."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer":
        return tokens.is_open(world, told)
    return request.path.startswith("/oauth/") or request.headers.get("x-api-token") == TOKEN


def error(status: int, told: Any) -> Any:
    """A refusal: a sentence, or what says more."""
    if isinstance(told, dict):
        return told
    return {"success": False, "error": told or "unauthorized access", "errorCode": status}


def refused(status: int, sentence: str) -> Refused:
    """A refusal of the second version."""
    told = {"success": False, "error": sentence, "code": "ERR_SCHEMA_VALIDATION_FAILED"}
    return Refused(status, told)
