"""Judging exchanges by the vendor's own description: OpenAPI 3 or Swagger 2, in the folder that VENDOR_SPECS names.

What is asked must have a path, a method, parameters and a body as described, and no parameter or property that is not;
what is answered the same. What the vendor does though its description does not say so stands in its `Beyond`.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS30WriteValidator,
    OAS31Validator,
    oas30_format_checker,
)
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.emulators.exchange import Answer, Request
from tests.emulators.swagger import as_openapi
from tests.emulators.vendor import Beyond, Route, Vendor

_ROOT: Final = Path(__file__).resolve().parents[2]
_HERE: Final = "urn:official"
_JSON: Final = "application/json"
#: With these a request is refused for what is wrong with it, which needs no second judge.
FOR_ITS_FORM: Final = frozenset({400, 401, 415, 422})
#: Of one exchange, so many faults are told.
_MOST: Final = 5


def folder() -> Path:
    """Where the descriptions are."""
    return Path(os.environ.get("VENDOR_SPECS") or _ROOT.parent / "shared" / "vendor-specs")


def told() -> str:
    """Whether exchanges are judged, in one line."""
    if folder().is_dir():
        return f"emulators: judged by the vendors' descriptions in {folder()}"
    return f"emulators: not judged, {folder()} is absent; VENDOR_SPECS names the vendors' descriptions"


def description(vendor: Vendor) -> Description | None:
    """The vendor's description; None where it has none, or none is at hand."""
    told = vendor.official or ()
    paths = tuple(folder() / name for name in ((told,) if isinstance(told, str) else told))
    there = paths and all(path.is_file() for path in paths)
    return Description(_mended(paths, vendor.beyond), vendor.beyond) if there else None


@functools.cache
def _mended(paths: tuple[Path, ...], beyond: Beyond) -> dict[str, Any]:
    """The description as it is to be taken: the same for all emulators of a vendor, and nobody changes it."""
    document = as_openapi(_read(paths))
    for pointer, schema in beyond.errata.items():
        above, _, last = pointer.rpartition("/")
        around = _at(document, above)
        assert isinstance(around, dict), f"{pointer}: an erratum of what the description does not have"
        around[last] = schema
    _allow_nulls(document, frozenset(beyond.nulls))
    return document


def _read(paths: tuple[Path, ...]) -> dict[str, Any]:
    """One document of several: of what stands in more than one, the first counts."""
    documents = [json.loads(path.read_text()) for path in paths]
    whole: dict[str, Any] = documents[0]
    for further in documents[1:]:
        whole["paths"] = further["paths"] | whole["paths"]
        parts, own = further.get("components", {}), whole.setdefault("components", {})
        own.update({name: {**told, **own.get(name, {})} for name, told in parts.items()})
    return whole


class Description:
    """One of them. judged: how many exchanges it judged, by operation; unjudged: the same of what it leaves open."""

    def __init__(self, document: dict[str, Any], beyond: Beyond) -> None:
        self.document = document
        self.beyond = beyond
        self.judged: Counter[str] = Counter()
        self.unjudged: Counter[str] = Counter()
        self._registry: Any = Registry().with_resource(_HERE, DRAFT4.create_resource(self.document))
        is_30 = self.document["openapi"].startswith("3.0")
        self._asked, self._answered = (
            (OAS30WriteValidator, OAS30ReadValidator) if is_30 else (OAS31Validator, OAS31Validator)
        )

    def judge(self, request: Request, answer: Answer) -> list[str]:
        """What is wrong with an exchange, each fault in a sentence."""
        path, params = self._path(request.path)
        operation = self._operation(request, path)
        name = f"{request.method} {path}"
        if path is None or operation is None:
            return self._beyond(request, name if path else None)
        self.judged[name] += 1
        found = [*self._answer(answer, _place(path, request), name)]
        if answer.status not in FOR_ITS_FORM:
            found += self._asked_so(request, params, path, operation)
        return [f"{name}: {fault}" for fault in found[:_MOST]]

    def asked(self, request: Request) -> list[str]:
        """What is wrong with a request alone."""
        path, params = self._path(request.path)
        operation = self._operation(request, path)
        name = f"{request.method} {path}"
        if path is None or operation is None:
            return self._beyond(request, name if path else None)
        return [f"{name}: {fault}" for fault in self._asked_so(request, params, path, operation)[:_MOST]]

    def operation(self, method: str, path: str) -> str | None:
        """The operation that reads so, as `GET /template`; None where none is described."""
        found, _ = self._path(path)
        told = self.document["paths"][found].get(method.lower(), {}) if found else {}
        return f"{method} {found}" if "200" in told.get("responses", {}) else None

    def content(self, operation: str) -> dict[str, Any]:
        """What it says of the JSON with which an operation is answered: its schema, and examples."""
        method, _, path = operation.partition(" ")
        answer = self.resolved(self.document["paths"][path][method.lower()]["responses"]["200"])
        found: dict[str, Any] = answer.get("content", {}).get(_JSON, {})
        return found

    def examples(self, operation: str) -> Iterator[Any]:
        """The examples of these answers."""
        content = self.content(operation)
        if "example" in content:
            yield content["example"]
        told = (self.resolved(one) for one in content.get("examples", {}).values())
        yield from (one["value"] for one in told if "value" in one)

    def _asked_so(
        self, request: Request, params: dict[str, str], path: str, operation: dict[str, Any]
    ) -> list[str]:
        name = f"{request.method} {path}"
        bodies = self._body(request, _place(path, request), name)
        return [*self._parameters(request, params, path, operation), *bodies]

    def _operation(self, request: Request, path: str | None) -> dict[str, Any] | None:
        found: dict[str, Any] | None = (
            self.document["paths"][path].get(request.method.lower()) if path else None
        )
        return found

    def _beyond(self, request: Request, name: str | None) -> list[str]:
        """What is wrong with a request that is not described. name: of one to a path that is."""
        known = (one.removeprefix(f"{request.method} ") for one in self.beyond.paths)
        if any(Route("", one, _nobody).match(request.path) is not None for one in known):
            self.unjudged[f"{request.method} beyond the description"] += 1
            return []
        return [
            f"{name}: the description has no such method there"
            if name
            else f"{request.name}: no such path is described"
        ]

    def _path(self, path: str) -> tuple[str | None, dict[str, str]]:
        """The template of a path that leaves the least open, and what stands in it."""
        fits = [(one, found) for one in self._templates if (found := one.match(path)) is not None]
        best = min(fits, key=lambda fit: len(fit[1]), default=None)
        return (best[0].path, best[1]) if best else (None, {})

    @functools.cached_property
    def _templates(self) -> list[Route]:
        return [_template(path) for path in self.document["paths"]]

    def _parameters(
        self, request: Request, params: dict[str, str], path: str, operation: dict[str, Any]
    ) -> Iterator[str]:
        told = [*self.document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        known = [self.resolved(one) for one in told]
        for one in known:
            given = {"path": [params.get(one["name"], "")], "query": request.every(one["name"])}.get(
                one["in"]
            )
            if given == [] and one.get("required"):
                yield f"the parameter {one['name']} is required"
            for text in given or ():
                yield from self._parameter(one, text)
        names = {one["name"] for one in known if one["in"] == "query"} | set(self.beyond.query)
        for name in sorted({name for name, _ in request.query} - names):
            yield f"it has no parameter {name}"

    def _parameter(self, parameter: dict[str, Any], text: str) -> Iterator[str]:
        schema = self.resolved(parameter.get("schema", {}))
        if schema.get("type") == "array":  # separated in ways of their own
            return
        for error in self._asked(schema, registry=self._registry).iter_errors(_typed(schema, text)):
            yield f"the parameter {parameter['name']}: {error.message[:200]}"

    def _body(self, request: Request, place: str, name: str) -> Iterator[str]:
        if not request.raw or not request.is_json:
            return
        schema = self._schema(f"{place}/requestBody")
        if schema is None:
            self.unjudged[f"{name} as asked"] += 1
            return
        yield from self._faults(self._asked, schema, request.json, "asked")

    def _answer(self, answer: Answer, place: str, name: str) -> Iterator[str]:
        responses = self._at(f"{place}/responses")
        status = next(
            (s for s in (str(answer.status), f"{answer.status // 100}XX", "default") if s in responses), None
        )
        if status is None:
            self.unjudged[f"{name} answered {answer.status}"] += 1
            if answer.status < 400:  # most descriptions leave refusals out
                yield f"an answer {answer.status} is not described"
            return
        schema = self._schema(f"{place}/responses/{status}")
        if schema is not None and answer.is_json:
            yield from self._faults(self._answered, schema, answer.body, "answered")
        elif schema is not None:
            yield f"the answer {answer.status} is to have a JSON body"

    def _schema(self, place: str) -> str | None:
        """Where the schema of a body in JSON stands."""
        found, content = self._at(place), "content"
        if found and "$ref" in found:
            place = found["$ref"].removeprefix("#")
            found = self._at(place)
        where = f"{place}/{content}/{_escaped(_JSON)}/schema"
        return where if found and self._at(where) is not None else None

    def _faults(self, kind: Any, place: str, body: Any, verb: str) -> Iterator[str]:
        schema = {"$ref": f"{_HERE}#{place}"}
        validator = kind(schema, registry=self._registry, format_checker=oas30_format_checker)
        for error in validator.iter_errors(body):
            where = ".".join(map(str, error.absolute_path)) or "the body"
            yield f"{verb} {where}: {error.message[:300]}"
        for strange in self._strange([self._at(place)], body, ""):
            yield f"{verb} {strange}, which is not described"

    def _strange(self, schemas: list[Any], value: Any, place: str) -> Iterator[str]:
        """The properties that none of these schemas of a value knows."""
        parts = [part for schema in schemas for part in self._parts(schema)]
        if isinstance(value, list):
            inner = [part["items"] for part in parts if "items" in part]
            for item in value:
                yield from self._strange(inner, item, place)
        if not isinstance(value, dict):
            return
        known = [part["properties"] for part in parts if part.get("properties")]
        is_open = not known or any(part.get("additionalProperties") for part in parts)
        for key, inside in value.items():
            told = [properties[key] for properties in known if key in properties]
            if told:
                yield from self._strange(told, inside, f"{place}.{key}".lstrip("."))
            elif not is_open and key not in self.beyond.fields:
                yield f"{place}.{key}".lstrip(".")

    def _parts(self, schema: Any) -> Iterator[dict[str, Any]]:
        """A schema and those that it is composed of."""
        found = self.resolved(schema)
        yield found
        for word in ("allOf", "anyOf", "oneOf"):
            for one in found.get(word, ()):
                yield from self._parts(one)

    def resolved(self, found: Any) -> Any:
        """What a reference stands for; all else as it is."""
        return self.resolved(self._at(found["$ref"].removeprefix("#"))) if "$ref" in found else found

    def _at(self, pointer: str) -> Any:
        return _at(self.document, pointer)


def _at(document: dict[str, Any], pointer: str) -> Any:
    """What stands at a JSON pointer; None where nothing does."""
    found: Any = document
    for step in pointer.split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def _allow_nulls(node: Any, names: frozenset[str]) -> None:
    """Let the properties of these names be null, in all schemas of a document."""
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _allow_nulls(inner, names)
    properties = node.get("properties") if isinstance(node, dict) else None
    if not isinstance(properties, dict):
        return
    for name in names & set(properties):
        properties[name] = {"anyOf": [properties[name], {"enum": [None]}]}


@functools.cache
def _template(path: str) -> Route:
    return Route("", path, _nobody)


def _nobody(*_arguments: Any) -> Answer:
    return Answer()


def _place(path: str, request: Request) -> str:
    """Where the operation of a request stands."""
    return f"/paths/{_escaped(path)}/{request.method.lower()}"


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _typed(schema: dict[str, Any], text: str) -> Any:
    """A parameter as its schema takes it; what is of another type stays a text, and is a fault."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    said = text.lower()  # some clients say it as their language does
    return said == "true" if kind == "boolean" and said in {"true", "false"} else text
