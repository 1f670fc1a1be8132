"""Records of the kinds that the company has made for itself.

Each kind has a list and a search of its own, which are gone through one after the other. The id of a record is its
kind's and its own, `2-3456-512`. Its fields are the properties that can be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, PATCH, Api
from integrations.kit.errors import Rejected, Unwritable
from integrations.kit.lens import Lens, Words
from integrations.kit.lenses import compute, ref
from integrations.kit.mapping import Mapping as Fields
from integrations.kit.paging import State
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.hubspot.archived import archived_among
from integrations.providers.hubspot.people import version
from integrations.providers.hubspot.properties import WITHIN
from integrations.providers.hubspot.records import OBJECTS, PAGES, Kind
from integrations.providers.hubspot.schemas import CLASSES, FIELDS, forms
from integrations.providers.hubspot.searching import changed, newest
from unified_api.models.crm import CustomObject

#: Under which a record says of which kind it is; so do addresses.
CLASS: Final = "object_class"
_ALL: Final = f"{OBJECTS}/{{{CLASS}}}"
_ONE: Final = f"{OBJECTS}/{{remote_id}}"
_CREATED: Final = "hs_createdate"


class _Own(Kind):
    @property
    def path(self) -> str:
        """Where they are."""
        return f"{OBJECTS}/{quote(self.name, safe='')}"

    def forms(self, api: Api) -> Mapping[str, str | None]:
        """Those that can be written."""
        return forms(api, self.name)

    def whole(self, api: Api, items: list[Any]) -> list[Any]:
        """Without what is shown although nobody asked for it."""
        known = self.forms(api) if items else {}
        return [
            {**self.shown(one), WITHIN: {name: value for name, value in one[WITHIN].items() if name in known}}
            for one in super().whole(api, items)
        ]

    def shown(self, record: Any) -> dict[str, Any]:
        """A record under the id of its kind and its own."""
        return {**record, "id": f"{self.name}-{record['id']}", CLASS: self.name}


@dataclass(frozen=True, kw_only=True)
class FieldsLens(Lens):
    """All values by the names of their fields; those that are not spoken of stay as they are."""

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """Those that differ."""
        if value is None:
            raise Unwritable("cannot be taken away there; give each of them as null")
        there = dig(current, self.path) or {}
        told = {name: one for name, one in value.items() if current is None or there.get(name) != one}
        return super().write(told, current, words)

    def same(self, left: Any, right: Any) -> bool:
        """Whether what the second one says stands in the first one."""
        return all(left.get(name) == one for name, one in right.items())


def parted(remote_id: str) -> tuple[str, str]:
    """The kind in an id, and what is its own; both empty of what is none."""
    kind, _dash, own = remote_id.rpartition("-")
    return (kind, own) if kind and own else ("", "")


def _whole(api: Api, items: list[Any]) -> list[Any]:
    """All that is on a page is of one kind."""
    return _Own(name=items[0][CLASS]).whole(api, items) if items else []


def _find(api: Api, remote_id: str) -> Any:
    kind, own = parted(remote_id)
    return _Own(name=kind).find(api, own) if kind and kind in api.known(CLASSES) else None


def _make(api: Api, body: dict[str, Any]) -> str:
    kind, told = body[CLASS], body[WITHIN]
    if kind not in api.known(CLASSES):
        raise Rejected("no such class", fields={CLASS: "is none of the company's own"})
    if all(value is None for value in told.values()):
        raise Rejected("it would be empty", fields={WITHIN: "has no value in it"})
    return f"{kind}-{_Own(name=kind).make(api, {WITHIN: told})}"


def _change(api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
    kind, own = parted(remote_id)
    _Own(name=kind).change(api, own, patch, current)


def _remove(api: Api, remote_id: str, _fields: dict[str, Any], _current: Any) -> None:
    kind, own = parted(remote_id)
    api.send("DELETE", f"{_Own(name=kind).path}/{quote(own, safe='')}", repeatable=True)


def _archived(api: Api, since: datetime, place: State | None) -> tuple[list[Any], State | None]:
    paths = {kind: _Own(name=kind).path for kind in api.known(CLASSES)}
    found, further = archived_among(paths, api, since, place)
    return [_Own(name=kind).shown(one) for kind, one in found], further


listed: Final = GET(
    _ALL,
    items="results",
    params={"archived": "false"},
    paging=PAGES,
    of=CLASS,
    among=CLASSES,
    then=_whole,
)
custom_objects = Resource(
    mapping=Fields(
        CustomObject,
        version=compute(version),
        gone="archived",
        object_class=ref(CLASS, create_only=True),
        fields=FieldsLens(path=WITHIN),
    ),
    list=listed,
    changes=replace(changed(_ALL, Kind.changed, _whole, _archived), of=CLASS, among=CLASSES),
    get=GET(_ONE, find=_find),
    create=_make,
    update=PATCH(_ONE, send=_change),
    delete=DELETE(_ONE, send=_remove),
    recent=newest(_ALL, _CREATED, _whole, of=CLASS, calls=2),
    recognise=(CLASS, "fields"),
    tables=(CLASSES, FIELDS),
    lookback=600.0,
    read_lag=60.0,
    redirects=True,
)
