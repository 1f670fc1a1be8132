"""What all addresses have in common: ids, moments, how a record is shown, and how something is refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from string import ascii_uppercase
from typing import Any, Final

from tests.emulators.exchange import Refused, Request
from tests.emulators.world import Record, World

API: Final = "/services/data/v62.0"
TOKEN: Final = "00D5g000004fXyZ!AQEAQ"
ORGANIZATION: Final = "00D5g000004fXyZEAU"
PREFIXES: Final = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Group": "00G",
    "Lead": "00Q",
    "Event": "00U",
    "Task": "00T",
    "Note": "002",
    "OpportunityStage": "01J",
}
_CODES: Final = {
    400: ("JSON_PARSER_ERROR", "The request could not be read."),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    405: ("METHOD_NOT_ALLOWED", "HTTP Method not allowed."),
    503: ("SERVER_UNAVAILABLE", "We are down for maintenance."),
}


def refusal(status: int, code: str, message: str, *fields: str, **more: Any) -> Refused:
    """A refusal: a list of errors, also where there is one."""
    return Refused(status, [{"message": message, "errorCode": code, "fields": list(fields), **more}])


def error(status: int, sentence: str) -> Any:
    """The body of a refusal; of the limit of the day with its word."""
    if sentence.startswith("TotalRequests"):
        return [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    code, usual = _CODES.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return [{"message": sentence or usual, "errorCode": code}]


def canonical(path: str) -> str:
    """A path in the version that is described here; a slash at its end is none."""
    return re.sub(r"^/services/data/v\d+\.\d", API, path).rstrip("/") or "/"


def eighteen(told: str) -> str:
    """An id with its checksum, which makes one of 15 signs safe where capitals do not count; what is none as it is."""
    if len(told) != 15:
        return told
    letters = f"{ascii_uppercase}012345"
    groups = (told[start : start + 5] for start in (0, 5, 10))
    bits = [sum(1 << place for place, sign in enumerate(group) if sign.isupper()) for group in groups]
    return told + "".join(letters[one] for one in bits)


def new_id(world: World, kind: str) -> str:
    """An id that no other record has."""
    return eighteen(f"{PREFIXES[kind]}5g{world.next_id('record'):0>10}")


def now(world: World) -> datetime:
    """The moment, as records have it: in whole seconds."""
    return world.clock.now().astimezone(UTC).replace(microsecond=0)


def spelled(value: Any) -> Any:
    """A value as it is shown."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000"
    return value.isoformat() if isinstance(value, date) else value


def kind_of(world: World, request: Request) -> str:
    """The kind of records in a path; raises Refused for one that there is not, or that the account may not see."""
    told = request.params["sobject"]
    if told not in PREFIXES or told in world.table("hidden"):
        raise Refused(404)
    return told


def committed(world: World, record: Record) -> Record | None:
    """A record as others see it: in the midst of a transaction as it was before, or not at all."""
    is_open = record["commits"] is not None and record["commits"] > world.clock.now()
    before: Record | None = record["before"]
    return before if is_open else record


def enters(world: World, request: Request) -> bool:
    """Whether the token is the account's, and not over."""
    if request.path.startswith("/services/oauth2/"):
        return True
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    return sent in world.table("session")
