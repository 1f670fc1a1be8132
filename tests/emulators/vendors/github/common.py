"""What all addresses of GitHub have in common: who asks, for which repository, what may be done there, and pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import opened, piece, sealed
from tests.emulators.vendor import Routes
from tests.emulators.world import Record, World

on = Routes()
HOME: Final = "/repos/{owner}/{repo}"
#: Of what a user may do in a repository; each more than the one before.
ROLES: Final = ("none", "read", "triage", "write", "admin")
#: Who can be assigned.
ASSIGNABLE: Final = frozenset(ROLES[2:])
#: Words in the table of quirks: what GitHub may do, and a test may have it do.
CURSORS, HIDDEN_REFUSALS, NO_PERMISSIONS = "cursors", "hidden refusals", "no permissions"
FOR_EVER: Final = "tokens last for ever"
_USUAL, _MOST = 30, 100


def stamp(moment: datetime) -> str:
    """A moment as GitHub tells it: to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_quirk(world: World, word: str) -> bool:
    """Whether a test has asked for this behaviour."""
    return word in world.table("quirk")


def viewer(world: World, request: Request) -> Record | None:
    """The user whose token a request carries."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "token"}:
        return None
    login = _granted_by(world, token)
    return next(
        (user for user in world.rows("user") if (token and token == user["token"]) or login == user["login"]),
        None,
    )


def _granted_by(world: World, token: str) -> str | None:
    """Who allowed the application that holds this token, while it lasts."""
    now = world.clock.now().timestamp()
    good = [one for one in world.rows("grant") if one["ends"] is None or one["ends"] > now]
    return next((one["user"] for one in good if one["access"] == token), None)


def role(world: World, request: Request) -> str:
    """What who asks may do."""
    user = viewer(world, request)
    return str(user["role"]) if user else ROLES[0]


def may(world: World, request: Request, needed: str) -> bool:
    """Whether who asks has this role, or more."""
    return ROLES.index(role(world, request)) >= ROLES.index(needed)


def repository(world: World, request: Request) -> Record:
    """The repository of a path; raises Refused: of a former name with a redirect, of one that is hidden with 404."""
    asked = f"{request.params['owner']}/{request.params['repo']}".lower()
    for found in world.rows("repository"):
        if full_name(found).lower() == asked and may(world, request, "read"):
            return found
        if asked in found["former"]:
            _redirect(world, request, f"/repositories/{found['id']}{_behind(request)}")
    raise Refused(404, "Not Found")


def _behind(request: Request) -> str:
    """What of a path stands behind the repository."""
    rest = "/".join(request.path.split("/")[4:])
    return f"/{rest}" if rest else ""


def _redirect(world: World, request: Request, path: str) -> None:
    query = f"?{urlencode(request.query)}" if request.query else ""
    told = {"message": "Moved Permanently", "url": f"{world.url}{path}", "documentation_url": DOCS}
    raise Refused(301, told, {"Location": f"{world.url}{path}{query}"})


DOCS: Final = "https://docs.github.com/rest"


def full_name(found: Record) -> str:
    """Owner and name."""
    return f"{found['owner']}/{found['name']}"


def invalid(resource: str, *faults: Record) -> Refused:
    """A refusal of values."""
    errors = [{"resource": resource, **fault} for fault in faults]
    return Refused(
        422, {"message": "Validation Failed", "errors": errors, "documentation_url": DOCS, "status": "422"}
    )


def must(world: World, request: Request, needed: str) -> None:
    """Raise Refused for who may do less."""
    if may(world, request, needed):
        return
    if has_quirk(world, HIDDEN_REFUSALS):
        raise Refused(404, "Not Found")
    raise Refused(403, "Must have admin rights to Repository.")


def page(world: World, request: Request, rows: Sequence[Record], shape: Any) -> Answer:
    """A page of a list, and where the next one is: by number, or by a cursor."""
    size = min(request.number("per_page", _USUAL), _MOST)
    after = request.asked("after")
    first = int(opened(after, 1)[0]) if after else (request.number("page", 1) - 1) * size
    shown = piece(rows, first, size)
    headers = {} if shown.is_last else {"Link": f'<{_next(world, request, shown.behind, size)}>; rel="next"'}
    return Answer(200, [shape(world, row) for row in shown.items], headers)


def _next(world: World, request: Request, behind: int, size: int) -> str:
    kept = [(name, value) for name, value in request.query if name not in {"page", "after"}]
    place = ("after", sealed(behind)) if has_quirk(world, CURSORS) else ("page", str(behind // size + 1))
    return f"{world.url}{request.path}?{urlencode([*kept, place])}"
