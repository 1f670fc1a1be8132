"""Fields of common models: thin Django fields that also know their wire form.

A field knows three things beside its column: how a value is shown on the wire (`render`), how one that arrives
from a caller is understood (`parse`), and which query parameters filter by it (`filter`). Serializer, route,
filters, meta schema, OpenAPI, admin and documentation read these facts; nothing names a field a second time.

Every value may be null, because a provider may not know it. Migrations see the plain Django field, so a change of
a wire fact makes no migration.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import uuid
from typing import Any, ClassVar, Literal

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields.json import KeyTransform

Writable = Literal["always", "create", "never"]
_INT64 = range(-(2**63), 2**63)
_LARGEST = sys.float_info.max
_LEAP_SECOND = re.compile(r"(T\d\d:\d\d:)60(?=\D|$)")
_NO_INSTANT = "an ISO 8601 date-time is expected, for example 2026-01-31T09:30:00Z"


class Malformed(ValueError):
    """A value from a caller that this field cannot hold; the text says what it expects."""

    problem_type = "INCORRECT_FIELD_TYPE"


class WireField(models.Field):  # type: ignore[type-arg]
    """What all wire fields share.

    filter: names of the query parameters that filter by this field; what they mean is the class's business.
    write: when a caller may set it. pii: redacted in logs. sensitive: never shown unless asked for. contract: part of
    the wire contract, or ours beside it. ours: those of the query parameters that are beyond the contract; of a field
    that is ours, all of them, unless said otherwise.
    """

    #: JSON schema of one value on the wire.
    schema: ClassVar[dict[str, Any]] = {}
    plain: ClassVar[type[models.Field]]  # type: ignore[type-arg]

    def __init__(
        self,
        *args: Any,
        filter: str | tuple[str, ...] = (),  # noqa: A002 - the word of the field's users
        write: Writable = "always",
        pii: bool = False,
        sensitive: bool = False,
        contract: bool = True,
        ours: tuple[str, ...] | None = None,
        **kwargs: Any,
    ) -> None:
        self.filters = (filter,) if isinstance(filter, str) else filter
        self._ours = ours
        self.write = write
        self.pii = pii
        self.sensitive = sensitive
        self.contract = contract
        super().__init__(*args, **({"null": True, "blank": True} | kwargs))

    def is_ours(self, parameter: str) -> bool:
        """Whether one of its query parameters is beyond the wire contract."""
        return parameter in self._ours if self._ours is not None else not self.contract

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Show migrations the plain column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, f"django.db.models.{self.plain.__name__}", args, kwargs

    def parse(self, value: Any) -> Any:
        """The stored form of a caller's JSON value, which is not null; raises Malformed."""
        raise NotImplementedError  # pragma: no cover - every concrete class has its own

    def wire_schema(self) -> dict[str, Any]:
        """JSON schema of the field, null included."""
        return {**self.schema, "nullable": True}


class Text(WireField, models.TextField):  # type: ignore[type-arg]
    """A string.

    contains: its filter finds parts of the value. any_of: its filter takes several values with commas. origins: a
    reader may ask for the provider's own word in its place.
    """

    schema: ClassVar = {"type": "string"}
    plain = models.TextField

    def __init__(
        self, *args: Any, contains: bool = False, any_of: bool = False, origins: bool = False, **kwargs: Any
    ) -> None:
        self.contains = contains
        self.any_of = any_of
        self.origins = origins
        super().__init__(*args, **kwargs)

    def parse(self, value: Any) -> str:
        """A string without NUL characters, which Postgres cannot hold."""
        if not isinstance(value, str):
            message = "a string is expected"
            raise Malformed(message)
        if "\x00" in value:
            message = "a string without NUL characters is expected"
            raise Malformed(message)
        return value


class Custom(Text):
    """A field of the customer's own, which a tenant has mapped: any JSON value. It has no column of its own."""

    schema: ClassVar = {}

    def parse(self, value: Any) -> Any:
        """Taken as it is."""
        return value


class Choice(Text):
    """A word of an open list: a provider's word that has no mapping passes through as it is."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        self.words = words
        super().__init__(**kwargs)

    def wire_schema(self) -> dict[str, Any]:
        """The words are named, though others may come."""
        return {**super().wire_schema(), "enum": list(self.words)}


class Temporal(WireField):
    """What lists can be ordered by: with orders=True, a list's `order_by` takes the field's name."""

    def __init__(self, *args: Any, orders: bool = False, **kwargs: Any) -> None:
        self.orders = orders
        super().__init__(*args, **kwargs)


class Instant(Temporal, models.DateTimeField):  # type: ignore[type-arg]
    """A point in time, UTC. Filters take `<name>_after` and `<name>_before`, both bounds inclusive."""

    schema: ClassVar = {"type": "string", "format": "date-time", "minLength": 1}
    plain = models.DateTimeField

    def parse(self, value: Any) -> dt.datetime:
        """See `parse_instant`."""
        return parse_instant(value)


class Day(Temporal, models.DateField):  # type: ignore[type-arg]
    """A calendar day: stored and compared as a date, midnight UTC only on the wire."""

    schema: ClassVar = {"type": "string", "format": "date-time", "minLength": 1}
    plain = models.DateField

    def parse(self, value: Any) -> dt.date:
        """The day that it is where the date-time was written; of midnight UTC in another zone's words, the day in UTC.

        Clients write the days of people of theirs as midnights, in their own zone.
        """
        told, instant = _zoned(value), parse_instant(value)
        return (instant if instant.time() == dt.time() else told).date()


class Flag(WireField, models.BooleanField):  # type: ignore[type-arg]
    """True, false or unknown."""

    schema: ClassVar = {"type": "boolean"}
    plain = models.BooleanField

    def parse(self, value: Any) -> bool:
        """True or false, nothing that only resembles them."""
        if not isinstance(value, bool):
            message = "true or false is expected"
            raise Malformed(message)
        return value


class Whole(WireField, models.BigIntegerField):  # type: ignore[type-arg]
    """A whole number of 64 bits."""

    schema: ClassVar = {"type": "integer"}
    plain = models.BigIntegerField

    def parse(self, value: Any) -> int:
        """A whole number, nothing that only resembles one."""
        if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
            message = "a whole number of at most 64 bits is expected"
            raise Malformed(message)
        return value


class Number(WireField, models.FloatField):  # type: ignore[type-arg]
    """A number, of double precision."""

    schema: ClassVar = {"type": "number"}
    plain = models.FloatField

    def parse(self, value: Any) -> float:
        """A number, nothing that only resembles one, and none that JSON has no word for."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = "a number is expected"
            raise Malformed(message)
        if not abs(value) <= _LARGEST:
            message = "a number of double precision is expected"
            raise Malformed(message)
        return float(value)


class Ref(WireField, models.UUIDField):  # type: ignore[type-arg]
    """The id of one record of another common model, named as `category.Model`.

    No foreign key: a relation is known before its record is seen, and the store inserts a shell for it. by: a field
    that names another model, where a record is not of `to`. expands: `expand` takes its name. below: there is a list
    of this model below the record that it names.
    """

    schema: ClassVar = {"type": "string", "format": "uuid"}
    plain = models.UUIDField

    def __init__(
        self, to: str = "", *, by: str = "", expands: bool = True, below: bool = False, **kwargs: Any
    ) -> None:
        self.to = to
        self.by = by
        self.expands = expands
        self.below = below
        super().__init__(**kwargs)

    def parse(self, value: Any) -> uuid.UUID:
        """See `parse_id`."""
        return parse_id(value)


class WireArray(WireField, ArrayField):  # type: ignore[type-arg]
    """A list in one column."""

    plain = ArrayField
    base: ClassVar[type[models.Field]]  # type: ignore[type-arg]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"base_field": self.base()} | kwargs))

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Show migrations the plain array."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.contrib.postgres.fields.ArrayField", args, kwargs

    def parse(self, value: Any) -> list[Any]:
        """Each item is parsed as one value."""
        if not isinstance(value, list):
            message = "a list is expected"
            raise Malformed(message)
        return [self.parse_item(item) for item in value]

    def parse_item(self, value: Any) -> Any:
        """One item."""
        raise NotImplementedError  # pragma: no cover - every concrete class has its own


class Refs(WireArray):
    """Ids of several records of another common model, in the provider's order.

    through: texts of these records by which lists of ours can be filtered, under their own names. expands, below: as of
    `Ref`.
    """

    schema: ClassVar = {"type": "array", "items": {"type": "string", "format": "uuid"}}
    base = models.UUIDField

    def __init__(
        self,
        to: str = "",
        *,
        through: tuple[str, ...] = (),
        expands: bool = True,
        below: bool = False,
        **kwargs: Any,
    ) -> None:
        self.to = to
        self.through = through
        self.expands = expands
        self.below = below
        super().__init__(**kwargs)

    def parse_item(self, value: Any) -> uuid.UUID:
        """One item."""
        return parse_id(value)


class Texts(WireArray):
    """A list of strings."""

    schema: ClassVar = {"type": "array", "items": {"type": "string"}}
    base = models.TextField

    def parse_item(self, value: Any) -> str:
        """One item."""
        return Text().parse(value)


class Choices(Texts):
    """Words of an open list."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        self.words = words
        super().__init__(**kwargs)

    def wire_schema(self) -> dict[str, Any]:
        """The words are named, though others may come."""
        return {**super().wire_schema(), "items": {"type": "string", "enum": list(self.words)}}


class Shape(WireField, models.JSONField):
    """Small nested objects that are not records of their own, kept as JSON."""

    schema: ClassVar = {"type": "array", "items": {"type": "object"}}
    plain = models.JSONField

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Numbers of Postgres beyond 64 bits are decimals, as they were when they came."""
        if isinstance(value, str) and not isinstance(expression, KeyTransform):
            return orjson.loads(value)
        return super().from_db_value(value, expression, connection)

    def parse(self, value: Any) -> Any:
        """Taken as it is."""
        if not isinstance(value, list | dict):
            message = "a list or an object is expected"
            raise Malformed(message)
        return value


def parse_instant(value: Any) -> dt.datetime:
    """An ISO 8601 date or date-time as an aware UTC datetime; one without a zone is UTC.

    As RFC 3339 has it, letters may be small, and a minute may have a leap second: it counts as the one before it.
    """
    try:
        return _zoned(value).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(_NO_INSTANT) from error


def _zoned(value: Any) -> dt.datetime:
    """The same in the zone in which it is told."""
    try:
        told = dt.datetime.fromisoformat(_LEAP_SECOND.sub(r"\g<1>59", value.upper()))
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Malformed(_NO_INSTANT) from error
    return told if told.tzinfo else told.replace(tzinfo=dt.UTC)


def parse_id(value: Any) -> uuid.UUID:
    """The id of a record; an expanded record is understood by its `id`."""
    try:
        return uuid.UUID(value["id"] if isinstance(value, dict) else value)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        message = "the id of a record is expected, a UUID"
        raise Malformed(message) from error
