"""Fields of nested objects that are no records of their own: lists of small objects, and objects of foreign keys.

Nested objects are stored and change with their record. The wire contract shows some of them with an id and stamps, as
if they were records; these are filled in when they are shown (`fills`), and are no part of what is stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from unified_api.models.fields import Malformed, Ref, Refs, Shape, WireField

#: A record as it is shown.
Record = Mapping[str, Any]
#: Of nested objects without an id.
STAMPS: Final = ("created_at", "modified_at")
#: Of nested objects that look like records.
RECORD: Final = ("id", *STAMPS, "remote_was_deleted", "field_mappings", "remote_data")
_NAMESPACE: Final = uuid.UUID("0d9c2b1e-52b4-4a38-8f0e-6b9f5b0f9a11")


class Keyed(Shape):
    """Objects with these keys, each understood by a field without a column. A key that nobody knows is refused.

    A key that is not given stays absent. fills: keys that are filled in when an object is shown. owner: a key in which
    the id of the record itself is shown. expands: the wire contract has a name for it in `expand`; it is always shown
    whole.
    """

    def __init__(
        self,
        keys: Mapping[str, WireField] | None = None,
        *,
        fills: tuple[str, ...] = (),
        owner: str = "",
        expands: bool = False,
        **kwargs: Any,
    ) -> None:
        self.keys = dict(keys or {})
        self.fills = fills
        self.owner = owner
        self.expands = expands
        super().__init__(**kwargs)

    @property
    def relations(self) -> dict[str, Ref | Refs]:
        """The keys that hold ids of records."""
        return {name: field for name, field in self.keys.items() if isinstance(field, Ref | Refs)}

    @property
    def shown(self) -> tuple[str, ...]:
        """All keys of an object on the wire."""
        return (*self.fills, *((self.owner,) if self.owner else ()), *self.keys)

    def parse_object(self, item: Any) -> dict[str, Any]:
        """The stored form of an object; what is only shown is left out, so that an object can be sent back as it is."""
        if not isinstance(item, dict):
            message = "an object is expected"
            raise Malformed(message)
        if unknown := sorted(set(item) - set(self.shown)):
            message = f"{unknown[0]!r} is no key of these objects; known are {', '.join(self.keys)}"
            raise Malformed(message)
        given = {name: told for name, told in item.items() if name in self.keys}
        return {name: None if told is None else self._stored(name, told) for name, told in given.items()}

    def _stored(self, name: str, told: Any) -> Any:
        parsed = self.keys[name].parse(told)
        if isinstance(parsed, list):
            return [str(one) if isinstance(one, uuid.UUID) else one for one in parsed]
        return str(parsed) if isinstance(parsed, uuid.UUID) else parsed

    def show(self, item: dict[str, Any], at: int, record: Record) -> dict[str, Any]:
        """A stored object as the wire has it. at: its place in its list, for one that the provider gives no id."""
        shown = {name: _FILLS[name](self, item, at, record) for name in self.fills}
        if self.owner:
            shown[self.owner] = record["id"]
        return {**shown, **dict.fromkeys(self.keys), **item}

    def show_all(self, items: Any, record: Record) -> Any:
        """What is stored, as the wire has it."""
        raise NotImplementedError  # pragma: no cover - both concrete classes have their own

    def object_schema(self) -> dict[str, Any]:
        """The keys with the schemas of their own."""
        properties = {**_FILL_SCHEMAS, self.owner: _ID}
        shown = {name: properties[name] for name in self.shown if name not in self.keys}
        return {
            "type": "object",
            "properties": {**shown, **{name: field.wire_schema() for name, field in self.keys.items()}},
        }


class Shapes(Keyed):
    """A list of small objects; `key` is the one by which its filter finds a record."""

    def __init__(self, keys: Mapping[str, WireField] | None = None, *, key: str = "", **kwargs: Any) -> None:
        self.key = key
        super().__init__(keys, **kwargs)

    def parse(self, value: Any) -> list[dict[str, Any]]:
        """A list of objects whose values are understood by their keys' fields."""
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            message = "a list of objects is expected"
            raise Malformed(message)
        return [self.parse_object(item) for item in value]

    def show_all(self, items: Any, record: Record) -> Any:
        """The stored list as the wire has it."""
        return [self.show(item, at, record) for at, item in enumerate(items)]

    def wire_schema(self) -> dict[str, Any]:
        """A list of objects with these keys."""
        return {**super().wire_schema(), "items": self.object_schema()}


class Nested(Keyed):
    """One small object."""

    schema: ClassVar = {"type": "object"}

    def parse(self, value: Any) -> dict[str, Any]:
        """An object whose values are understood by their keys' fields."""
        return self.parse_object(value)

    def show_all(self, items: Any, record: Record) -> Any:
        """The stored object as the wire has it."""
        return self.show(items, 0, record)

    def wire_schema(self) -> dict[str, Any]:
        """An object with these keys."""
        return {**super().wire_schema(), **self.object_schema()}


class Object(Shape):
    """One object, whose keys are the provider's own. of: what each value is, if not anything."""

    schema: ClassVar = {"type": "object", "additionalProperties": True}

    def __init__(self, of: WireField | None = None, **kwargs: Any) -> None:
        self.of = of
        super().__init__(**kwargs)

    def parse(self, value: Any) -> dict[str, Any]:
        """Taken as it is, where nothing is said of its values."""
        if not isinstance(value, dict):
            message = "an object is expected"
            raise Malformed(message)
        if self.of is None:
            return value
        return {key: None if told is None else self.of.parse(told) for key, told in value.items()}

    def wire_schema(self) -> dict[str, Any]:
        """What its values are, where that is said."""
        told = super().wire_schema()
        return told if self.of is None else {**told, "additionalProperties": self.of.wire_schema()}


class Objects(Shape):
    """A list of objects, whose keys are the provider's own."""

    def parse(self, value: Any) -> list[dict[str, Any]]:
        """Taken as it is."""
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            message = "a list of objects is expected"
            raise Malformed(message)
        return value


def _identity(field: Keyed, item: Mapping[str, Any], at: int, record: Record) -> str:
    """An id that lasts as long as the provider's id of the object does, or its place."""
    named = item.get("remote_id") or f"#{at}"
    return str(uuid.uuid5(_NAMESPACE, f"{record['id']}\x1f{field.name}\x1f{named}"))


_FILLS: Final[dict[str, Callable[[Keyed, Mapping[str, Any], int, Record], Any]]] = {
    "id": _identity,
    "created_at": lambda _field, _item, _at, record: record["created_at"],
    "modified_at": lambda _field, _item, _at, record: record["modified_at"],
    "remote_was_deleted": lambda _field, _item, _at, record: record["remote_was_deleted"],
    "field_mappings": lambda *_: {"organization_defined_targets": {}, "linked_account_defined_targets": {}},
    "remote_data": lambda *_: None,
}
_ID: Final = {"type": "string", "format": "uuid"}
_STAMP: Final = {"type": "string", "format": "date-time", "minLength": 1}
_FILL_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "id": _ID,
    "created_at": _STAMP,
    "modified_at": _STAMP,
    "remote_was_deleted": {"type": "boolean"},
    "field_mappings": {"type": "object"},
    "remote_data": {"nullable": True},
}
