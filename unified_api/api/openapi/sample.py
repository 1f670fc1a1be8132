"""A body that a request could have, from its schema: plain values, and relations to records that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from unified_api.api.openapi.records import RELATED
from unified_api.api.openapi.schema import Schema

_REF: Final = "#/components/schemas/"
_ADDRESS: Final = "https://www.example.com/"
_BY_FORMAT: Final = {
    "date-time": "2026-01-31T09:30:00Z",
    "date": "2026-01-31",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "uri": _ADDRESS,
}
_BY_TYPE: Final = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


@dataclass(frozen=True)
class Sampler:
    """Makes samples of the schemas of a document.

    components: what references are to. related: the id of a record of this common model; None where none is known.
    """

    components: dict[str, Schema]
    related: Callable[[str], str | None]

    def of(self, schema: Schema) -> Any:
        """A value of a schema."""
        told = self._plain(schema)
        if "enum" in told:
            return told["enum"][0]
        kind = _kind(told)
        if kind == "object":
            return dict(self._properties(told))
        if kind == "array":
            return [self.of(told["items"])] if "items" in told else []
        return _BY_FORMAT.get(told.get("format", ""), _BY_TYPE[kind])

    def _properties(self, schema: Schema) -> Iterator[tuple[str, Any]]:
        """What is required, values that are plain, and relations to known records."""
        for name, one in schema.get("properties", {}).items():
            if RELATED in one:
                found = self.related(one[RELATED]) if "anyOf" in one else None
                yield from [(name, found)] if found else []
            elif name in schema.get("required", ()) or self._is_plain(one):
                yield name, _ADDRESS if name.endswith("_url") else self.of(one)

    def _is_plain(self, schema: Schema) -> bool:
        told = self._plain(schema)
        return "enum" in told or (_kind(told) not in {"array", "object"} and told.get("format") != "uuid")

    def _plain(self, schema: Schema) -> Schema:
        """The first thing that a schema allows, with no reference in its place."""
        told = schema
        while "$ref" in told or "anyOf" in told:
            told = self.components[told["$ref"].removeprefix(_REF)] if "$ref" in told else told["anyOf"][0]
        return told


def _kind(schema: Schema) -> str:
    kinds = schema.get("type", "object")
    first: str = kinds[0] if isinstance(kinds, list) else kinds
    return first
