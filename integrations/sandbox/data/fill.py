"""What no story tells: a value for every declared field, by its class; so a field of tomorrow has values at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from integrations.sandbox.data.records import Record, Records, after, keyed, on
from integrations.sandbox.spelling import kind_of
from unified_api.models.base import CommonModel, common_models, model_id, wire_fields
from unified_api.models.fields import (
    Choice,
    Choices,
    Custom,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Text,
    Texts,
    Whole,
    WireField,
)
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Nested, Object, Objects, Shapes

#: Records of a model that no story tells of.
_FEW: Final = 5
_COLOURS: Final = ("amber", "blue", "crimson", "green", "violet")


def filled(category: str, told: Records) -> Records:
    """The same records with values in all their fields, and some of every other model of the category."""
    models = {model_id(model): model for model in common_models(category)}
    whole = {
        name: told.get(name) or keyed(kind_of(model), [{} for _ in range(_FEW)])
        for name, model in models.items()
    }
    return {
        name: [_record(model, at, whole) for at in range(len(whole[name]))] for name, model in models.items()
    }


def _record(model: type[CommonModel], at: int, whole: Records) -> Record:
    told = whole[model_id(model)][at]
    missing = [(name, field) for name, field in wire_fields(model).items() if name not in told]
    return {**told, **{name: _value(name, field, at, model, whole) for name, field in missing}}


def _value(name: str, field: WireField, at: int, model: type[CommonModel], whole: Records) -> Any:
    if isinstance(field, Ref):
        return _named(field, at, model, whole)
    if isinstance(field, Refs):
        known = whole.get(field.to, [])
        return [known[at % len(known)]["remote_id"]] if known else []
    if isinstance(field, Shapes):
        return [_object(field, at, model, whole)]
    if isinstance(field, Nested):
        return _object(field, at, model, whole)
    return _plain(name, field, at)


def _named(field: Ref, at: int, model: type[CommonModel], whole: Records) -> str | None:
    """Another record; of the same model one that came before, so that they hang together as a tree."""
    known = whole.get(field.to, [])
    if field.to != model_id(model):
        return known[at % len(known)]["remote_id"] if known else None
    return known[(at - 1) // 2]["remote_id"] if at else None


def _object(field: Shapes | Nested, at: int, model: type[CommonModel], whole: Records) -> dict[str, Any]:
    return {name: _value(name, one, at, model, whole) for name, one in field.keys.items()}


def _plain(name: str, field: WireField, at: int) -> Any:
    if isinstance(field, Choice):
        return field.words[at % len(field.words)]
    if isinstance(field, Choices):
        return [field.words[at % len(field.words)]]
    if isinstance(field, Object) and field.of is not None:
        return {"plain": _plain(name, field.of, at)}
    for kind, make in _BY_CLASS.items():
        if isinstance(field, kind):
            return make(name, at)
    raise TypeError(f"the sandbox does not know what a field of class {type(field).__name__} holds")


def _text(name: str, at: int) -> str:
    if name.endswith(("url", "website", "avatar")):
        return f"https://www.example.com/{name.replace('_', '-')}/{at + 1}"
    if "phone" in name:
        return f"+1 202 555 {100 + at:04}"
    if "email" in name and not name.endswith("type"):
        return f"somebody-{at + 1}@example.com"
    return f"{name.replace('_', ' ').capitalize()} {at + 1}"


_BY_CLASS: Final[dict[type[WireField], Callable[[str, int], Any]]] = {
    Custom: lambda _name, at: _COLOURS[at % len(_COLOURS)],
    Sensitive: lambda _name, at: f"900-{at % 90 + 10}-{1000 + at}",
    Text: _text,
    Instant: lambda _name, at: after(hours=at),
    Day: lambda _name, at: on(at % 300),
    Flag: lambda _name, at: at % 3 != 0,
    Whole: lambda _name, at: 5 * (at + 1),
    Number: lambda _name, at: 1.5 * (at + 1),
    Texts: lambda _name, at: [_COLOURS[at % len(_COLOURS)]],
    Object: lambda _name, at: {"colour": _COLOURS[at % len(_COLOURS)]},
    Objects: lambda _name, at: [{"colour": _COLOURS[at % len(_COLOURS)]}],
}
