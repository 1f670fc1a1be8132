"""JSON schemas, as OpenAPI 3.1 has them, in the few words that declarations of answers and bodies need.

A schema is plain data, in which a `Named` stands for a component: the document puts a reference in its place. All
keys of an answer's object are there, whatever their values: so all are required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from django.db import models

Schema: TypeAlias = Any
Build = Callable[[], Schema]


@dataclass(frozen=True)
class Named:
    """A component of the document, by the name that it has there; its schema is made when it is asked for."""

    name: str
    build: Build = field(compare=False, repr=False)


TEXT: Final[Schema] = {"type": "string"}
ID: Final[Schema] = {"type": "string", "format": "uuid"}
#: `format` is a note, which alone would leave an empty text allowed.
INSTANT: Final[Schema] = {"type": "string", "format": "date-time", "minLength": 1}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}
NULL: Final[Schema] = {"type": "null"}
#: Any JSON value: of a common field, in whatever form the field has.
ANY: Final[Schema] = {}


def named(name: str, schema: Schema) -> Named:
    """A component with this schema."""
    return Named(name, lambda: schema)


def maybe(schema: Schema) -> Schema:
    """Null as well."""
    if not isinstance(schema, dict) or "type" not in schema:
        alternatives = schema["anyOf"] if isinstance(schema, dict) and "anyOf" in schema else [schema]
        return {} if schema == ANY else any_of(*alternatives, NULL)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    either = {**schema, "type": [*kinds, *({"null"} - {*kinds})]}
    return {**either, "enum": [*schema["enum"], None]} if "enum" in schema else either


def any_of(*schemas: Schema) -> Schema:
    """One of these."""
    return {"anyOf": list(schemas)}


def word(*words: str) -> Schema:
    """One of these words, and no other."""
    return {"type": "string", "enum": list(words)}


def open_word(words: Iterable[str]) -> Schema:
    """One of these words, or another one."""
    known = list(words)
    return any_of(word(*known), TEXT) if known else TEXT


def many(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def keyed(schema: Schema) -> Schema:
    """An object whose keys are data."""
    return {"type": "object", "additionalProperties": schema}


def record(properties: Mapping[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """An object with these keys; it may get further ones in later versions."""
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "properties": dict(properties), "required": required}


def more(schema: Schema, properties: Mapping[str, Schema]) -> Schema:
    """An object's schema with further keys."""
    return record({**schema["properties"], **properties})


def page(of: Named) -> Named:
    """A page of a list."""
    cursor = maybe(TEXT)
    return named(f"{of.name}.Page", record({"next": cursor, "previous": cursor, "results": many(of)}))


def columns(model: type[models.Model], *names: str, **others: Schema) -> dict[str, Schema]:
    """The properties that show these columns as they are stored; `others`: what JSON columns hold."""
    shown = {name: _column(model._meta.get_field(name)) for name in names}
    return {**shown, **others}


def _column(column: Any) -> Schema:
    if isinstance(column, models.JSONField):
        return ANY
    kind = next(schema for of, schema in _BY_CLASS if isinstance(column, of))
    told = word(*(value for value, _ in column.choices)) if column.choices else kind
    return maybe(told) if column.null else told


_BY_CLASS: Final[tuple[tuple[type[models.Field[Any, Any]], Schema], ...]] = (
    (models.UUIDField, ID),
    (models.DateTimeField, INSTANT),
    (models.BooleanField, FLAG),
    (models.FloatField, NUMBER),
    (models.IntegerField, WHOLE),
    (models.TextField, TEXT),
)


def modern(declared: Mapping[str, Any]) -> Schema:
    """The schema that a field of a common model declares (in the wire contract's OpenAPI 3.0), in OpenAPI 3.1.

    Words of its lists are open: a provider's own word passes through.
    """
    told = {key: value for key, value in declared.items() if key != "nullable"}
    if "properties" in told:
        told["properties"] = {name: modern(one) for name, one in told["properties"].items()}
    if isinstance(told.get("additionalProperties"), dict):
        told["additionalProperties"] = modern(told["additionalProperties"])
    if "items" in told:
        told["items"] = modern(told["items"])
    if "enum" in told:
        told = open_word(told["enum"])
    return maybe(told) if declared.get("nullable") else told
