"""A vendor as its description has it: whatever is read is answered by an example of that, or by its schema."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import requests
from hypothesis.strategies import SearchStrategy

from integrations.kit.client import Client
from integrations.kit.endpoints import GET
from integrations.kit.provider import Provider, Resource
from integrations.kit.session import fill, fill_path
from integrations.kit.transport import Reply
from tests.conformance.drawing import drawn
from tests.conformance.far_side import FarSide, far_side_of, tried
from tests.conformance.wire import reply
from tests.emulators import official
from tests.emulators.official import Description
from tests.emulators.vendor import Vendor
from tests.integrations.lines import connection

_NOWHERE: Final = "http://127.0.0.1:9"
#: Gives the answer to an operation of the description that reads.
Answers = Callable[[str], Any]


@dataclass(frozen=True, eq=False)
class Described:
    """An adapter, and the description of what it calls.

    settings: of an account that there is not. drawn, undrawn, unshown: see FarSide.
    """

    provider: Provider
    vendor: Vendor
    description: Description
    settings: dict[str, str]
    drawn: Mapping[str, Mapping[str, Any]]
    undrawn: Mapping[str, str]
    unshown: Mapping[str, str]

    def operation(self, endpoint: GET, remote_id: str) -> str | None:
        """The operation of the description that an endpoint asks for; None for one that is documented elsewhere."""
        base = urlsplit(fill(self.provider.base_url, self.settings)).path
        names = {**self.settings, "remote_id": remote_id, "ticket": remote_id}
        path = self.vendor.canonical(base + fill_path(endpoint.path, names))
        return self.description.operation("POST" if endpoint.body else "GET", path)

    def client(self, answers: Answers) -> Client:
        """An account there."""
        secrets = {setting.name: "secret" for setting in self.provider.settings if setting.secret}
        line = connection(self.settings, secrets)
        return Client(self.provider, line, wire=lambda _guard, _limits: Shown(self, answers))

    def reads(self) -> Iterator[tuple[Resource, GET, str]]:
        """The lists and reads by id, each with the operation of the description."""
        for resource in self.provider.resources:
            for endpoint in (resource.list, resource.get):
                operation = endpoint and self.operation(endpoint, "1")
                if endpoint and operation:
                    yield resource, endpoint, operation


@dataclass(frozen=True)
class Shown:
    """The way to it. judges: what answers is the description itself."""

    judges: ClassVar[bool] = True

    described: Described
    answers: Answers

    def exchange(self, request: requests.PreparedRequest, **_how: Any) -> Reply:
        """See Way."""
        canonical = self.described.vendor.canonical(urlsplit(request.url or "").path)
        operation = self.described.description.operation(request.method or "GET", canonical)
        return reply(200, self.answers(operation)) if operation else reply(404, {})

    def close(self) -> None:
        """See Way."""


@functools.cache
def described() -> list[Described]:
    """Those whose descriptions are at hand."""
    found = ((provider, far) for provider in tried() if (far := far_side_of(provider)) and far.vendor)
    return [one for provider, far in found if (one := _described(provider, far))]


def _described(provider: Provider, far_side: FarSide) -> Described | None:
    vendor = far_side.vendor
    description = official.description(vendor) if vendor else None
    if vendor is None or description is None:
        return None
    usual = {
        one.name: _NOWHERE if one.kind == "url" else "acme" for one in provider.settings if not one.secret
    }
    settings = {**usual, **far_side.examples}
    told = (far_side.drawn, far_side.undrawn, far_side.unshown)
    return Described(provider, vendor, description, settings, *told)


@functools.cache
def generated(described: Described, operation: str) -> SearchStrategy[Any]:
    """See drawn; made once, as a description is large."""
    return drawn(described.description, operation)


def saying(node: Any, told: Mapping[str, Any]) -> Any:
    """The same, saying this wherever it says anything under these names."""
    if isinstance(node, list):
        return [saying(one, told) for one in node]
    if not isinstance(node, dict):
        return node
    return {name: told[name] if name in told else saying(value, told) for name, value in node.items()}
