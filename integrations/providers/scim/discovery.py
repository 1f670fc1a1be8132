"""What a server tells of itself."""

from __future__ import annotations

from typing import Any, Final

from integrations.kit.endpoints import Api
from integrations.kit.errors import Forbidden, Gone, Misconfigured, Rejected

CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#: Attributes that are there in every answer if they have a value; RFC 7643, section 7.
_SHOWN: Final = frozenset({"default", "always"})
#: Parts of a name that are mapped.
_NAME: Final = ("formatted", "familyName", "givenName")


def spelled_out(api: Api, users: list[Any]) -> list[Any]:
    """Users with a null for each attribute that their schema has and that has no value, as it is left out there.

    An attribute that the schema does not have, or does not always show, stays out: nothing is known of it.
    """
    core, own = _unassigned(api, "user"), _unassigned(api, "enterprise")
    return [_whole(user, core, own) if isinstance(user, dict) else user for user in users]


def _whole(user: dict[str, Any], core: dict[str, None], own: dict[str, None]) -> dict[str, Any]:
    whole = {**core, **user}
    if "name" in core:
        whole["name"] = {**dict.fromkeys(_NAME), **(user.get("name") or {})}
    if own:
        whole[ENTERPRISE] = {**own, **(user.get(ENTERPRISE) or {})}
    return whole


def _unassigned(api: Api, schema: str) -> dict[str, None]:
    return dict.fromkeys(name for name in _known(api, schema) if api.key(schema, name) in _SHOWN)


def offers_patch(api: Api) -> bool:
    """Whether single attributes can be changed, as the server says or, where it says nothing, every one should."""
    return "False" not in _known(api, "patch")


def _known(api: Api, table: str) -> list[str]:
    """What the server tells there; nothing where it does not tell of itself."""
    try:
        return api.known(table)
    except (Forbidden, Gone, Misconfigured, Rejected):
        return []
