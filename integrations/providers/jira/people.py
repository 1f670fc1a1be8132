"""What stands around issues: projects as collections, users, groups as teams, labels as tags.

A user is known by the account id. The e-mail address is shown to whom the user's privacy allows it, and nobody else is
told whether there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.lenses import at, choice, compute
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByOffset, State, Turn
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from unified_api.models.ticketing import Collection, Tag, Team, User

PAGES = ByOffset("startAt", "maxResults", total="total")


@dataclass(frozen=True)
class UntilEmpty:
    """An offset in a list that says nothing of its length, and whose pages may be short before its end."""

    size: int = 100

    def params(self, state: State | None) -> dict[str, str]:
        """Offset and size."""
        return {"startAt": str(state["offset"] if state else 0), "maxResults": str(self.size)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further by what came, until nothing does."""
        return {"offset": (state["offset"] if state else 0) + turn.count} if turn.count else None


def site_of(api: Api) -> str:
    """The address of the site in a browser."""
    return (api.settings.get("site") or api.settings["base_url"]).rstrip("/")


def _with_address(api: Api, projects: list[Any]) -> list[Any]:
    return [{**one, "url": f"{site_of(api)}/browse/{one['key']}"} for one in projects]


def _kind(project: Any) -> Any:
    key = dig(project, "key")
    return "PROJECT" if key else key


def _address_of(user: Any) -> Any:
    """One that is hidden is left out, or empty."""
    return dig(user, "emailAddress") or (MISSING if dig(user, "displayName") is MISSING else None)


collections = Resource(
    mapping=Mapping(
        Collection,
        name=at("name", read_only=True),
        description=at("description", read_only=True),
        collection_type=compute(_kind),
        access_level=choice("isPrivate", {"PRIVATE": True, "COMPANY": False}, read_only=True),
        collection_url=at("url", read_only=True),
    ),
    list=GET(
        "/project/search",
        items="values",
        params={"expand": "description", "orderBy": "key"},
        paging=PAGES,
        then=_with_address,
    ),
    get=GET("/project/{remote_id}", then=_with_address),
    frequency=3_600.0,
)
users = Resource(
    mapping=Mapping(
        User,
        remote_id="accountId",
        name=at("displayName", read_only=True),
        email_address=compute(_address_of),
        is_active=at("active", read_only=True),
        avatar=at(("avatarUrls", "48x48"), read_only=True),
    ),
    list=GET("/users/search", items="", paging=UntilEmpty()),
    get=GET("/user", params={"accountId": "{remote_id}"}),
    frequency=3_600.0,
)


_GROUPS = "/group/bulk"
#: Who is in a group is told to administrators of the site alone, and not read.
teams = Resource(
    mapping=Mapping(Team, remote_id="groupId", name=at("name", read_only=True)),
    list=GET(_GROUPS, items="values", paging=PAGES),
    get=GET(_GROUPS, items="values", first=True, params={"groupId": "{remote_id}"}),
    frequency=3_600.0,
)


def _named(_api: Api, labels: list[Any]) -> list[Any]:
    return [{"name": label} for label in labels]


tags = Resource(
    mapping=Mapping(Tag, remote_id="name", name=at("name", read_only=True)),
    list=GET("/label", items="values", paging=PAGES, then=_named),
    frequency=3_600.0,
)
