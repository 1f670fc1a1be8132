"""Who is there: agents as users, end users as contacts, organizations as accounts, groups as teams."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, POST, PUT
from integrations.kit.lenses import at, compute, each, instant, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.zendesk.exports import PAGES, by_cursor, by_time
from unified_api.models.ticketing import Account, Contact, Team, User

AGENTS = frozenset({"agent", "admin"})
_END_USER = "end-user"


def _is_no_agent(user: Any) -> bool:
    return dig(user, "active") is False or dig(user, "role") not in (*AGENTS, MISSING)


def _is_no_end_user(user: Any) -> bool:
    return dig(user, "active") is False or dig(user, "role") not in (_END_USER, MISSING)


def _may_enter(user: Any) -> Any:
    suspended = dig(user, "suspended")
    return suspended if suspended is MISSING or suspended is None else not suspended


def _new(fields: dict[str, Any], _current: Any) -> dict[str, Any]:
    return {"user": {**fields, "role": _END_USER}}


def _changed(fields: dict[str, Any], _current: Any) -> dict[str, Any]:
    return {"user": fields}


_USER = GET("/users/{remote_id}", item="user")
users = Resource(
    mapping=Mapping(
        User,
        gone=compute(_is_no_agent),
        name="name",
        email_address="email",
        is_active=compute(_may_enter),
        avatar=at("photo.content_url", read_only=True),
    ),
    list=GET("/users", items="users", params={"role[]": ("agent", "admin")}, paging=PAGES),
    get=_USER,
    frequency=900.0,
)
contacts = Resource(
    mapping=Mapping(
        Contact,
        gone=compute(_is_no_end_user),
        name="name",
        email_address=text("email", caseless=True, create_only=True),
        phone_number="phone",
        details="details",
        account=ref("organization_id", whole=True),
    ),
    list=by_cursor("users", instant("updated_at")),
    get=_USER,
    create=POST("/users", remote_id="user.id", body=_new),
    update=PUT("/users/{remote_id}", body=_changed),
    required=("name",),
    recent=GET("/users/search", items="users", params={"query": 'email:"{email_address}"'}),
    recognise=("email_address",),
    sweep_every=7 * 86_400.0,
)
organizations = Resource(
    mapping=Mapping(Account, name="name", domains=each("domain_names")),
    list=by_time("organizations", instant("updated_at")),
    get=GET("/organizations/{remote_id}", item="organization"),
)
groups = Resource(
    mapping=Mapping(Team, gone="deleted", name="name", description="description"),
    list=GET("/groups", items="groups", paging=PAGES),
    get=GET("/groups/{remote_id}", item="group"),
    frequency=3_600.0,
)
