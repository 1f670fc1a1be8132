"""Who and what is there beside issues: users, projects, labels, priorities, fields."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendors.jira.common import API, asker, counted, on
from tests.emulators.world import Record, World

PRIORITIES: Final = ("Highest", "High", "Medium", "Low", "Lowest")
_KINDS: Final = "com.atlassian.jira.plugin.system.customfieldtypes:"


def user_shape(world: World, who: Record, viewer: Record | None = None) -> Record:
    """A user; the e-mail address only where that user shows it, or asks."""
    shows = who["shows"] or viewer is who
    return {
        "self": f"{world.url}{API}/user?accountId={who['id']}",
        "accountId": who["id"],
        "accountType": who["type"],
        "displayName": who["name"],
        "active": who["active"],
        "avatarUrls": {"48x48": f"https://avatars.example/{who['id']}"},
        **({"emailAddress": who["email"]} if shows else {}),
    }


@on("GET", f"{API}/myself")
def myself(world: World, request: Request) -> Answer:
    """Who asks."""
    who = asker(world, request)
    return Answer(200, {**user_shape(world, who, who), "timeZone": who["zone"], "locale": "en_US"})


@on("GET", f"{API}/serverInfo")
def server(world: World, _request: Request) -> Answer:
    """What it says of itself."""
    told = {"deploymentType": "Cloud", "versionNumbers": [1001, 0, 0], "version": "1001.0.0-SNAPSHOT"}
    return Answer(200, {**told, "baseUrl": world.url})


@on("GET", f"{API}/users/search")
def users(world: World, request: Request) -> Answer:
    """All, a page of a list that says nothing of its length."""
    start, size = request.number("startAt", 0), request.number("maxResults", 50)
    return Answer(200, [user_shape(world, one) for one in world.rows("user")[start : start + size]])


@on("GET", f"{API}/user")
def user(world: World, request: Request) -> Answer:
    """One."""
    found = world.table("user").get(request.asked("accountId") or "")
    if found is None:
        raise Refused(404, "Specified user does not exist or you do not have required permissions")
    return Answer(200, user_shape(world, found))


@on("GET", f"{API}/group/bulk")
def groups(world: World, request: Request) -> Answer:
    """Those of the site, or those with certain ids."""
    wanted = request.every("groupId")
    rows = [one for one in world.rows("group") if not wanted or one["id"] in wanted]
    return counted(request, rows, lambda one: {"groupId": one["id"], "name": one["name"]})


def project_shape(world: World, one: Record) -> Record:
    """A project as issues show it."""
    return {
        "self": f"{world.url}{API}/project/{one['id']}",
        "id": one["id"],
        "key": one["key"],
        "name": one["name"],
        "projectTypeKey": "software",
    }


def _whole(world: World, one: Record) -> Record:
    return {**project_shape(world, one), "description": one["description"], "isPrivate": one["private"]}


@on("GET", f"{API}/project/search")
def projects(world: World, request: Request) -> Answer:
    """Those that may be seen."""
    return counted(request, world.rows("project"), lambda one: _whole(world, one))


@on("GET", f"{API}/project/{{project_id}}")
def project(world: World, request: Request) -> Answer:
    """One, by its id or key."""
    return Answer(200, _whole(world, project_named(world, request.params["project_id"])))


def project_named(world: World, name: Any) -> Record:
    """A project by its id or key; raises Refused."""
    for one in world.rows("project"):
        if str(name) in {one["id"], one["key"]}:
            return one
    raise Refused(404, f"No project could be found with key '{name}'.")


@on("GET", f"{API}/label")
def labels(world: World, request: Request) -> Answer:
    """Every word that stands on an issue."""
    words = sorted({word for one in world.rows("issue") for word in one["labels"]})
    return counted(request, [{"word": word} for word in words], lambda one: one["word"], most=1000)


@on("GET", f"{API}/priority/search")
def priorities(_world: World, request: Request) -> Answer:
    """Those of the site."""
    rows = [{"id": str(number), "name": name} for number, name in enumerate(PRIORITIES, 1)]
    return counted(request, rows, lambda one: one)


@on("GET", f"{API}/field")
def fields(world: World, _request: Request) -> Answer:
    """Those of the system, of which two are shown, and the customer's own."""
    own = [
        {
            "id": one["id"],
            "key": one["id"],
            "name": one["name"],
            "custom": True,
            "schema": {
                "type": one["schema"],
                "custom": _KINDS + one["kind"],
                "customId": int(one["id"][12:]),
            },
        }
        for one in world.rows("field")
    ]
    known = [
        {"id": name, "key": name, "name": name.title(), "custom": False} for name in ("summary", "labels")
    ]
    return Answer(200, [*known, *own])
