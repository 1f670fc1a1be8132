"""Users, organizations and groups."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, EMAIL, inner, invalid, is_known, paged, spelled
from tests.emulators.world import Record, World

on: Final = Routes()
AGENTS: Final = frozenset({"agent", "admin"})


def me(world: World) -> Record:
    """Whose token it is."""
    return next(user for user in world.rows("user") if user["email"] == EMAIL)


def add_user(world: World, name: str, email: str | None, role: str = "end-user", **more: Any) -> Record:
    """A user, as the vendor completes one."""
    now = spelled(world.clock.now())
    usual: Record = {
        "name": name,
        "email": email,
        "role": role,
        "active": True,
        "suspended": False,
        "phone": None,
        "details": None,
        "organization_id": None,
        "external_id": None,
        "tags": [],
        "user_fields": {},
        "photo": None,
        "time_zone": "London",
        "created_at": now,
        "updated_at": now,
    }
    user = world.add("user", {**usual, **more})
    user["url"] = f"{world.url}{API}/users/{user['id']}.json"
    world.happened("user.created", "user", user)
    return user


def add_organization(world: World, name: str, **more: Any) -> Record:
    """An organization."""
    now = spelled(world.clock.now())
    usual: Record = {
        "name": name,
        "domain_names": [],
        "details": None,
        "notes": None,
        "group_id": None,
        "tags": [],
    }
    made = world.add(
        "organization",
        {
            **usual,
            "external_id": None,
            "organization_fields": {},
            "created_at": now,
            "updated_at": now,
            **more,
        },
    )
    made["url"] = f"{world.url}{API}/organizations/{made['id']}.json"
    return made


def add_group(world: World, name: str, **more: Any) -> Record:
    """A group."""
    now = spelled(world.clock.now())
    usual = {"description": "", "default": False, "deleted": False, "is_public": True}
    made = world.add("group", {"name": name, **usual, "created_at": now, "updated_at": now, **more})
    made["url"] = f"{world.url}{API}/groups/{made['id']}.json"
    return made


@on("GET", f"{API}/users/me")
def show_me(world: World, request: Request) -> Answer:
    """Who asks; who is nobody is told so, with 200."""
    nobody = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
    return Answer(200, {"user": me(world) if is_known(world, request) else nobody})


@on("GET", f"{API}/users")
def list_users(world: World, request: Request) -> Answer:
    """The living ones, by role."""
    roles = {*request.every("role"), *request.every("role[]")}
    living = [user for user in world.rows("user") if user["active"]]
    return paged(world, request, "users", [u for u in living if not roles or u["role"] in roles])


@on("GET", f"{API}/users/search")
def search_users(world: World, request: Request) -> Answer:
    """By `email:`, or by a text in the name, or a whole address."""
    query = (request.asked("query") or "").strip().lower()
    email = query.removeprefix("email:").strip('"')
    found = [
        user
        for user in world.rows("user")
        if user["active"] and ((user["email"] or "").lower() == email or query in user["name"].lower())
    ]
    return paged(world, request, "users", found)


@on("GET", f"{API}/users/show_many")
def show_users(world: World, request: Request) -> Answer:
    """Up to a hundred by id; unknown ones are left out."""
    ids = (request.asked("ids") or "").split(",")[:100]
    return Answer(200, {"users": [world.table("user")[one] for one in ids if one in world.table("user")]})


@on("GET", f"{API}/users/{{user_id}}")
def show_user(world: World, request: Request) -> Answer:
    """One, also where it is deleted."""
    return Answer(200, {"user": world.get("user", request.params["user_id"])})


@on("POST", f"{API}/users")
def create_user(world: World, request: Request) -> Answer:
    """A new one; an address is nobody else's."""
    told = inner(request, "user")
    email = told.get("email")
    if not told.get("name"):
        raise invalid(name="Name: cannot be blank")
    if email and any((user["email"] or "").lower() == email.lower() for user in world.rows("user")):
        raise invalid(email=f"Email: {email} is already being used by another user")
    return Answer(201, {"user": add_user(world, told.pop("name"), told.pop("email", None), **told)})


@on("PUT", f"{API}/users/{{user_id}}")
def update_user(world: World, request: Request) -> Answer:
    """Changes one; another address is added beside the first."""
    user = world.get("user", request.params["user_id"])
    told = {key: value for key, value in inner(request, "user").items() if key != "email"}
    user.update(told, updated_at=spelled(world.clock.now()))
    return Answer(200, {"user": user})


@on("DELETE", f"{API}/users/{{user_id}}")
def delete_user(world: World, request: Request) -> Answer:
    """Makes it inactive."""
    user = world.get("user", request.params["user_id"])
    user.update(active=False, updated_at=spelled(world.clock.now()))
    return Answer(200, {"user": user})


@on("GET", f"{API}/organizations")
def list_organizations(world: World, request: Request) -> Answer:
    """All of them."""
    return paged(world, request, "organizations", world.rows("organization"))


@on("GET", f"{API}/organizations/{{organization_id}}")
def show_organization(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, {"organization": world.get("organization", request.params["organization_id"])})


@on("GET", f"{API}/groups")
def list_groups(world: World, request: Request) -> Answer:
    """All of them, those that are deleted as well, unless somebody does not want them."""
    without = request.asked("exclude_deleted") == "true"
    found = [group for group in world.rows("group") if not (without and group["deleted"])]
    return paged(world, request, "groups", found)


@on("GET", f"{API}/groups/{{group_id}}")
def show_group(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, {"group": world.get("group", request.params["group_id"])})
