"""Components of bridge files: what one may say, read from the keys that `unified_api.sync.bridge.file` knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    NUMBER,
    TEXT,
    WHOLE,
    Schema,
    columns,
    keyed,
    many,
    maybe,
    named,
    record,
    word,
)
from unified_api.sync.bridge import file
from unified_api.sync.models_bridge import Bridge

_PLAIN: Final[Mapping[str, Schema]] = {
    "text": TEXT,
    "word": maybe(TEXT),
    "number": NUMBER,
    "size": {"type": ["integer", "string"]},
    "whole": WHOLE,
    "flag": FLAG,
    "any": ANY,
    "mapping": {"type": "object"},
}


def _schema(kind: Any) -> Schema:
    """What is sent for a kind of thing: a mapping may be null, which is an empty one."""
    if isinstance(kind, file.Each):
        return maybe(keyed(_schema(kind.kind)))
    if isinstance(kind, file.Several):
        return many(_schema(kind.kind))
    if isinstance(kind, Mapping):
        return maybe(_keys(kind))
    return word(*map(str, kind)) if isinstance(kind, tuple) else _PLAIN[kind]


def _keys(kind: Mapping[str, Any], *required: str) -> Schema:
    properties = {name: _schema(inner) for name, inner in kind.items()}
    return _closed(record(properties, optional=[name for name in kind if name not in required]))


def _closed(schema: Schema) -> Schema:
    """An object with these keys and no others."""
    return {**schema, "additionalProperties": False}


_MODEL_KEYS: Final = _keys(file.MODEL, "fields", "winner")
_FIELDS: Final = {**keyed(_schema(file.FIELD)), "minProperties": 1}
_MODEL: Final = named(
    "BridgeFileModel", {**_MODEL_KEYS, "properties": {**_MODEL_KEYS["properties"], "fields": _FIELDS}}
)
_BY: Final = ({"required": ["account"]}, {"required": ["end_user", "integration"]})
_ACCOUNT: Final = named("BridgeFileAccount", {**_keys(file.ACCOUNT), "anyOf": list(_BY)})
_OWN: Final = {name: kind for name, kind in file.FILE.items() if name not in {"tenant", "a", "b", "models"}}
_OF_FILE: Final = {name: _schema(kind) for name, kind in _OWN.items()}
#: A bridge file as JSON; `tenant` is the key's.
FILE: Final = named(
    "BridgeFile",
    _closed(
        record(
            {
                **_OF_FILE,
                "name": {**TEXT, "minLength": 1},
                "a": _ACCOUNT,
                "b": _ACCOUNT,
                "models": {**keyed(_MODEL), "minProperties": 1},
            },
            optional=[name for name in _OWN if name != "name"],
        )
    ),
)
#: One thing that a bridge is told otherwise than before.
DIFFERENCE: Final = named("BridgeDifference", record({"place": TEXT, "was": ANY, "now": ANY}))
_APPLIED: Final = named(
    "AppliedBridge",
    record(
        {
            "bridge_id": ID,
            "what": word("created", "changed", "unchanged"),
            **columns(Bridge, "model", "mode", "version"),
            "differences": many(DIFFERENCE),
            "wider": many(TEXT),
            "limits": many(TEXT),
        }
    ),
)
#: What became of each bridge of a file, and the models whose bridges it does not name any more.
APPLIED: Final = named(
    "AppliedBridgeFile",
    record({"name": TEXT, "dry_run": FLAG, "bridges": many(_APPLIED), "left_out": many(TEXT)}),
)
