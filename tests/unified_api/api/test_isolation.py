"""For every URL of the API: a stranger with somebody's ids and tokens gets 401 or 404, and nothing of theirs."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from unified_api.models.ticketing import Ticket

SECRET = "eyes only"
METHODS = ("get", "post", "put", "patch", "delete")
#: Routes that name a record, or a linked account, in their query.
BY_RECORD = ("api/sync/v1/history", "api/sync/v1/why")
FEEDS = ("api/sync/v1/changes",)
#: Routes that name a bridge in their query.
BY_BRIDGE = ("api/sync/v1/drift", "api/sync/v1/pairs")
#: What everybody may see, as it is nobody's.
OPEN = ("api/docs", "api/openapi.json", "api/integrations")
#: The last segments of what is asked with a key alone, and about what is the key's.
OF_THE_KEY = (
    "audit-trail",
    "create-link-token",
    "default-scopes",
    "generate-key",
    "integrations",
    "issues",
    "link-token",
    "linked-accounts",
    "regenerate-key",
)
#: What is asked of the provider itself: both have an account at one desk here, and each is shown what is there.
AT_THE_PROVIDER = ("live-search",)
#: Lists of what a key reaches, which name no account.
LISTS = tuple(f"api/sync/v1/{name}" for name in ("bridges", "conflicts", "issues", "plans", "writes"))


def routes() -> dict[str, list[str]]:
    """Every path of the API, with its placeholders, and the methods that it has."""
    [api] = [p for p in get_resolver().url_patterns if str(p.pattern) == "api/"]
    assert isinstance(api, URLResolver)
    return dict(sorted(_paths(api, "")))


def _paths(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, list[str]]]:
    for entry in resolver.url_patterns:
        path = prefix + str(resolver.pattern) + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, _methods(entry)
        else:
            yield from _paths(entry, prefix)


def _methods(entry: URLPattern) -> list[str]:
    """The methods of an endpoint; all of them for a path that is none."""
    view: Any = entry.callback
    offered = view.initkwargs.get("http_method_names", METHODS)
    return [m for m in METHODS if m in offered and hasattr(view.cls, m)] or list(METHODS)


def rooms() -> dict[str, list[str]]:
    """The paths by their first segments, such as api/ticketing and api/sync/v1/plans: as many as one test can take."""
    found: dict[str, list[str]] = defaultdict(list)
    for route in routes():
        depth = 5 if "/records/" in route else 4 if route.startswith("api/sync/") else 2
        found["/".join(route.split("/")[:depth])].append(route)
    return found


@pytest.fixture
def victim(api: Linked) -> tuple[Linked, uuid.UUID, str]:
    """Alice's account with a record and a write that Charlie must see nothing of."""
    record = api.land("1", name=SECRET, status="OPEN")
    made = api.send("post", "tickets", {"model": {"name": SECRET}})
    assert made.status_code == 201
    return api, record, made.headers["X-Isthmus-Write"]


def _call(path: str, method: str, headers: dict[str, str], ids: dict[str, str]) -> Any:
    body = json.dumps({"model": {"name": "x"}, "method": "GET", "path": "/me", **ids})
    call = getattr(caller(), method)
    if method == "get":
        return call(path, headers=headers)
    return call(path, data=body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("room", rooms())
def test_a_stranger_sees_nothing(
    room: str, victim: tuple[Linked, uuid.UUID, str], charlie: Person, link: Link, desk: stub.Desk
) -> None:
    """Charlie's key with Alice's token, his own token with Alice's ids, her token without a key."""
    api, _record, _write = victim
    for route in rooms()[room]:
        own = link(charlie)  # anew, as he may have ended his account by the route before
        _knock(route, routes()[route], victim, charlie, own, desk)

    assert api.get("account-details").status_code == 200


def _knock(
    route: str,
    methods: list[str],
    victim: tuple[Linked, uuid.UUID, str],
    charlie: Person,
    own: Linked,
    desk: stub.Desk,
) -> None:
    """Try every method of a path with every wrong pair of key and token."""
    api, record, write = victim
    before = api.stored(lambda: Ticket.objects.get(id=record)).modified_at
    strangers = {
        "their token": {**charlie.headers, "X-Account-Token": api.token.reveal()},
        "their account's id as token": {**charlie.headers, "X-Account-Token": str(api.account.id)},
        "no key": {"X-Account-Token": api.token.reveal()},
        "a guessed key": {**api.headers, "Authorization": "Bearer isk_live_guess"},
        "their ids": own.headers,
    }
    for who, headers in strangers.items():
        for path in _paths_naming(route, str(record), write, str(api.account.id)):
            for method in methods:
                answer = _call(path, method, headers, {"bridge_id": str(record), "write_id": write})
                if not _is_own(path, who):
                    assert answer.status_code in {401, 404, 405}, (who, method, path, answer.content)
                at_the_provider = who == "their ids" and path.endswith(AT_THE_PROVIDER)
                shared = () if at_the_provider else (SECRET,)
                for secret in (*shared, str(api.account.id), api.token.reveal(), desk.token):
                    assert secret not in answer.content.decode(), (who, method, path)

    assert api.stored(lambda: Ticket.objects.get(id=record)).modified_at == before


def _paths_naming(route: str, record: str, write: str, account: str) -> list[str]:
    """The route with somebody's ids in all places that take one."""
    if "<" in route:
        return ["/" + re.sub(r"<str:\w+>", named, route) for named in (record, write)]
    if route in BY_RECORD:
        return [f"/{route}?record_id={record}&field=name"]
    if route in BY_BRIDGE:
        return [f"/{route}?bridge_id={record}"]
    return [f"/{route}", f"/{route}?linked_account_id={account}"] if route in FEEDS else [f"/{route}"]


def _is_own(path: str, who: str) -> bool:
    """Whether a stranger asks for what is his: lists of his own account, and accounts that his key opens."""
    if "?" in path or path[1:] in OPEN:
        return path[1:] in OPEN
    of_the_key = path.rpartition("/")[2] in OF_THE_KEY or path[1:] in (*FEEDS, *LISTS)
    return not re.search(r"[0-9a-f]{8}-", path) and (who == "their ids" or (of_the_key and "their" in who))
