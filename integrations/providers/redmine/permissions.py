"""What Redmine drops in silence where it is not permitted, and would then be public, is refused before it leaves."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Rejected

#: Requests of a look at the roles of somebody who has two in a project.
CALLS = 3


def require(
    api: Api, project: Any, field: str, *permissions: str, of_own: str = "", author: Any = None
) -> None:
    """See that the key's user has one of these permissions in a project; raises Rejected, which names the field.

    of_own: one that is enough for what the user has made. author: who has made it; None: the user does just now.
    """
    user = api.get("/users/current.json", {"include": "memberships"})["user"]
    if of_own and author in {None, user["id"]}:
        permissions = (*permissions, of_own)
    if user.get("admin") or any(_permits(api, role, permissions) for role in _roles(user, project)):
        return
    told = f"cannot be private: the user of the key lacks the permission {' or '.join(permissions)}"
    raise Rejected("Redmine would make public what is to be private", fields={field: told})


def _roles(user: Any, project: Any) -> list[int]:
    """Of the user in a project, by its id."""
    held = [one for one in user.get("memberships") or () if str(one["project"]["id"]) == str(project)]
    return [role["id"] for one in held for role in one["roles"]]


def _permits(api: Api, role: int, permissions: tuple[str, ...]) -> bool:
    found = api.get(f"/roles/{role}.json")["role"]["permissions"]
    return not set(permissions).isdisjoint(found)
