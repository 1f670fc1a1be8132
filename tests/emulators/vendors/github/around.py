"""What stands around issues: repositories, labels, users, teams, and webhooks."""

from __future__ import annotations

import hmac
import json
import uuid
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Delivery
from tests.emulators.vendors.github import shapes
from tests.emulators.vendors.github.common import (
    ASSIGNABLE,
    HOME,
    NO_PERMISSIONS,
    full_name,
    has_quirk,
    invalid,
    must,
    on,
    page,
    repository,
    role,
    stamp,
    viewer,
)
from tests.emulators.world import Event, Record, World

_LABELS: Final = f"{HOME}/labels"
_HOOKS: Final = f"{HOME}/hooks"


@on("GET", HOME)
def show(world: World, request: Request) -> Answer:
    """The repository, with what who asks may do."""
    shown = shapes.repository(world, repository(world, request), role(world, request))
    if has_quirk(world, NO_PERMISSIONS):
        del shown["permissions"]
    return Answer(200, shown)


@on("GET", "/repositories/{repository_id}")
@on("GET", "/repositories/{repository_id}/issues")
@on("GET", "/repositories/{repository_id}/issues/{number}")
@on("GET", "/repositories/{repository_id}/assignees")
@on("GET", "/repositories/{repository_id}/labels")
def by_number(world: World, request: Request) -> Answer:
    """What a redirect names: the same as by the name of today."""
    home = world.get("repository", request.params["repository_id"])
    rest = "/".join(request.path.split("/")[3:])
    path = f"/repos/{full_name(home)}/{rest}".rstrip("/")
    route, params = next(found for found in on.find(path) if found[0].method == "GET")
    return route.handle(world, Request("GET", path, request.query, request.headers, b"", params))


@on("GET", "/user")
def me(world: World, request: Request) -> Answer:
    """Who asks."""
    return Answer(200, shapes.profile(world, viewer(world, request) or {}))


@on("GET", "/users/{username}")
def user(world: World, request: Request) -> Answer:
    """What a user shows."""
    asked = request.params["username"].lower()
    found = next((one for one in world.rows("user") if one["login"].lower() == asked), None)
    if found is None:
        raise Refused(404, "Not Found")
    return Answer(200, shapes.profile(world, found))


@on("GET", f"{HOME}/assignees")
def assignees(world: World, request: Request) -> Answer:
    """Who can be assigned."""
    repository(world, request)
    rows = [one for one in world.rows("user") if one["role"] in ASSIGNABLE]
    return page(world, request, rows, shapes.user)


@on("GET", "/orgs/{org}/teams")
def teams(world: World, request: Request) -> Answer:
    """Those of an organisation; a user has no such list."""
    rows = [one for one in world.rows("team") if one["owner"].lower() == request.params["org"].lower()]
    if not rows:
        raise Refused(404, "Not Found")
    return page(world, request, rows, shapes.team)


@on("GET", _LABELS)
def labels(world: World, request: Request) -> Answer:
    """All of a repository, by name."""
    home = repository(world, request)
    rows = [one for one in world.rows("label") if one["repository"] == home["id"]]
    return page(world, request, sorted(rows, key=lambda one: str(one["name"]).lower()), shapes.label)


@on("POST", _LABELS)
def new_label(world: World, request: Request) -> Answer:
    """A new one; names differ by more than capitals."""
    home, name = repository(world, request), str(request.body["name"])
    must(world, request, "write")
    if any(
        one["repository"] == home["id"] and one["name"].lower() == name.lower() for one in world.rows("label")
    ):
        raise invalid("Label", {"code": "already_exists", "field": "name"})
    told = {"color": request.body.get("color", "ededed"), "description": request.body.get("description")}
    made = world.add("label", {"repository": home["id"], "name": name, **told})
    world.happened("created", "label", made)
    return Answer(201, shapes.label(world, made))


@on("GET", f"{_LABELS}/{{name}}")
def label(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, shapes.label(world, _label(world, request)))


@on("PATCH", f"{_LABELS}/{{name}}")
def rename_label(world: World, request: Request) -> Answer:
    """Give it another name, everywhere; no issue moves by that."""
    found = _label(world, request)
    must(world, request, "write")
    before, after = found["name"], request.body.get("new_name", found["name"])
    for one in world.rows("issue"):
        if one["repository"] == found["repository"]:
            one["labels"] = [after if name == before else name for name in one["labels"]]
    found["name"] = after
    world.happened("edited", "label", found, changes={"name": {"from": before}})
    return Answer(200, shapes.label(world, found))


@on("DELETE", f"{_LABELS}/{{name}}")
def remove_label(world: World, request: Request) -> Answer:
    """Take it from all issues; none of them moves by that."""
    found = _label(world, request)
    must(world, request, "write")
    for one in world.rows("issue"):
        if one["repository"] == found["repository"]:
            one["labels"] = [name for name in one["labels"] if name != found["name"]]
    world.happened("deleted", "label", found)
    del world.table("label")[str(found["id"])]
    return Answer(204)


def _label(world: World, request: Request) -> Record:
    home, asked = repository(world, request), request.params["name"].lower()
    for one in world.rows("label"):
        if (one["repository"], one["name"].lower()) == (home["id"], asked):
            return one
    raise Refused(404, "Not Found")


@on("GET", _HOOKS)
def hooks(world: World, request: Request) -> Answer:
    """Those of a repository, for its administrators."""
    home = _administered(world, request)
    return page(
        world, request, [one for one in world.rows("hook") if one["repository"] == home["id"]], shapes.hook
    )


@on("POST", _HOOKS)
def new_hook(world: World, request: Request) -> Answer:
    """A new one, which is tried at once."""
    home, now, told = _administered(world, request), stamp(world.clock.now()), request.body
    facts = {name: told[name] for name in ("name", "active", "events", "config")}
    made = world.add("hook", {"repository": home["id"], **facts, "created_at": now, "updated_at": now})
    world.happened("ping", "ping", made)
    return Answer(201, shapes.hook(world, made))


@on("DELETE", f"{_HOOKS}/{{hook_id}}")
def remove_hook(world: World, request: Request) -> Answer:
    """No more deliveries."""
    _hook(world, request)
    del world.table("hook")[request.params["hook_id"]]
    return Answer(204)


@on("GET", f"{_HOOKS}/{{hook_id}}/deliveries")
def deliveries(world: World, request: Request) -> Answer:
    """What was sent, newest first."""
    hook = _hook(world, request)
    rows = [one for one in world.rows("delivery") if one["hook"] == hook["id"]]
    return Answer(200, [one["shown"] for one in reversed(rows)])


@on("POST", f"{_HOOKS}/{{hook_id}}/deliveries/{{delivery_id}}/attempts")
def deliver_again(world: World, request: Request) -> Answer:
    """Have one sent again, under its name."""
    _hook(world, request)
    world.happened("again", "delivery", world.get("delivery", request.params["delivery_id"]))
    return Answer(202, {})


def _administered(world: World, request: Request) -> Record:
    home = repository(world, request)
    if role(world, request) != "admin":
        raise Refused(404, "Not Found")
    return home


def _hook(world: World, request: Request) -> Record:
    home, found = _administered(world, request), world.table("hook").get(request.params["hook_id"])
    if found is None or found["repository"] != home["id"]:
        raise Refused(404, "Not Found")
    return found


def sent(world: World, event: Event) -> list[Delivery]:
    """What goes out for an event: to each webhook that listens to it; again as it was."""
    if event.kind == "delivery":
        return [_packed(event.record, again=True)]
    home = _home_of(world, event)
    listening = [
        one
        for one in world.rows("hook")
        if one["active"]
        and one["repository"] == home["id"]
        and (event.record["id"] == one["id"] if event.kind == "ping" else event.kind in one["events"])
    ]
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.url}/{event.id}"))
    return [_packed(_noted(world, hook, event, home, name)) for hook in listening]


def _home_of(world: World, event: Event) -> Record:
    on_it = (
        world.table("issue")[str(event.record["issue"])] if event.kind == "issue_comment" else event.record
    )
    return world.table("repository")[str(on_it["repository"])]


def _noted(world: World, hook: Record, event: Event, home: Record, name: str) -> Record:
    told = {"action": event.word, "repository": shapes.repository(world, home, "read"), **event.more}
    facts = {
        "hook": hook["id"],
        "guid": name,
        "kind": event.kind,
        "config": hook["config"],
        "body": json.dumps({**told, **_told(world, event)}),
    }
    made = world.add("delivery", facts)
    made["shown"] = {
        "id": made["id"],
        "guid": name,
        "delivered_at": stamp(event.at),
        "redelivery": False,
        "duration": 0.1,
        "status": "OK",
        "status_code": 200,
        "event": event.kind,
        "action": event.word,
        "installation_id": None,
        "repository_id": home["id"],
    }
    return made


def _told(world: World, event: Event) -> Record:
    if event.kind == "ping":
        return {"zen": "Keep it logically awesome.", "hook_id": event.record["id"]}
    if event.kind == "issue_comment":
        issue = shapes.issue(world, world.table("issue")[str(event.record["issue"])])
        return {"issue": issue, "comment": shapes.comment(world, event.record)}
    if event.kind == "issues":
        return {"issue": shapes.issue(world, event.record)}
    return {"label": shapes.label(world, event.record)}


def _packed(noted: Record, *, again: bool = False) -> Delivery:
    """Signed over its bytes, where the webhook has a secret."""
    config: Record = noted["config"]
    body = noted["body"].encode()
    headers: dict[str, Any] = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/1",
        "X-GitHub-Event": noted["kind"],
        "X-GitHub-Delivery": noted["guid"],
    }
    if config.get("secret"):
        digest = hmac.new(config["secret"].encode(), body, "sha256").hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={digest}"
    noted["shown"] = {**noted["shown"], "redelivery": again}
    return Delivery(config["url"], headers, body)
