"""What a bridge file means wrongly whatever its accounts are and can do, so that it is said beside all else.

Of a file with keys or accounts that there are not, the rest is not looked at with the eyes of the accounts: nobody
knows them. But who misspelt a field there as well is not to learn of that only when everything else is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unified_api.models.base import CommonModel, common_model
from unified_api.sync.bridge import configuration
from unified_api.sync.bridge.fields import known_field, refuse_unmatched
from unified_api.sync.bridge.marked import Path
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Mistakes


def mistakes(data: Any) -> Iterator[tuple[Path, Mistake]]:
    """The mistakes about each model of a file, below its path; what has no right form says nothing here."""
    for model, told in _mapping(_mapping(data).get("models")).items():
        if isinstance(model, str) and isinstance(told, dict):
            yield from ((("models", model), one) for one in _of_model(model, told))


def _of_model(model: str, told: Mapping[str, Any]) -> Iterator[Mistake]:
    try:
        common = common_model(model)
    except (LookupError, ValueError):
        yield Mistake("", f"There is no common model {model!r}.")
        return
    found = Mistakes()
    _note_names(found, model, common, told)
    with found.noting():
        refuse_unmatched(_texts(told.get("match")), list(_mapping(told.get("fields"))))
    with found.noting():
        configuration.start(_start(_mapping(told.get("start"))))
    with found.noting():
        configuration.budget({name: _mapping(one) for name, one in _mapping(told.get("budget")).items()})
    with found.noting():
        configuration.hours(configuration.DAILY if told.get("audit") is None else told["audit"])
    try:
        found.refuse()
    except BridgeRefused as error:
        yield from error.mistakes


def _note_names(found: Mistakes, model: str, common: type[CommonModel], told: Mapping[str, Any]) -> None:
    """Note the fields that no such record has."""
    places = {f"fields.{name}": name for name in _mapping(told.get("fields"))}
    for side, values in _mapping(told.get("constants")).items():
        places |= {f"constants.{side}.{name}": name for name in _mapping(values)}
    for place, name in places.items():
        with found.noting():
            known_field(model, common, str(name), place)


def _start(told: Mapping[str, Any]) -> dict[str, Any]:
    """Where it starts, but for the word that means the day on which that is said."""
    return {name: one for name, one in told.items() if one != configuration.TODAY}


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
