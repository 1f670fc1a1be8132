"""In which order a list stands: as records were first stored, or by a field that lists can be ordered by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from unified_api.api import parameters
from unified_api.api.cursors import Key
from unified_api.api.parameters import Parameter
from unified_api.api.params import Params
from unified_api.models.base import CommonModel, wire_fields
from unified_api.models.fields import Day, Temporal

#: Records without a value stand behind all others, and before them in the reverse order.
_LAST: Final = "infinity"


@dataclass(frozen=True)
class Order:
    """name: the column. expression: what rows are compared by, which is never null, and kind: its type in Postgres."""

    name: str
    expression: str
    kind: str
    is_reversed: bool = False

    def key_of(self, record: dict[str, Any]) -> Key:
        """Where a record stands."""
        return (record[self.name] or _LAST, record["id"])


BY_AGE: Final = Order("created_at", "r.created_at", "timestamptz")


def orders(model: type[CommonModel]) -> tuple[str, ...]:
    """The names of the fields that lists of a model can be ordered by."""
    fields = wire_fields(model).items()
    return tuple(name for name, field in fields if isinstance(field, Temporal) and field.orders)


def parameter_of(model: type[CommonModel]) -> Parameter[str | None] | None:
    """`order_by`, for a model whose lists have further orders."""
    words = [word for name in orders(model) for word in (name, f"-{name}")]
    about = "The order; with a minus, the reverse. Otherwise records stand as they were first stored."
    return parameters.word("order_by", words, about) if words else None


def asked(model: type[CommonModel], params: Params, *, hidden: Collection[str] = ()) -> Order:
    """The order that a request asks for; raises DRF's ValidationError for one that there is not.

    hidden: fields that nothing is ordered by, so that nobody learns by asking what may not be shown.
    """
    parameter = parameter_of(model)
    told = parameter.of(params) if parameter else None
    if told is None:
        return BY_AGE
    name = told.removeprefix("-")
    if name in hidden:
        return BY_AGE
    kind = "date" if isinstance(wire_fields(model)[name], Day) else "timestamptz"
    column = f"r.{connection.ops.quote_name(name)}"
    return Order(name, f"coalesce({column}, '{_LAST}'::{kind})", kind, is_reversed=told != name)
