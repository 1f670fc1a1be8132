"""Answers by the schemas of a description: whatever these allow, however odd, and often what they leave open.

Schemas require little: of answers without what stands around records, or without ids, nothing would ever be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.emulators.official import Description

_JSON: Final = "application/json"
_EITHER: Final = frozenset({"anyOf", "oneOf"})
_AT: Final = "#/components/schemas/"
#: Objects in each other of which nothing is left out: what is around a record, and the record.
_DEEP: Final = 2
_AROUND: Final = frozenset({"properties", "items", "additionalProperties", "allOf", *_EITHER})
_TOLD: Final = frozenset({"enum", "format"})
#: Names of what something is known by.
_IS_ID: Final = re.compile(r"^id$|_id$|[a-z]Id$|^key$|^name$")
#: Items in a generated list.
_MOST: Final = 2
_IDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "string": {"pattern": "^[1-9][0-9]{0,8}$"},
    "integer": {"minimum": 1, "maximum": 10**9},
}


def drawn(description: Description, operation: str) -> SearchStrategy[Any]:
    """Answers to an operation: as its schema has it, or with what is around records, or with all that is known of them.

    They are drawn as what a request with this schema for its body may send: the generator knows no others.
    """
    schema = description.content(operation).get("schema", {})
    frame = _having(description.resolved, schema, _DEEP, whole=False)
    whole = _having(description.resolved, schema, _DEEP, whole=True)
    return st.one_of(*(_of(description, one) for one in (frame, whole, schema)))


def _of(description: Description, schema: Any) -> SearchStrategy[Any]:
    body = {"required": True, "content": {_JSON: {"schema": _writable(schema)}}}
    told = {
        "openapi": description.document["openapi"],
        "info": {"title": "answers", "version": "1"},
        "paths": {
            "/answers": {"post": {"requestBody": body, "responses": {"200": {"description": "taken"}}}}
        },
        "components": {"schemas": _reached(description.resolved, body)},
    }
    strategy = schemathesis.openapi.from_dict(told)["/answers"]["POST"].as_strategy()
    return strategy.map(lambda case: case.body)


def _having(resolved: Callable[[Any], Any], schema: Any, deep: int, *, whole: bool) -> Any:
    """A schema by which something is there, and not null nor empty, as deep down as so many objects in each other.

    whole: all that is known; else what is around records, and their ids.
    """
    if deep == 0 or not isinstance(schema, dict):
        return schema
    found = {key: value for key, value in resolved(schema).items() if key != "nullable"}
    for word in _EITHER & set(found):
        parts = [resolved(part) for part in found.pop(word)]
        found |= next((part for part in parts if "properties" in part), parts[0])
    if "allOf" in found:
        found["allOf"] = [_having(resolved, part, deep, whole=whole) for part in found["allOf"]]
    if "items" in found:
        found |= {"minItems": 1, "items": _having(resolved, found["items"], deep, whole=whole)}
    if known := found.get("properties"):
        inner = {
            name: _named(name, _having(resolved, one, deep - 1, whole=whole)) for name, one in known.items()
        }
        due = [name for name, one in inner.items() if whole or _is_frame(name, one, deep)]
        found |= {"properties": inner, "required": sorted({*found.get("required", ()), *due})}
    return found


def _is_frame(name: str, schema: Any, deep: int) -> bool:
    around = deep == _DEEP and isinstance(schema, dict) and not _AROUND.isdisjoint(schema)
    return around or bool(_IS_ID.search(name))


def _named(name: str, schema: Any) -> Any:
    """The schema of a property; an id is a number as systems give them, unless its form is told."""
    if not isinstance(schema, dict) or not _IS_ID.search(name) or not _TOLD.isdisjoint(schema):
        return schema
    return {**schema, **_IDS.get(str(schema.get("type")), {})}


def _reached(resolved: Callable[[Any], Any], node: Any) -> dict[str, Any]:
    """The schemas to which a node leads, by their names: to take all of a large description in takes long."""
    found: dict[str, Any] = {}
    open_ends = [*_references(node)]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found[name] = _writable(resolved({"$ref": f"{_AT}{name}"}))
            open_ends += _references(found[name])
    return found


def _references(node: Any) -> Iterator[str]:
    told = node.get("$ref") if isinstance(node, dict) else None
    if isinstance(told, str) and told.startswith(_AT):
        yield told.removeprefix(_AT).partition("/")[0]
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(inner)


def _writable(node: Any) -> Any:
    """Schemas without the mark of what stands in answers alone, and with short lists: long ones only take longer."""
    if isinstance(node, list):
        return [_writable(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _writable(value) for key, value in node.items() if (key, value) != ("readOnly", True)}
    return {"maxItems": max(_MOST, node.get("minItems", 0)), **kept} if node.get("type") == "array" else kept
