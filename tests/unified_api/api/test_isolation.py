"""For every URL of the API: a stranger with somebody's ids and tokens gets 401 or 404, and nothing of theirs.

His own account is of the category of the URL, so that it is the walls that stop him, and not the category.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from tests.unified_api.api.pushing import product_of
from unified_api.api.openapi.document import described
from unified_api.api.openapi.document import methods as offered_by
from unified_api.api.reading import ModelEndpoint
from unified_api.api.urls import urlpatterns
from unified_api.models.base import CommonModel, category_of, common_models
from unified_api.models.ticketing import Ticket

SECRET = "eyes only"
UNAUTHORIZED, NOT_FOUND = 401, 404
ENDPOINTS = {f"api/{pattern.pattern}": endpoint for pattern, endpoint in described(urlpatterns)}
CATEGORIES = tuple(dict.fromkeys(map(category_of, common_models())))
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
LISTS = tuple(
    f"api/sync/v1/{name}" for name in ("bridges", "conflicts", "issues", "plans", "webhooks", "writes")
)


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
    body = json.dumps({"model": {"name": "x"}, "method": "GET", "path": "/me", "reason": "GDPR", **ids})
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
        own = _own(route, charlie, link)  # anew, as he may have ended his account by the route before
        _knock(route, routes()[route], victim, charlie, own, desk)

    assert api.get("account-details").status_code == 200


def _own(route: str, charlie: Person, link: Link) -> Linked:
    """Charlie's account of the category of a path: at the help desk, where no other is asked for."""
    category = getattr(ENDPOINTS.get(route), "category", "") or "ticketing"
    if category != "ticketing" or "/records/" in route:
        return product_of(charlie, link, category).linked
    return link(charlie)


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
            for method in _asked(route, methods) if who == "their ids" else methods:
                answer = _call(path, method, headers, {"bridge_id": str(record), "write_id": write})
                if not _is_own(path, who):
                    assert answer.status_code in {401, 404, 405}, (who, method, path, answer.content)
                if who == "their ids":
                    assert answer.status_code != UNAUTHORIZED, (method, path, answer.content)
                at_the_provider = who == "their ids" and path.endswith(AT_THE_PROVIDER)
                shared = () if at_the_provider else (SECRET,)
                for secret in (*shared, str(api.account.id), api.token.reveal(), desk.token):
                    assert secret not in answer.content.decode(), (who, method, path)

    assert api.stored(lambda: Ticket.objects.get(id=record)).modified_at == before


@dataclass(frozen=True)
class Other:
    """Who has ids of an account that is not his, with an account of the same category, and what his requests carry."""

    who: str
    headers: dict[str, str]


@pytest.mark.parametrize("category", CATEGORIES)
def test_ids_of_another_account_are_unknown_ids(
    category: str, alice: Person, charlie: Person, link: Link
) -> None:
    """Of every common model, whatever is asked: of another tenant's account, and of another one of the same tenant."""
    theirs = product_of(alice, link, category).linked
    others = [
        Other("another tenant", product_of(charlie, link, category).linked.headers),
        Other("another account", product_of(alice, link, category, "customer-2").linked.headers),
    ]
    records = {model: theirs.land(SECRET, model=model) for model in common_models(category)}
    before = _versions(theirs, records)
    tried = 0
    for route, endpoint in ENDPOINTS.items():
        if isinstance(endpoint, ModelEndpoint) and endpoint.category == category:
            for other in others:
                for method in _asked(route, offered_by(endpoint)):
                    _ask_for(route, method, other, str(records[endpoint.model]))
                    tried += 1

    assert tried > len(records)
    assert _versions(theirs, records) == before


def _asked(route: str, offered: list[str]) -> list[str]:
    """All methods; but what a product puts under its own ids is its own, whatever others call theirs."""
    return [method for method in offered if not (method == "put" and "/records/" in route)]


def _ask_for(route: str, method: str, other: Other, record: str) -> None:
    """A record's id where the path takes one is answered as an id that nobody has; without one, nothing is shown."""

    def asked(named: str) -> Any:
        return _call("/" + re.sub(r"<str:\w+>", named, route), method, other.headers, {})

    known = asked(record)
    told = (other.who, method, route, known.content)
    assert SECRET not in known.content.decode(), told
    assert known.status_code not in {401, 403}, told
    if "<" in route:
        unknown = str(uuid.uuid4())
        nobody = asked(unknown)
        assert known.status_code == nobody.status_code == NOT_FOUND, told
        assert known.content.decode().replace(record, unknown) == nobody.content.decode(), told


def _versions(account: Linked, records: dict[type[CommonModel], uuid.UUID]) -> list[Any]:
    """When each of the records was changed last."""
    with account.person.at_work():
        return [model.objects.get(id=one).modified_at for model, one in records.items()]


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
