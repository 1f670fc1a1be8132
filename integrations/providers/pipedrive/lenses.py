"""What fields of persons and organizations need beside the kit's lenses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.kit.errors import Unwritable
from integrations.kit.lens import ComputeLens
from integrations.kit.paths import MISSING, bury, dig

#: Parts of a place, as Pipedrive has them by its map.
_PARTS = {
    "street_2": "subpremise",
    "city": "locality",
    "state": "admin_area_level_1",
    "postal_code": "postal_code",
}


def reached(path: str, name: str, *, create_only: bool = False) -> ComputeLens:
    """Addresses or numbers: the primary one stands first. name: of the common key of one."""
    kind = f"{name}_type"

    def read(record: Any) -> Any:
        found = dig(record, path)
        if found is MISSING or found is None:
            return found
        there = sorted((one for one in found if one["value"]), key=lambda one: not one["primary"])
        return [{name: one["value"], **_labelled(kind, one.get("label"))} for one in there]

    def write(value: Any, _current: Any) -> dict[str, Any]:
        for one in value or ():
            if not one.get(name):
                raise Unwritable(f"lacks its {name}")
        told = [
            {"value": one[name], "primary": place == 0, **_labelled("label", one.get(kind))}
            for place, one in enumerate(value or ())
        ]
        return bury(path, told)

    return ComputeLens(reader=read, writer=write, create_only=create_only)


def _labelled(key: str, label: Any) -> dict[str, Any]:
    return {key: label} if label else {}


def place(path: str) -> Callable[[Any], Any]:
    """The only place there is, which the map has taken apart; it is read alone."""

    def read(record: Any) -> Any:
        found = dig(record, path)
        if found is MISSING:
            return MISSING
        if not found:
            return []
        street = " ".join(part for part in (found.get("street_number"), found.get("route")) if part)
        told = {part: found.get(theirs) for part, theirs in _PARTS.items()}
        there = {"street_1": street or found.get("value"), **told}
        return [{part: one for part, one in there.items() if one}]

    return read
