"""What a vendor's description says to the engine."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.exchange import Answer, Request
from tests.emulators.world import Event, World

Handler = Callable[[World, Request], Answer]


@dataclass(frozen=True)
class Route:
    """A method and a template of paths, and who answers."""

    method: str
    path: str
    handle: Handler

    def match(self, path: str) -> dict[str, str] | None:
        """What stands in a path of this template; None for another."""
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(
            "".join(
                f"(?P<{part[1:-1]}>[^/]+)" if part[:1] == "{" else re.escape(part)
                for part in re.split(r"(\{\w+\})", self.path)
            )
        )


@dataclass
class Routes:
    """The addresses of a vendor: `@on("GET", "/tickets/{ticket_id}")` stands before each function that answers."""

    all: list[Route] = field(default_factory=list)

    def __call__(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Have a function answer."""

        def noted(handle: Handler) -> Handler:
            self.all.append(Route(method, path, handle))
            return handle

        return noted

    def find(self, path: str) -> list[tuple[Route, dict[str, str]]]:
        """The routes of a path, those first that leave the least open, with what stands in it."""
        found = [(route, params) for route in self.all if (params := route.match(path)) is not None]
        least = min((len(params) for _, params in found), default=0)
        return [(route, params) for route, params in found if len(params) == least]


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds. of: by what they are counted; None for one that does not count."""

    name: str
    most: int
    seconds: float
    of: Callable[[Request], str | None]


@dataclass(frozen=True)
class Spent:
    """How a limit stands behind a request. left: requests that remain; reset: seconds until all do again."""

    limit: Limit
    left: int
    reset: float


@dataclass(frozen=True)
class Delivery:
    """One webhook on its way."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, eq=False)  # each is one of its own, so that what is made for it can be kept
class Beyond:
    """What the vendor does though its description does not say so: each by name, with where it is documented.

    paths: templates that the description does not have, or has without a method (`POST /hooks`). query: parameters.
    fields: properties of objects. nulls: properties that can be null. errata: by JSON pointer, what is to stand there
    in its place.
    """

    paths: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    nulls: Mapping[str, str] = field(default_factory=dict)
    errata: Mapping[str, Any] = field(default_factory=dict)


def _silent(_spent: Spent) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor's system.

    error: a status and a sentence as the vendor's refusal says them. enters: whether a request may come in. seed: what
    is there at first. told: the headers that tell of a limit. says_when: whether a refusal for too many requests has
    Retry-After. too_many: the status of such a refusal. canonical: the spelling under which a path is looked for.
    deliveries: the webhooks that an event brings about. official: the description below VENDOR_SPECS, or several, where
    its versions have one each; None without any.
    """

    name: str
    routes: Routes
    error: Callable[[int, str], Any]
    enters: Callable[[World, Request], bool]
    seed: Callable[[World], None] = lambda _world: None
    limits: tuple[Limit, ...] = ()
    told: Callable[[Spent], Mapping[str, str]] = _silent
    says_when: bool = True
    too_many: int = 429
    canonical: Callable[[str], str] = lambda path: path
    deliveries: Callable[[World, Event], list[Delivery]] = lambda _world, _event: []
    official: str | tuple[str, ...] | None = None
    beyond: Beyond = field(default_factory=Beyond)
