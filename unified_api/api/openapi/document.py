"""The whole document, from the routes: each has a path, each method of its endpoint an operation."""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson
from django.urls import URLPattern

from unified_api import __version__
from unified_api.api.endpoint import Endpoint
from unified_api.api.openapi import examples, refusals
from unified_api.api.openapi.operation import JSON, Header, Media, Operation
from unified_api.api.openapi.schema import Named, Schema
from unified_api.api.parameters import Parameter

Document = dict[str, Any]
#: Methods that have operations of their own; HEAD is GET without a body.
METHODS: Final = ("get", "put", "post", "patch", "delete")
_PREFIX: Final = "/api/"
VARIABLE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_ABOUT: Final = (
    "What is under the categories follows the wire contract of the widely used unified APIs; what is under"
    " /api/sync/v1 is Isthmus's own. Made from the declarations that serve the API."
)
_SECURITY: Final = {
    "key": {"type": "http", "scheme": "bearer", "description": "The API key: says which tenant."},
    "account": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Account-Token",
        "description": "The account token: says which linked account.",
    },
}


@functools.cache
def document() -> Document:
    """The document of this version, the same for every caller."""
    from unified_api.api.urls import urlpatterns

    endpoints = list(described(urlpatterns))
    parts = Parts()
    paths = {template(pattern): _item(pattern, endpoint, parts) for pattern, endpoint in endpoints}
    refused = {name: _response(status, body, parts) for name, (status, body) in refusals.ALL.items()}
    told = {"title": "Isthmus", "version": __version__, "description": _ABOUT}
    return {
        "openapi": "3.1.0",
        "info": {**told, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for _, endpoint in endpoints)],
        "paths": paths,
        "components": {
            "schemas": parts.schemas,
            "responses": refused,
            "parameters": _share_parameters(paths),
            "securitySchemes": _SECURITY,
        },
    }


@functools.cache
def written() -> tuple[bytes, str]:
    """The document as JSON, and its ETag."""
    text = orjson.dumps(document())
    return text, f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def looked_up(whole: Document, one: Document) -> Document:
    """What stands there, or at the place of a document to which it refers."""
    if "$ref" not in one:
        return one
    found: Any = whole
    for step in one["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def described(patterns: Iterable[Any]) -> Iterator[tuple[URLPattern, Endpoint]]:
    """The routes of endpoints, each with its endpoint as the route makes it."""
    for pattern in patterns:
        made = getattr(pattern.callback, "cls", None)
        if made is not None and issubclass(made, Endpoint):
            yield pattern, made(**pattern.callback.initkwargs)


def template(pattern: URLPattern) -> str:
    """The path of a route, with variables as OpenAPI has them."""
    return _PREFIX + VARIABLE.sub(r"{\1}", str(pattern.pattern))


def methods(endpoint: Endpoint) -> list[str]:
    """The methods that an endpoint offers, but for HEAD and OPTIONS."""
    return [m for m in METHODS if m in endpoint.http_method_names and hasattr(endpoint, m)]


class Parts:
    """The components that are referred to, collected while references are put in their places."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._known: dict[str, Named] = {}

    def placed(self, schema: Schema) -> Schema:
        """A schema with references in the place of components; raises ValueError for two of one name."""
        if isinstance(schema, Named):
            return self._reference(schema)
        if isinstance(schema, dict):
            return {key: self.placed(value) for key, value in schema.items()}
        return [self.placed(one) for one in schema] if isinstance(schema, list) else schema

    def _reference(self, component: Named) -> Schema:
        known = self._known.setdefault(component.name, component)
        if known is component:
            if component.name not in self.schemas:
                self.schemas[component.name] = None  # it may refer to itself
                self.schemas[component.name] = self.placed(component.build())
        elif component.build() != known.build():
            raise ValueError(f"Two components of the OpenAPI document are called {component.name}.")
        return {"$ref": f"#/components/schemas/{component.name}"}


def _item(pattern: URLPattern, endpoint: Endpoint, parts: Parts) -> Document:
    item: Document = {method: _operation(pattern, endpoint, method, parts) for method in methods(endpoint)}
    variables = VARIABLE.findall(str(pattern.pattern))
    if variables:
        schemas = {name: endpoint.path_others.get(name, endpoint.path_id) for name in variables}
        item["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": schemas[name]} for name in variables
        ]
    return item


def _operation(pattern: URLPattern, endpoint: Endpoint, method: str, parts: Parts) -> Document:
    told = endpoint.operation(method)
    sentence = told.sentence or getattr(endpoint, method).__doc__ or ""
    summary, _, rest = " ".join(sentence.split()).partition(". ")
    more = {"description": rest} if rest else {}
    answers = {status: _response(status, body, parts) for status, body in told.answers.items()}
    responses = sorted((_refusals(pattern, endpoint, told) | answers).items())
    found: Document = {
        "operationId": f"{re.sub(r'[-.]', '_', str(pattern.name).removeprefix('api-'))}_{method}",
        "tags": [endpoint.tag],
        "summary": summary.removesuffix("."),
        **more,
        "security": _security(endpoint),
        "parameters": [*map(_query, told.query), *map(_header, told.headers)],
        "responses": {str(status): response for status, response in responses},
    }
    found["parameters"] = [parts.placed(one) for one in found["parameters"]]
    if told.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": parts.placed(told.body)}},
        }
    _show_example(found)
    return found


def _show_example(operation: Document) -> None:
    """Put what a sandbox answered beside the schemas."""
    recorded = examples.of(operation["operationId"])
    if recorded:
        operation["responses"][str(recorded["status"])]["content"][JSON]["example"] = recorded["answer"]
    if "sent" in recorded:
        operation["requestBody"]["content"][JSON]["example"] = recorded["sent"]


def _refusals(pattern: URLPattern, endpoint: Endpoint, told: Operation) -> dict[int, Document]:
    takes_body = told.body is not None
    is_named = endpoint.needs_account or "<" in str(pattern.pattern)
    needs = {"needs_key": endpoint.needs_key, "needs_account": endpoint.needs_account}
    names = refusals.of(**needs, takes_body=takes_body, is_named=is_named)
    return {refusals.ALL[name][0]: {"$ref": f"#/components/responses/{name}"} for name in names}


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if not endpoint.needs_key:
        return []
    return [{"key": [], "account": []} if endpoint.needs_account else {"key": []}]


def _share_parameters(paths: Document) -> dict[str, Document]:
    """The parameters that mean the same wherever they occur, by name; references are put in their places."""
    lists = [one["parameters"] for item in paths.values() for m, one in item.items() if m in METHODS]
    told: dict[str, list[Document]] = defaultdict(list)
    for one in itertools.chain(*lists):
        told[one["name"]].append(one)
    shared = {n: same[0] for n, same in told.items() if len(same) > 1 and same.count(same[0]) == len(same)}
    for parameters in lists:
        for at, one in enumerate(parameters):
            if one["name"] in shared:
                parameters[at] = {"$ref": f"#/components/parameters/{one['name']}"}
    return shared


def _query(parameter: Parameter[Any]) -> Document:
    found: Document = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "schema": parameter.schema,
        **_presence(parameter),
    }
    if parameter.schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    return found


def _presence(parameter: Parameter[Any]) -> Document:
    """An empty parameter counts as not given."""
    return {"required": True} if parameter.is_required else {"allowEmptyValue": True}


def _header(header: Header) -> Document:
    return {
        "name": header.name,
        "in": "header",
        "description": header.about,
        "schema": header.schema,
    }


def _response(status: int, body: Schema | Media | None, parts: Parts) -> Document:
    found: Document = {"description": refusals.MEANINGS[status]}
    if isinstance(body, Media):
        found["content"] = {media: {"schema": {"type": "string"}} for media in body.media}
    elif body is not None:
        found["content"] = {JSON: {"schema": parts.placed(body)}}
    return found
