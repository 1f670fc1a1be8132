"""Fields of nested objects that are no records of their own: lists of small objects, and objects of foreign keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from unified_api.models.fields import Malformed, Shape, WireField


class Shapes(Shape):
    """A list of small objects with these keys; `key` is the one by which its filter finds a record.

    Keys are fields without a column: they know how a value is understood, and nothing else. A key that is not given
    stays absent; one that nobody knows is refused.
    """

    def __init__(self, keys: Mapping[str, WireField] | None = None, *, key: str = "", **kwargs: Any) -> None:
        self.keys = dict(keys or {})
        self.key = key
        super().__init__(**kwargs)

    def parse(self, value: Any) -> list[dict[str, Any]]:
        """A list of objects whose values are understood by their keys' fields."""
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            message = "a list of objects is expected"
            raise Malformed(message)
        return [self._parse_item(item) for item in value]

    def _parse_item(self, item: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(item) - set(self.keys)):
            message = f"{unknown[0]!r} is no key of these objects; known are {', '.join(self.keys)}"
            raise Malformed(message)
        return {name: None if told is None else self.keys[name].parse(told) for name, told in item.items()}

    def wire_schema(self) -> dict[str, Any]:
        """The keys with the schemas of their own."""
        properties = {name: field.wire_schema() for name, field in self.keys.items()}
        items = {"type": "object", "properties": properties}
        return {**super().wire_schema(), "items": items}


class Object(Shape):
    """One object, whose keys are the provider's own."""

    schema: ClassVar = {"type": "object", "additionalProperties": True}

    def parse(self, value: Any) -> dict[str, Any]:
        """Taken as it is."""
        if not isinstance(value, dict):
            message = "an object is expected"
            raise Malformed(message)
        return value
