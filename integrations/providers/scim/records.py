"""What people and groups have in common: how lists go on, how one is changed, and what tells that it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from integrations.kit.endpoints import GET, Api, Since, Stamp, Then
from integrations.kit.lenses import compute, instant
from integrations.kit.paging import ByOffset
from integrations.kit.paths import dig, merge
from integrations.providers.scim.discovery import ENTERPRISE, offers_patch

_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_PAGES: Final = ByOffset("startIndex", limit=None, first=1, total="totalResults")
#: Of a search by a filter that is ignored, all pages are looked at.
_MOST_PAGES: Final = 1_000
_CHANGED: Final = instant("meta.lastModified")
#: The ETag may be as coarse as the time of the last change.
STAMP: Final = Stamp(_CHANGED)


def _grows(record: Any) -> Any:
    """The time of the last change, in a spelling that sorts as text."""
    changed = _CHANGED.read(record)
    return changed.isoformat(timespec="microseconds") if isinstance(changed, datetime) else changed


VERSION: Final = compute(_grows)


def _since(moment: datetime) -> str:
    return f'meta.lastModified ge "{moment:%Y-%m-%dT%H:%M:%SZ}"'


def listed(path: str, then: Then | None = None, **more: Any) -> GET:
    """The list of all. A server may leave it out where it is empty."""
    return GET(path, items="Resources", total="totalResults", paging=_PAGES, then=then, **more)


def changed(path: str, then: Then | None = None) -> GET:
    """The list of what has changed, where the server has one."""
    since = Since(param="filter", spell=_since, stamp=_CHANGED, offered="filters_changes")
    return listed(path, then, since=since)


def equals(attribute: str, value: str) -> str:
    """A filter on what an attribute is. A value in it is a string of JSON; RFC 7644, section 3.4.2.2."""
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False)}"


def sought(path: str, attribute: str, value: str, then: Then | None = None) -> GET:
    """Those of which an attribute is this, among others where the server ignores the filter."""

    def question(params: Mapping[str, Any]) -> Mapping[str, str]:
        return {name: equals(attribute, told) if name == "filter" else told for name, told in params.items()}

    return listed(path, then, params={"filter": value}, query=question, pages=_MOST_PAGES)


def one(path: str, remote_id: str) -> str:
    """The address of a record."""
    return f"{path}/{quote(remote_id, safe='')}"


def condition(record: Mapping[str, Any]) -> dict[str, str]:
    """The header under which only this version is changed; none where the server has no versions."""
    version = dig(record, "meta.version")
    return {"If-Match": version} if isinstance(version, str) and version else {}


def amend(api: Api, path: str, fields: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Change attributes, and leave all others as they are. Raises Moved where somebody else was faster.

    Where there is no PATCH all that is known is sent again, as a PUT clears what it does not hear of.
    """
    if offers_patch(api):
        body = {"schemas": [_PATCH], "Operations": list(_operations(fields, current))}
        api.send("PATCH", path, body, headers=condition(current))
    else:
        api.send("PUT", path, _told(merge(dict(current), dict(fields))), headers=condition(current))


def add(api: Api, path: str, attribute: str, values: list[Any]) -> None:
    """Add values to an attribute by PATCH, whatever else it has."""
    operation = {"op": "add", "path": attribute, "value": values}
    api.send("PATCH", path, {"schemas": [_PATCH], "Operations": [operation]})


def _operations(fields: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One for each attribute, by its path; a complex one is sent whole, since not each server changes its parts."""
    own = fields.get(ENTERPRISE) or {}
    core = {
        name: merge(current.get(name) or {}, value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if name != ENTERPRISE
    }
    named = {**core, **{f"{ENTERPRISE}:{name}": value for name, value in own.items()}}
    return [_operation(path, _told(value)) for path, value in named.items()]


def _operation(path: str, value: Any) -> dict[str, Any]:
    if value in (None, {}):  # an empty list is sent: what is required may be empty, but not be removed
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}


def _told(value: Any) -> Any:
    """A value without the nulls in it, which mean the same as their absence."""
    if not isinstance(value, dict):
        return value
    return {name: _told(inner) for name, inner in value.items() if inner is not None}
