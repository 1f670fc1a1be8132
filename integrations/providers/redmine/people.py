"""Users, whom only an administrator may list. Lists do not tell who may not sign in: these are asked for once more.

A single user is shown to an administrator together with the user's own API key: what is about signing in is let go.
"""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.lenses import at, compute
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByOffset, State, Turn
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from unified_api.models.ticketing import User

_ACTIVE, _REGISTERED, _LOCKED = 1, 2, 3
_PATH = "/users.json"
_PAGES = ByOffset(total="total_count")
#: How somebody signs in, which is nobody else's to keep.
_SIGNING_IN = frozenset({"api_key", "passwd_changed_on", "twofa_scheme"})


def _without_keys(_api: Api, users: list[Any]) -> list[Any]:
    return [{name: value for name, value in user.items() if name not in _SIGNING_IN} for user in users]


def _with_status(api: Api, users: list[Any]) -> list[Any]:
    users = _without_keys(api, users)
    if all("status" in user for user in users):  # since 5.1
        return users
    others = {user["id"]: status for status in (_REGISTERED, _LOCKED) for user in _of(api, status)}
    return [{**user, "status": others.get(user["id"], _ACTIVE)} for user in users]


def _of(api: Api, status: int) -> list[Any]:
    users: list[Any] = []
    state: State | None = None
    while True:
        answer = api.get(_PATH, {"status": str(status), **_PAGES.params(state)})
        users += answer["users"]
        state = _PAGES.next(state, Turn(answer, {}, len(answer["users"])))
        if state is None:
            return users


def _name(user: Any) -> Any:
    parts = [dig(user, name) for name in ("firstname", "lastname")]
    return MISSING if MISSING in parts else " ".join(parts)


def _is_active(user: Any) -> Any:
    status = dig(user, "status")
    return status if status is MISSING or status is None else status == _ACTIVE


#: How what others wrote or have to do shows a person.
quoted = Mapping(User, name="name")
people = Resource(
    mapping=Mapping(
        User,
        name=compute(_name),
        email_address=at("mail", read_only=True),
        is_active=compute(_is_active),
        avatar=at("avatar_url", read_only=True),
    ),
    # A blank status is every one.
    list=GET(
        _PATH,
        items="users",
        params={"status": "", "sort": "created_on,login"},
        paging=_PAGES,
        then=_with_status,
        calls=3,
    ),
    get=GET("/users/{remote_id}.json", item="user", then=_without_keys),
    frequency=3_600.0,
)
