"""Groups, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api
from integrations.kit.errors import Moved, Rejected
from integrations.kit.mapping import Mapping as Fields
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.scim.discovery import GROUP, offers_patch
from integrations.providers.scim.records import STAMP, VERSION, add, amend, changed, listed, one, sought
from unified_api.models.hris import Group

_PATH: Final = "/Groups"
_ONE: Final = "/Groups/{remote_id}"
#: So often the list of members is written anew, when others keep changing the group.
_ROUNDS: Final = 3


def _whole(fields: dict[str, Any], _current: Any) -> dict[str, Any]:
    return {"schemas": [GROUP], "members": [], **fields}


def _change(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
    amend(api, one(_PATH, remote_id), fields, current)


def join(api: Api, group: str, user: Mapping[str, Any]) -> None:
    """Have a user in a group. The reference is sent along, as servers may ask for it."""
    told = {"value": user["id"], "$ref": dig(user, "meta.location")}
    _with_members(api, group, user, [{name: value for name, value in told.items() if value}])


def leave(api: Api, group: str, user: Mapping[str, Any]) -> None:
    """Have a user in a group no more."""
    _with_members(api, group, user, [])


def _with_members(api: Api, group: str, user: Mapping[str, Any], further: list[dict[str, Any]]) -> None:
    """Have the list of members as it is, but for a user, and with further ones; whatever others change meanwhile."""
    for _round in range(_ROUNDS - 1):
        with suppress(Moved):
            return _write_members(api, group, user, further)
    return _write_members(api, group, user, further)


def _write_members(api: Api, group: str, user: Mapping[str, Any], further: list[dict[str, Any]]) -> None:
    path = one(_PATH, group)
    there = api.get(path)
    if there.get("members") is None:
        _join_unseen(api, group, further)
    else:
        others = [member for member in there["members"] if not _is(member, user)]
        amend(api, path, {"members": [*others, *further]}, there)


def _join_unseen(api: Api, group: str, further: list[dict[str, Any]]) -> None:
    """Have further members in a group that shows none: it may be empty, or a server that tells no members."""
    if not further or not offers_patch(api):
        can = "nobody can leave it" if not further else "nobody can join it, as the server has no PATCH"
        why = f"the server does not show the members of group {group}, so that {can} without a risk for them"
        raise Rejected("the group cannot be changed without its members", fields={"groups": why})
    add(api, one(_PATH, group), "members", further)


def _is(member: Mapping[str, Any], user: Mapping[str, Any]) -> bool:
    """Whether this member is this user: by id, or as some servers have it by user name."""
    location = dig(user, "meta.location")
    return member.get("value") in {user["id"], user.get("userName")} or (
        bool(location) and member.get("$ref") == location
    )


groups = Resource(
    mapping=Fields(Group, version=VERSION, name="displayName"),
    list=listed(_PATH),
    changes=changed(_PATH),
    get=GET(_ONE),
    create=POST(_PATH, body=_whole),
    update=PATCH(_ONE, send=_change, stamp=STAMP, calls=2),
    delete=DELETE(_ONE),
    recent=sought(_PATH, "displayName", "{name}"),
    recognise=("name",),
)
