"""People and groups of a real directory, made as whoever keeps it would."""

from __future__ import annotations

from typing import Any

from demo.servers import Canaille

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def add_user(directory: Canaille, name: str, **more: Any) -> dict[str, Any]:
    """Somebody who is active, with all that the directory asks for."""
    first = name.partition("-")[0].title()
    told = {"formatted": f"{first} Known", "familyName": "Known", "givenName": first}
    body = {"schemas": [CORE, ENTERPRISE], "userName": name, "name": told, "active": True, **more}
    made: dict[str, Any] = directory.scim("POST", "/Users", body)
    return made


def add_group(directory: Canaille, name: str, users: list[dict[str, Any]]) -> dict[str, Any]:
    """A group with these in it."""
    members = [{"value": user["id"], "$ref": user["meta"]["location"]} for user in users]
    made: dict[str, Any] = directory.scim(
        "POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": members}
    )
    return made


def user(directory: Canaille, remote_id: str) -> dict[str, Any]:
    """Somebody, as the directory says."""
    found: dict[str, Any] = directory.scim("GET", f"/Users/{remote_id}")
    return found


def edit(directory: Canaille, remote_id: str, **values: Any) -> None:
    """Change somebody there."""
    told = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
    directory.scim("PATCH", f"/Users/{remote_id}", {"schemas": [PATCH], "Operations": told})
