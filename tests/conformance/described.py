"""A vendor as its description has it: whatever is read is answered by an example of that, or by its schema."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis.strategies import SearchStrategy

from integrations.kit.client import Client
from integrations.kit.endpoints import GET
from integrations.kit.provider import Provider, Resource
from integrations.kit.session import fill, fill_path
from integrations.kit.transport import Reply
from tests.conformance.far_side import FarSide, far_side_of, tried
from tests.conformance.wire import reply
from tests.emulators import official
from tests.emulators.official import Description
from tests.emulators.vendor import Vendor
from tests.integrations.lines import connection

_NOWHERE: Final = "http://127.0.0.1:9"
_JSON: Final = "application/json"
#: Items in a generated list.
_MOST: Final = 2
#: Gives the answer to a read of a path of the description.
Answers = Callable[[str], Any]


@dataclass(frozen=True, eq=False)
class Described:
    """An adapter, and the description of what it calls. settings: of an account that there is not."""

    provider: Provider
    vendor: Vendor
    description: Description
    settings: dict[str, str]

    def path(self, endpoint: GET, remote_id: str) -> str | None:
        """The path of the description that an endpoint asks for; None for one that is documented elsewhere."""
        base = urlsplit(fill(self.provider.base_url, self.settings)).path
        names = {**self.settings, "remote_id": remote_id, "ticket": remote_id}
        return self.description.template(self.vendor.canonical(base + fill_path(endpoint.path, names)))

    def client(self, answers: Answers) -> Client:
        """An account there."""
        secrets = {setting.name: "secret" for setting in self.provider.settings if setting.secret}
        line = connection(self.settings, secrets)
        return Client(self.provider, line, wire=lambda _guard, _limits: Shown(self, answers))

    def reads(self) -> Iterator[tuple[Resource, GET, str]]:
        """The lists and reads by id, each with the path of the description."""
        for resource in self.provider.resources:
            for endpoint in (resource.list, resource.get):
                path = endpoint and self.path(endpoint, "1")
                if endpoint and path:
                    yield resource, endpoint, path


@dataclass(frozen=True)
class Shown:
    """The way to it. judges: what answers is the description itself."""

    judges: ClassVar[bool] = True

    described: Described
    answers: Answers

    def exchange(self, request: requests.PreparedRequest, **_how: Any) -> Reply:
        """See Way."""
        canonical = self.described.vendor.canonical(urlsplit(request.url or "").path)
        path = self.described.description.template(canonical)
        return reply(200, self.answers(path)) if path else reply(404, {})

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
    return Described(provider, vendor, description, {**usual, **far_side.examples})


@functools.cache
def generated(described: Described, path: str) -> SearchStrategy[Any]:
    """Answers by the schema of what a read of a path answers: what that allows, however odd.

    They are drawn as what a request with this schema for its body may send: the generator knows no others.
    """
    document = described.description.document
    body = {"required": True, "content": {_JSON: {"schema": described.description.content(path)["schema"]}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "taken"}}}
    told = {
        "openapi": document["openapi"],
        "info": {"title": "answers", "version": "1"},
        "paths": {"/answers": {"post": _writable(operation)}},
        "components": {"schemas": _writable(document.get("components", {}).get("schemas", {}))},
    }
    drawn = schemathesis.openapi.from_dict(told)["/answers"]["POST"].as_strategy()
    return drawn.map(lambda case: case.body)


def _writable(node: Any) -> Any:
    """Schemas without the mark of what stands in answers alone, and with short lists: long ones only take longer."""
    if isinstance(node, list):
        return [_writable(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _writable(value) for key, value in node.items() if (key, value) != ("readOnly", True)}
    return {"maxItems": max(_MOST, node.get("minItems", 0)), **kept} if node.get("type") == "array" else kept
