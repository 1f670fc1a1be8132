"""What the adapter says of the fields of a model: which the system has, and by which of them its lists can be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final

from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lens import ChoiceLens, Lens
from integrations.kit.paths import steps
from integrations.sandbox import custom_fields
from integrations.sandbox.spelling import lenses
from unified_api.models.base import CommonModel, model_id, wire_fields
from unified_api.models.fields import Day, Instant, Ref, Refs, Text, WireField

#: How a list is asked for objects with one of some values in a field, and for those with a text within one.
WHERE: Final = "where."
CONTAINS: Final = "contains."
#: From the value to compare with to query parameters.
Select = Callable[[Any], Mapping[str, str]]
#: Of its objects each class has fields of its own.
_OF_CLASSES: Final = "crm.CustomObject"
_KINDS: Final[Mapping[str, Kind]] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "bool",
    "array": "list",
}


def field_classes(model: type[CommonModel], required: Collection[str]) -> FieldClasses | None:
    """The fields of a kind of objects, where the wire contract has a call for them. required: what a create needs."""
    if not model.wire.remote_fields or model_id(model) == _OF_CLASSES:
        return None
    common = [_class(name, field, lens, required) for name, field, lens in _fields(model)]
    return FieldClasses(known=[*common, *custom_fields.of(model_id(model)).values()])


def selects(model: type[CommonModel]) -> dict[tuple[str, str], Select]:
    """What a list can be asked for, by common field and operator."""
    return {
        (name, operator): select
        for name, field, lens in _fields(model)
        if not lens.read_only
        for operator, select in _operators(field, lens)
    }


def _fields(model: type[CommonModel]) -> Iterator[tuple[str, WireField, Lens]]:
    for name, field in wire_fields(model).items():
        if not field.sensitive:
            yield name, field, lenses(model)[name]


def _class(name: str, field: WireField, lens: Lens, required: Collection[str]) -> FieldClass:
    words = (
        [word for several in lens.remote.values() for word in several] if isinstance(lens, ChoiceLens) else ()
    )
    return FieldClass(
        key=steps(lens.path)[0],
        name=name.replace("_", " ").capitalize(),
        kind=_kind(field),
        choices=[(word, word.capitalize()) for word in words],
        is_custom=False,
        is_required=name in required,
    )


def _kind(field: WireField) -> Kind | None:
    if isinstance(field, Day | Instant):
        return "date" if isinstance(field, Day) else "datetime"
    return _KINDS.get(field.schema.get("type", ""))


def _operators(field: WireField, lens: Lens) -> Iterator[tuple[str, Select]]:
    path = steps(lens.path)[0]
    if isinstance(field, Refs):
        yield "IS_ONE_OF", partial(_where, path)
    elif isinstance(lens, ChoiceLens):
        yield "EQUALS", lambda told: _where(path, _words(lens, [told]))
        yield "IS_ONE_OF", lambda told: _where(path, _words(lens, told))
    elif isinstance(field, Text | Ref):
        yield "EQUALS", lambda told: _where(path, [told])
        yield "IS_ONE_OF", partial(_where, path)
        if isinstance(field, Text):
            yield "CONTAINS", lambda told: {f"{CONTAINS}{path}": told}


def _where(path: str, values: Collection[Any]) -> dict[str, str]:
    return {f"{WHERE}{path}": json.dumps(list(values))}


def _words(lens: ChoiceLens, common: Collection[str]) -> list[Any]:
    """All words of the system that mean one of these; one that has no other is its own."""
    return [word for told in common for word in lens.remote.get(told, (told,))]
