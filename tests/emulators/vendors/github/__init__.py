"""GitHub, as far as issues go: one organisation, a repository that is looked at, and another one."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Beyond, Limit, Spent, Vendor
from tests.emulators.vendors.github import around, issues, tokens
from tests.emulators.vendors.github.common import DOCS, HOME, ROLES, on, stamp, viewer
from tests.emulators.world import Record, World

OWNER, NAME, OTHER = "acme", "support", "other"
REPOSITORY_ID, OTHER_ID = 1296269, 77
#: Of a user in each role.
TOKENS: Final = {role: f"ghp_{role}" for role in ROLES}
_PEOPLE: Final = (
    (583231, "ada", "Ada Lovelace", "ada@example.com", "admin"),
    (1024025, "grace-h", None, None, "write"),
    (1024026, "alan", "Alan Turing", None, "triage"),
    (1024027, "visitor", None, None, "read"),
    (1024028, "stranger", None, None, "none"),
)
#: Requests in an hour.
_AN_HOUR, _MOST = 3_600.0, 5_000
_UNKNOWN: Final = "general knowledge: the description at hand was cut to reading webhooks"
_LED_TO: Final = "where redirects lead, https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api"


def _seed(world: World) -> None:
    made = stamp(world.clock.now())
    for remote_id, login, name, email, role in _PEOPLE:
        told = {"login": login, "name": name, "email": email, "role": role, "token": TOKENS[role]}
        world.add("user", {"id": remote_id, **told, "created_at": made})
    for remote_id, name in ((REPOSITORY_ID, NAME), (OTHER_ID, OTHER)):
        facts = {"id": remote_id, "owner": OWNER, "name": name, "description": "What customers ask for"}
        world.add(
            "repository", {**facts, "private": True, "has_issues": True, "former": [], "created_at": made}
        )
    for name in ("bug", "question"):
        issues.label_named(world, REPOSITORY_ID, name)
    told = {"owner": OWNER, "slug": "support-desk", "name": "Support desk", "description": "Answers first"}
    world.add("team", told)


def home(world: World) -> Record:
    """The repository that is looked at."""
    return world.get("repository", REPOSITORY_ID)


def ghost(world: World, title: str, **values: Any) -> Record:
    """An issue by somebody who is gone, or with `pull` a pull request."""
    return issues.new_issue(world, home(world), None, title=title, **values)


def edit(world: World, number: int, **values: Any) -> Record:
    """Have somebody edit an issue in the browser."""
    one = at(world, number)
    one |= {**values, "updated_at": stamp(world.clock.now())}
    world.happened("edited", "issues", one)
    return one


def delete(world: World, number: int) -> None:
    """Have an administrator delete an issue, which only the web page can."""
    one = at(world, number)
    one["deleted"] = True
    world.happened("deleted", "issues", one)


def transfer(world: World, number: int) -> Record:
    """Have somebody transfer an issue to the other repository, where it has another id and number."""
    one, target = at(world, number), world.get("repository", OTHER_ID)
    kept = {name: one[name] for name in ("user", "title", "body", "state")}
    there = issues.new_issue(world, target, kept.pop("user"), **kept)
    one["moved"] = {"repository": OTHER_ID, "number": there["number"]}
    world.happened("transferred", "issues", one)
    return there


def rename(world: World, name: str) -> None:
    """Have the repository renamed; its former name redirects."""
    held = home(world)
    held["former"] = [*held["former"], f"{OWNER}/{held['name']}"]
    held["name"] = name


def at(world: World, number: int) -> Record:
    """An issue of the repository that is looked at, by its number."""
    found = [
        one for one in world.rows("issue") if (one["repository"], one["number"]) == (REPOSITORY_ID, number)
    ]
    return found[0]


def _error(status: int, sentence: str) -> Any:
    told = {401: "Bad credentials", 429: "API rate limit exceeded for user ID 583231."}.get(status, sentence)
    return {"message": told or "Server Error", "documentation_url": DOCS, "status": str(status)}


def _enters(world: World, request: Request) -> bool:
    if request.path.startswith(("/login/", "/applications/")):
        return True
    return viewer(world, request) is not None and bool(request.headers.get("user-agent"))


def _told(spent: Spent) -> dict[str, str]:
    left, most = max(0, spent.left), spent.limit.most
    return {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Used": str(most - left),
        "X-RateLimit-Reset": str(round(spent.reset)),
        "X-RateLimit-Resource": spent.limit.name,
    }


vendor = Vendor(
    name="GitHub",
    routes=on,
    error=_error,
    enters=_enters,
    seed=_seed,
    limits=(Limit("core", _MOST, _AN_HOUR, lambda request: request.headers.get("authorization")),),
    told=_told,
    deliveries=around.sent,
    official="github/github-issues.openapi.json",
    beyond=Beyond(
        paths={
            "/repositories/{repository_id}": _LED_TO,
            "/repositories/{repository_id}/issues": _LED_TO,
            "/repositories/{repository_id}/issues/{number}": _LED_TO,
            "/repositories/{repository_id}/assignees": _LED_TO,
            "/repositories/{repository_id}/labels": _LED_TO,
            **dict.fromkeys(("/login/oauth/authorize", "/login/oauth/access_token"), tokens.__doc__ or ""),
            "/applications/{client_id}/token": f"{DOCS}/apps/oauth-applications: not in the description at hand",
            f"POST {HOME}/hooks": _UNKNOWN,
            f"DELETE {HOME}/hooks/{{hook_id}}": _UNKNOWN,
        },
        fields={"status": "answers of any account: a refusal has its number as a text"},
        nulls={
            "state_reason": "it is said to be nullable, and null is not among its words",
            "type": "it is said to be nullable, and has no such alternative",
        },
        query={"after": "a cursor of the vendor's own in the Link header [?]"},
    ),
)
