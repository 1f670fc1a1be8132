"""Lists that go through several addresses, of which a table of the provider's says which there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from integrations.kit.auth import Bearer
from integrations.kit.client import Client
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.errors import RetryLater
from integrations.kit.http import Patience
from integrations.kit.mapping import Mapping
from integrations.kit.observation import Page
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tests.integrations.lines import connection
from tests.integrations.listener import Listener, Seen, Told, listening, told
from unified_api.models.ticketing import Tag

TAGS = Resource(
    mapping=Mapping(Tag, name="title"),
    list=GET(
        "/of/{room}",
        items="rows",
        paging=ByPage(size=2),
        of="room",
        among="rooms",
        then=lambda _api, items: [{**one, "title": one["room"]} for one in items],
    ),
)
PROVIDER = Provider(
    slug="house",
    name="House",
    category="ticketing",
    settings=(Setting("base_url", "Address", kind="url"), Setting("token", "Token", secret=True)),
    auth=Bearer(),
    check=Check(GET("/me")),
    tables={"rooms": Table(GET("/rooms", items=""), word="id")},
    resources=(TAGS,),
)


def _house(rooms: dict[str, int]) -> Any:
    """So many rows in each room; the list of rooms is in no order."""

    def answer(seen: Seen) -> Told:
        room = seen.path.rpartition("/")[2]
        if seen.path == "/rooms":
            return told([{"id": name} for name in reversed(rooms)])
        if room not in rooms:
            return Told(404, b"{}")
        page = int(seen.query["page"])
        rows = range(rooms[room])[2 * (page - 1) : 2 * page]
        return told({"rows": [{"id": f"{room}{number}"} for number in rows]})

    return answer


def _account(server: Listener) -> Client:
    line = connection({"base_url": server.url}, {"token": "t0ken"})
    return Client(PROVIDER, line, patience=Patience(attempts=1))


def _shown(pages: Sequence[Page]) -> list[list[str]]:
    return [[one.remote_id for one in page.observations] for page in pages]


def test_each_address_is_read_to_its_end() -> None:
    """In pages of its own, and its items are told of which one they are."""
    with listening(_house({"a": 3, "b": 0, "c": 1})) as server, _account(server) as client:
        pages = list(client.pages(TAGS, None))
        first, place = client.search(TAGS, None)

    assert _shown(pages) == [["a0", "a1"], ["a2"], [], ["c0"]]
    assert [page.complete for page in pages] == [False, False, False, True]
    assert {one.remote_id: one.values["name"] for page in pages for one in page.observations} == {
        "a0": "a",
        "a1": "a",
        "a2": "a",
        "c0": "c",
    }
    assert ([one.remote_id for one in first], place is None) == (["a0", "a1"], False)


def test_where_there_is_no_address_nothing_is_asked_for() -> None:
    """And the list is complete: there is nothing."""
    with listening(_house({})) as server, _account(server) as client:
        pages = list(client.pages(TAGS, None))

    assert (_shown(pages), pages[0].complete) == ([[]], True)
    assert [seen.path for seen in server.seen] == ["/rooms"]


def test_addresses_that_come_and_go_move_nothing() -> None:
    """A run goes on where it was, by name; where that address has gone, it begins again."""
    rooms = {"b": 3, "d": 1}
    with listening(_house(rooms)) as server:
        with _account(server) as client:
            cursor = next(iter(client.pages(TAGS, None))).cursor
        rooms |= {"a": 1, "c": 1}
        with _account(server) as client:
            rest = _shown(list(client.pages(TAGS, cursor)))
        del rooms["b"]
        with _account(server) as client, pytest.raises(RetryLater) as caught:
            list(client.pages(TAGS, cursor))

    assert rest == [["b2"], ["c0"], ["d0"]]
    assert caught.value.astray
