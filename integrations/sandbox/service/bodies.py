"""Bodies of records: how common values become one, and what may stand in one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from integrations.kit.errors import SHAPELESS, Unmappable
from integrations.kit.kinds import coercion
from integrations.kit.paths import merge, steps
from integrations.sandbox import custom_fields
from integrations.sandbox.data.records import Record
from integrations.sandbox.spelling import OWN, lenses
from unified_api.models.base import CommonModel, model_id, sensitive, wire_fields
from unified_api.models.fields import Ref, Refs
from unified_api.models.shapes import Keyed

Body = dict[str, Any]


class Plain:
    """The account's own words: the sandbox has none beyond those that it is declared with."""

    def key(self, table: str, word: str) -> str | None:  # noqa: ARG002 - the port's signature
        """Never any."""
        return None

    def known(self, table: str) -> list[str]:  # noqa: ARG002 - the port's signature
        """None."""
        return []


_WORDS: Final = Plain()
#: A NUL as JSON has it, and no backslash before these characters.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
#: What may stand in a header.
_MEDIA_TYPE: Final = re.compile(r"[!-~]+/[ -~]*[!-~]")


def path_of(model: type[CommonModel], name: str) -> str:
    """What the sandbox calls a field."""
    return steps(lenses(model)[name].path)[0]


def spelled_out(model: type[CommonModel], record: Record) -> Body:
    """The body of common values; what the sandbox fills in itself is left out."""
    body: Body = {}
    for name, lens in lenses(model).items():
        if name in record and not lens.read_only:
            body = merge(body, lens.write(record[name], None, _WORDS))
    return body


def hidden(model: type[CommonModel]) -> frozenset[str]:
    """The fields of a body that are sealed."""
    return frozenset(path_of(model, name) for name in sensitive(model))


def faults(model: type[CommonModel], body: Mapping[str, Any]) -> dict[str, str]:
    """Why a body cannot be stored, by field."""
    known = {path_of(model, name): name for name in wire_fields(model)}
    custom = custom_fields.of(model_id(model))
    found = {path: "no such field" for path in body if path not in {*known, *custom} or path in OWN}
    for path, value in body.items():
        if path in found:
            continue
        if (
            why := custom_fields.fault(custom[path], value)
            if path in custom
            else _fault(model, known[path], value)
        ):
            found[path] = why
    return found


def _fault(model: type[CommonModel], name: str, value: Any) -> str | None:
    lens = lenses(model)[name]
    if lens.read_only:
        return "is filled in by the system"
    if value is None:
        return None
    try:
        coercion(wire_fields(model)[name])(lens.decode(value))
    except (Unmappable, *SHAPELESS) as error:
        return str(error) or "has another shape"
    return (
        "is no media type, such as text/plain"
        if name == "content_type" and not is_media_type(value)
        else None
    )


def unstorable(value: Any) -> str | None:
    """Why a value that came as JSON cannot be stored, whatever it is for."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # orjson's JSONEncodeError: it reads what is nested more deeply than it writes
        return "is nested too deeply"
    return "holds a NUL character" if _NUL.search(text) else None


def is_media_type(value: Any) -> bool:
    """Whether a file can be sent as this."""
    return isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) is not None


def references(model: type[CommonModel], body: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a sound body names: field, model, and id there."""
    told = {name: lens.read(body) for name, lens in lenses(model).items() if path_of(model, name) in body}
    for name, field in wire_fields(model).items():
        if told.get(name) and isinstance(field, Ref | Refs | Keyed):
            yield from ((path_of(model, name), to, named) for to, named in _named(field, told[name], told))


def _named(field: Any, value: Any, beside: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(field, Keyed):
        for item in value if isinstance(value, list) else [value]:
            for key, inner in field.relations.items():
                if item.get(key):
                    yield from _named(inner, item[key], item)
        return
    to = beside.get(field.by) if isinstance(field, Ref) and field.by else None
    yield from ((str(to or field.to), str(one)) for one in (value if isinstance(value, list) else [value]))
