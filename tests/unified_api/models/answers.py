"""Whether what was answered is of the type that the client declares, down to the last key."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import orjson
import pydantic
from merge.core.serialization import convert_and_respect_annotation_metadata

from unified_api.models.base import common_models, model_id, wire_fields

#: In the place of keys that a mapping is free to have.
ANY_KEY: Final = "*"


def checked(call: Any, response: Any) -> Any:
    """The decoded JSON of the raw response to a call, of the type that the client declares and makes."""
    (declared,) = typing.get_args(inspect.signature(call).return_annotation)
    told = orjson.loads(response._response.content or b"null")
    assert problems(told, declared) == [], response._response.request.url
    assert not inspect.isclass(declared) or isinstance(response.data, declared)
    return told


def problems(told: Any, type_: Any) -> list[str]:
    """In what decoded JSON is not of a type: values of other types, and keys that neither it nor we declare."""
    if type_ is type(None):
        return []
    named = convert_and_respect_annotation_metadata(object_=told, annotation=type_, direction="read")
    try:
        # As JSON and strictly: a number is no text, and a text no number; moments and ids are texts.
        pydantic.TypeAdapter(type_).validate_json(orjson.dumps(named), strict=True)
    except pydantic.ValidationError as error:
        return [str(error)]
    return [f"{key} is unknown" for key in _unknown(named, type_, "")]


def _unknown(told: Any, annotation: Any, path: str) -> Iterator[str]:
    """The keys that are in no type of the client which may stand there, and that we do not declare as our own."""
    if isinstance(told, list):
        for at, one in enumerate(told):
            yield from _unknown(one, annotation, f"{path}[{at}]")
    if not isinstance(told, dict):
        return
    known = _keys(annotation)
    for key, value in told.items():
        if known is not None and key not in known and ANY_KEY not in known:
            yield f"{path}.{key}"
        elif known:
            yield from _unknown(value, known.get(key, known.get(ANY_KEY)), f"{path}.{key}")


def _keys(annotation: Any) -> dict[str, Any] | None:
    """What may stand under which key of an object; None where anything may."""
    if typing.get_origin(annotation) is dict:
        return {ANY_KEY: typing.get_args(annotation)[1]}
    if hasattr(annotation, "model_fields"):
        ours = dict.fromkeys(_ours().get(_named(annotation), ()))
        return {**ours, **{key: one.annotation for key, one in annotation.model_fields.items()}}
    inner = [keys for part in typing.get_args(annotation) if (keys := _keys(part)) is not None]
    return {key: one for keys in inner for key, one in keys.items()} if inner else None


def _named(type_: type) -> str:
    """The common model of a type of the client, as far as it is one."""
    return f"{type_.__module__.split('.')[2]}.{type_.__name__}"


@cache
def _ours() -> dict[str, frozenset[str]]:
    """By common model the keys that say by their declaration that they are beyond the contract."""
    return {
        model_id(model): frozenset(model.wire.beyond)
        | {name for name, field in wire_fields(model).items() if not field.contract}
        for model in common_models()
    }
