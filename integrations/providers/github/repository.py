"""The repository, and what belongs to it beside its issues: who can be assigned, labels, and its owner's teams."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, POST, Api
from integrations.kit.errors import Gone
from integrations.kit.lenses import at, choice, compute, instant
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByLink
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from unified_api.models.ticketing import Collection, Tag, Team, User

REPOSITORY = "/repos/{owner}/{repository}"
PAGES = ByLink(size_param="per_page")
_HOUR, _DAY = 3_600.0, 86_400.0
#: Each profile is a request of its own.
_FEW = ByLink(size_param="per_page", size=30)
#: Of new labels, as of those that GitHub makes by itself for an issue.
_GREY = "ededed"


def path_of(api: Api) -> str:
    """The path of the account's repository."""
    return "/repos/" + "/".join(quote(api.settings[name], safe="") for name in ("owner", "repository"))


def here(api: Api, addresses: set[str]) -> set[str]:
    """Those of some addresses of repositories that are the account's: an issue may have been transferred to another.

    After it was renamed, its old name redirects, and answers have the new one.
    """
    asked = "{owner}/{repository}".format_map(api.settings).lower()
    if all(name_in(one).lower() == asked for one in addresses):
        return addresses
    now = name_in(api.get(path_of(api))["url"]).lower()
    return {one for one in addresses if name_in(one).lower() in {asked, now}}


def name_in(address: str) -> str:
    """Owner and name, as they stand in an address of a repository."""
    return address.partition("/repos/")[2]


def _profiles(api: Api, users: list[Any]) -> list[Any]:
    """Users with their names and addresses, as far as they show them: the list has neither."""
    return [{**user, **_profile(api, user["login"])} for user in users]


def _profile(api: Api, login: str) -> Any:
    with suppress(Gone):
        return api.get(f"/users/{quote(login, safe='')}")
    return {}


collections = Resource(
    mapping=Mapping(
        Collection,
        remote_id="full_name",
        name=at("name", read_only=True),
        description=at("description", read_only=True),
        access_level=choice(
            "visibility", {"PUBLIC": "public", "PRIVATE": "private", "COMPANY": "internal"}, read_only=True
        ),
        collection_url=at("html_url", read_only=True),
        remote_created_at=instant("created_at", read_only=True),
        remote_updated_at=instant("updated_at", read_only=True),
    ),
    list=GET(REPOSITORY, items="", sole=True),
    get=GET(REPOSITORY),
    redirects=True,
    frequency=_HOUR,
)
people = Resource(
    mapping=Mapping(
        User,
        name=compute(lambda user: dig(user, "name") or dig(user, "login")),
        email_address=at("email", read_only=True),
        avatar=at("avatar_url", read_only=True),
    ),
    list=GET(f"{REPOSITORY}/assignees", items="", paging=_FEW, then=_profiles),
    frequency=6 * _HOUR,
)
teams = Resource(
    mapping=Mapping(Team, name=at("name", read_only=True), description=at("description", read_only=True)),
    list=GET("/orgs/{owner}/teams", items="", paging=PAGES),
    frequency=_DAY,
)
tags = Resource(
    mapping=Mapping(Tag, remote_id="name", name=at("name", create_only=True)),
    list=GET(f"{REPOSITORY}/labels", items="", paging=PAGES),
    get=GET(f"{REPOSITORY}/labels/{{remote_id}}"),
    create=POST(f"{REPOSITORY}/labels", answer=""),
    delete=DELETE(f"{REPOSITORY}/labels/{{remote_id}}"),
    recent=GET(f"{REPOSITORY}/labels", items="", paging=PAGES, pages=20),
    recognise=("name",),
    defaults=lambda _settings: {"color": _GREY},
    frequency=_HOUR,
)
