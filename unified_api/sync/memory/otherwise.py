"""What a bridge is told, otherwise: the configuration that a replay goes by. Nothing is stored of it.

Such as {"winner": "b"} for all fields, and {"fields": {"status": {"winner": "ask"}}} for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from unified_api.engine.policy import PolicyError, Shape, Winner
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.models_bridge import Bridge

#: Options that can be told for all fields.
OF_ALL: Final = ("winner", "otherwise", "first")
#: And for each.
OF_ONE: Final = (*OF_ALL, "direction", "fills", "blanks")


def otherwise(bridge: Bridge, told: Mapping[str, Any]) -> Configuration:
    """A bridge's configuration with some options of its fields told otherwise; raises PolicyError."""
    if not told:
        raise PolicyError(f"the policy is empty; possible are {', '.join(OF_ALL)}, fields")
    _refuse_unknown(told, (*OF_ALL, "fields"), "")
    before = Configuration.parse(bridge.configuration).as_data()
    known: dict[str, dict[str, Any]] = before["policy"]["fields"]
    common = {name: told[name] for name in OF_ALL if name in told}
    _refuse_several(common, "")
    for name, options in _fields(told, known).items():
        _refuse_unknown(options, OF_ONE, f"fields.{name}.")
        _refuse_several(options, f"fields.{name}.")
    fields = {name: _told(one, common, _fields(told, known).get(name, {})) for name, one in known.items()}
    return Configuration.parse({**before, "policy": {**before["policy"], "fields": fields}})


def _fields(told: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    fields: Any = told.get("fields") or {}
    if not isinstance(fields, Mapping) or not all(isinstance(one, Mapping) for one in fields.values()):
        raise PolicyError("fields: a mapping from names of fields to their options is expected")
    for name in fields:
        if name not in known:
            raise PolicyError(f"fields.{name}: the bridge carries no such field; it has {', '.join(known)}")
    return fields


def _told(one: Mapping[str, Any], common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a field. A winner that is a side decides as well where another cannot; parts ask nobody."""
    given = {**common, **own}
    if "winner" not in own and common.get("winner") == Winner.ASK and one["shape"] != Shape.VALUE:
        del given["winner"]
    if given.get("winner") in {Winner.A, Winner.B}:
        given.setdefault("otherwise", given["winner"])
    return {**one, **given}


def _refuse_unknown(told: Mapping[str, Any], possible: tuple[str, ...], place: str) -> None:
    for name in told:
        if name not in possible:
            raise PolicyError(f"{place}{name}: unknown option; possible are {', '.join(possible)}")


def _refuse_several(told: Mapping[str, Any], place: str) -> None:
    for name, value in told.items():
        if isinstance(value, list | dict):
            raise PolicyError(f"{place}{name}: a single word is expected, and not {value!r}")
