"""How a sandbox behaves when it is told to behave badly.

    latencyMs           before every answer
    requestsPerMinute   beyond these 429, with Retry-After; the X-RateLimit headers count down
    failNext            so many requests that come next get `failStatus`, and nothing is done
    failShare           this share of all requests
    failStatus          500 to 599
    dropNext            so many writes that come next are carried out, and their connection breaks before the answer
    dropShare           this share of all writes
    tokenSeconds        an access token that is given from now on is good for so long
    vanishedShare       this share of all records is gone from lists and reads, until it is told otherwise
    lostWebhookShare    this share of what is to be told by webhook is not
    doubledWebhookShare    this share is told twice
    forgedWebhookShare  this share is signed wrongly
    webhooksShuffled    every second one is held for two seconds, so that later ones overtake it
    shuffled            lists come in an order of their own, so that their pages are not in that of changes

Nothing is left to chance: of a share, every so manieth request is hit.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from django.db import transaction

from integrations.sandbox.models import Sandbox
from integrations.sandbox.service.errors import Refused, invalid

#: A thread of the web server waits for so long at the most, see `pausing`.
_LONGEST_MS: Final = 5_000
_MOST: Final = 1_000_000
_MINUTE: Final = 60


@dataclass(frozen=True)
class Knob:
    """One thing that can be told. usual: how it is without being told."""

    usual: Any
    fits: Callable[[Any], bool]
    due: str


def _whole(least: int, most: int, usual: Any = 0, *, maybe: bool = False) -> Knob:
    def fits(value: Any) -> bool:
        if value is None:
            return maybe
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return Knob(usual, fits, f"a whole number from {least} to {most}{' or null' if maybe else ''}")


def _share() -> Knob:
    def fits(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1

    return Knob(0.0, fits, "a number from 0 to 1")


def _flag() -> Knob:
    return Knob(False, lambda value: isinstance(value, bool), "true or false")


KNOBS: Final[Mapping[str, Knob]] = {
    "latencyMs": _whole(0, _LONGEST_MS),
    "requestsPerMinute": _whole(1, _MOST, None, maybe=True),
    "failNext": _whole(0, _MOST),
    "failShare": _share(),
    "failStatus": _whole(500, 599, 500),
    "dropNext": _whole(0, _MOST),
    "dropShare": _share(),
    "tokenSeconds": _whole(1, _MOST, 3_600),
    "vanishedShare": _share(),
    "lostWebhookShare": _share(),
    "doubledWebhookShare": _share(),
    "forgedWebhookShare": _share(),
    "webhooksShuffled": _flag(),
    "shuffled": _flag(),
}


def shown(sandbox: Sandbox) -> dict[str, Any]:
    """How it behaves now."""
    return {**{name: knob.usual for name, knob in KNOBS.items()}, **sandbox.behaviour}


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be told, understood; raises Refused."""
    faults = {name: f"is unknown; known are {', '.join(KNOBS)}" for name in given if name not in KNOBS}
    wrong = {
        name: f"{KNOBS[name].due} is due"
        for name, v in given.items()
        if name in KNOBS and not KNOBS[name].fits(v)
    }
    if faults or wrong:
        raise invalid({**faults, **wrong})
    return dict(given)


@dataclass(frozen=True)
class Turn:
    """What is done with one request. seconds: before it. drops: it is carried out, and its connection breaks."""

    seconds: float = 0.0
    drops: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: Refused | None = None


def take_turn(sandbox_id: uuid.UUID, now: datetime, *, writes: bool) -> Turn:
    """What the behaviour has for the request that came now; in a transaction of its own, so that it counts."""
    with transaction.atomic():
        sandbox = Sandbox.objects.get(id=sandbox_id)
        if not sandbox.behaviour:
            return Turn()
        sandbox = Sandbox.objects.select_for_update().get(id=sandbox_id)
        turn = _Turns(sandbox, now).take(writes=writes)
        sandbox.save(update_fields=["behaviour", "counters"])
        return turn


def strikes(sandbox: Sandbox, what: str) -> bool:
    """Whether the share of something hits this time; counted on a row that is held, which the caller saves."""
    share = shown(sandbox)[f"{what}Share"]
    seen = sandbox.counters.get(what, 0) + 1 if share else 0
    sandbox.counters[what] = seen
    return math.floor(seen * share) > math.floor((seen - 1) * share) if share else False


def is_overtaken(sandbox: Sandbox) -> bool:
    """Whether a webhook is held until others have overtaken it: every second one, the first to begin with."""
    if not shown(sandbox)["webhooksShuffled"]:
        return False
    sandbox.counters["shuffled"] = seen = sandbox.counters.get("shuffled", 0) + 1
    return bool(seen % 2)


class _Turns:
    """The counting, on a row that is held."""

    def __init__(self, sandbox: Sandbox, now: datetime) -> None:
        self.sandbox, self.now = sandbox, now
        self.behaviour = shown(sandbox)

    def take(self, *, writes: bool) -> Turn:
        seconds = min(self.behaviour["latencyMs"], _LONGEST_MS) / 1000
        headers, spent = self._rate()
        if spent:
            slow = Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.", headers=headers)
            return Turn(seconds, headers=headers, refused=slow)
        if self._hit("fail"):
            failed = Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.", headers=headers)
            failed.status = self.behaviour["failStatus"]
            return Turn(seconds, headers=headers, refused=failed)
        return Turn(seconds, drops=writes and self._hit("drop"), headers=headers)

    def _hit(self, what: str) -> bool:
        """Whether it is this request's turn."""
        if self.behaviour[f"{what}Next"]:
            self.sandbox.behaviour[f"{what}Next"] = self.behaviour[f"{what}Next"] - 1
            return True
        return strikes(self.sandbox, what)

    def _rate(self) -> tuple[dict[str, str], bool]:
        """The headers that tell about the limit, and whether it is reached."""
        most = self.behaviour["requestsPerMinute"]
        if most is None:
            return {}, False
        minute, second = divmod(int(self.now.timestamp()), _MINUTE)
        known = self.sandbox.counters.get("minute") == minute
        used = (self.sandbox.counters.get("used", 0) if known else 0) + 1
        self.sandbox.counters.update(minute=minute, used=min(used, most + 1))
        headers = {
            "X-RateLimit-Remaining": str(max(0, most - used)),
            "X-RateLimit-Reset": str((minute + 1) * _MINUTE),
        }
        spent = used > most
        return {**headers, **({"Retry-After": str(_MINUTE - second)} if spent else {})}, spent
