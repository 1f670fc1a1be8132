"""The document as a collection for Postman (format 2.1) and an environment for it.

A folder for each room of the API, in it one for each group of operations. Every request tells which statuses are
right. A list keeps the id of its first record, so that what comes after it has a record to be about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import orjson

from unified_api.api.openapi.document import METHODS, Document, looked_up
from unified_api.api.openapi.sample import Sampler

_SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ABOUT: Final = (
    "Choose the environment that belongs to it, and put your API key there, and for each category the token of a linked"
    " account. Requests for one record are about the first one of the list that was asked for last."
)
_CATEGORIES: Final = {"hris", "crm", "ticketing"}
#: Of the document's variables those that name a record of the list before them.
_OF_LIST: Final = {"id", "above", "model_id"}
#: In which requests about one thing can be made one after the other: what ends it comes last.
_ORDER: Final = ("get", "patch", "put", "post", "delete")
_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_STATUS: Final = "pm.test('is answered', () => pm.expect(pm.response.code).to.be.oneOf({}));"
_KEEP: Final = (
    "(pm.response.json().results || []).slice(0, 1).forEach(one => pm.collectionVariables.set('{}', one.id));"
)


def collection(told: Document) -> Document:
    """The collection of a document."""
    paths = _Paths(told)
    rooms = [
        {"name": room, "item": [{"name": tag, "item": list(items)} for tag, items in tags]}
        for room, tags in paths.rooms()
    ]
    return {
        "info": {
            "name": told["info"]["title"],
            "description": f"{told['info']['description']} {_ABOUT}",
            "version": told["info"]["version"],
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{api_key}}", "type": "string"}]},
        "item": rooms,
    }


def environment(told: Document, base_url: str) -> Document:
    """Where it is, and who asks: for each variable that the collection does not set itself."""
    secrets = sorted({_token(path) for path in told["paths"]})
    return {
        "name": told["info"]["title"],
        "values": [
            {"key": "base_url", "value": base_url, "type": "default", "enabled": True},
            *({"key": key, "value": "", "type": "secret", "enabled": True} for key in ("api_key", *secrets)),
        ],
        "_postman_variable_scope": "environment",
    }


class _Paths:
    """The operations of a document, and what is known of its paths."""

    def __init__(self, told: Document) -> None:
        self.told = told
        self.components = told["components"]
        self.tags = [tag["name"] for tag in told["tags"]]
        self.lists = {path for path, item in told["paths"].items() if _is_page(item.get("get", {}))}

    def rooms(self) -> Iterator[tuple[str, Iterator[tuple[str, Iterator[Document]]]]]:
        """By room and by group the requests, each group in the order in which they can be made."""
        for room, found in groupby(sorted(self._operations(), key=self._rank), key=lambda one: _room(one[0])):
            yield room, self._groups(found)

    def _groups(self, found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Iterator[Document]]]:
        for tag, those in groupby(found, key=self._tag):
            yield tag, (self._request(path, method) for path, method in those)

    def _operations(self) -> Iterator[tuple[str, str]]:
        yield from ((path, m) for path, item in self.told["paths"].items() for m in METHODS if m in item)

    def _tag(self, one: tuple[str, str]) -> str:
        path, method = one
        tag: str = self.told["paths"][path][method]["tags"][0]
        return tag

    def _rank(self, one: tuple[str, str]) -> tuple[Any, ...]:
        """Rooms and groups as the document has them; in a group, lists before what is about one of their records."""
        path, method = one
        rooms = [*dict.fromkeys(map(_room, self.told["paths"]))]
        place = rooms.index(_room(path)), self.tags.index(self._tag(one))
        return *place, path.count("{"), path not in self.lists, _ORDER.index(method)

    def _request(self, path: str, method: str) -> Document:
        told = self.told["paths"][path][method]
        request = {
            "method": method.upper(),
            "description": f"{told['summary']}. {told.get('description', '')}".strip(),
            "url": self._url(path, told),
            "header": [*self._headers(path, told)],
            **self._body(path, told),
            **({} if told["security"] else {"auth": {"type": "noauth"}}),
        }
        event = {"listen": "test", "script": {"type": "text/javascript", "exec": self._script(path, told)}}
        return {"name": f"{method.upper()} {path}", "request": request, "event": [event], "response": []}

    def _url(self, path: str, told: Document) -> Document:
        spelled = _VARIABLE.sub(r":\1", path)
        return {
            "raw": "{{base_url}}" + spelled,
            "host": ["{{base_url}}"],
            "path": spelled.strip("/").split("/"),
            "variable": [{"key": key, "value": f"{{{{{value}}}}}"} for key, value in self._variables(path)],
            "query": [
                {
                    "key": one["name"],
                    "value": "",
                    "description": one["description"],
                    "disabled": not one.get("required", False),
                }
                for one in self._parameters(told, "query")
            ],
        }

    def _variables(self, path: str) -> Iterator[tuple[str, str]]:
        """The variables in a path, each with that of the collection which stands for it."""
        for match in _VARIABLE.finditer(path):
            listed = self._listed(path[: match.start()]) if match[1] in _OF_LIST else None
            yield match[1], _kept(listed) if listed else match[1]

    def _listed(self, before: str) -> str | None:
        """The list that a record stands in, from what is before it in a path, which may say what is done to it."""
        steps = before.rstrip("/").split("/")
        cuts = ("/".join(steps[:end]) for end in range(len(steps), 4, -1))
        shapes = {_VARIABLE.sub("{}", path): path for path in self.lists}
        return next((shapes[shape] for cut in cuts if (shape := _VARIABLE.sub("{}", cut)) in shapes), None)

    def _headers(self, path: str, told: Document) -> Iterator[Document]:
        if any("account" in needed for needed in told["security"]):
            yield {"key": "X-Account-Token", "value": f"{{{{{_token(path)}}}}}"}
        for one in self._parameters(told, "header"):
            yield {"key": one["name"], "value": "", "description": one["description"], "disabled": True}

    def _parameters(self, told: Document, place: str) -> list[Document]:
        found = [looked_up(self.told, one) for one in told["parameters"]]
        return [one for one in found if one["in"] == place]

    def _body(self, path: str, told: Document) -> Document:
        if "requestBody" not in told:
            return {}
        [content] = told["requestBody"]["content"].values()
        sampler = Sampler(
            self.components["schemas"], lambda model: self._related(path, told["tags"][0], model)
        )
        value = sampler.of(content["schema"])
        if _room(path) in _CATEGORIES and "model" in value:
            value["model"].pop("remote_id", None)  # only who pushes records names them
        raw = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        return {"body": {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}}

    def _related(self, path: str, tag: str, model: str) -> str | None:
        """The variable of a model whose list comes before this group of its room."""
        if self.tags.index(model) >= self.tags.index(tag):
            return None
        lists = (one for one in self.lists if self._tag((one, "get")) == model and "{" not in one)
        return next((f"{{{{{_kept(one)}}}}}" for one in sorted(lists) if _room(one) == _room(path)), None)

    def _script(self, path: str, told: Document) -> list[str]:
        right = [int(status) for status in told["responses"] if status.startswith("2")]
        keeps = path in self.lists and "get" in self.told["paths"][path]
        is_get = told is self.told["paths"][path].get("get")
        return [_STATUS.format(right), *([_KEEP.format(_kept(path))] if keeps and is_get else [])]


def _is_page(operation: Document) -> bool:
    content = operation.get("responses", {}).get("200", {}).get("content", {})
    return any(str(one["schema"].get("$ref", "")).endswith(".Page") for one in content.values())


def _room(path: str) -> str:
    """The first step below /api; what stands there itself is of the API as a whole."""
    steps = path.removeprefix("/api/").split("/")
    return steps[0] if len(steps) > 1 else "reference"


def _token(path: str) -> str:
    """The variable with the account token: accounts are of one category."""
    room = _room(path)
    return f"{room}_account_token" if room in _CATEGORIES else "account_token"


def _kept(path: str) -> str:
    """The variable with the id of the first record of a list."""
    steps = [step for step in path.removeprefix("/api/").split("/") if step != "v1" and "{" not in step]
    return "_".join(steps).replace("-", "_").replace(".", "_")
