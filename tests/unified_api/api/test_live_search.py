"""Live searches: asked of the provider, through the official client."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from merge.client import Merge
from merge.core.api_error import ApiError

from integrations.kit.lenses import refs
from integrations.kit.mapping import Mapping
from tests import stub
from tests.people import Person
from tests.unified_api.api.account.test_scopes import limit
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import product_of
from unified_api import registry
from unified_api.api.extras import Extras
from unified_api.models.ticketing import Ticket, User

TICKETS = replace(
    stub.TICKETS,
    mapping=Mapping(
        Ticket, remote_id="id", name="title", status="state", assignees=refs("people"), ticket_url="url"
    ),
    selects={
        ("name", "EQUALS"): lambda told: {"title": told},
        ("assignees", "IS_ONE_OF"): lambda told: {"people": ",".join(told)},
    },
)


@pytest.fixture
def desk(desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> stub.Desk:
    """A desk whose list can be asked for a title, and for people."""
    provider = replace(stub.PROVIDER, resources=(TICKETS, stub.USERS))
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    page = stub._page

    def searched(table: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        people = set(query.get("people", "").split(",")) - {""}
        found = {
            key: row
            for key, row in table.items()
            if query.get("title") in {None, row.get("title")}
            and (not people or people & set(row.get("people", ())))
        }
        return page(found, query)

    monkeypatch.setattr(stub, "_page", searched)
    return desk


def search(merge: Merge, **query: Any) -> dict[str, Any]:
    """What is answered, which the client gives as bytes."""
    told: dict[str, Any] = json.loads(b"".join(merge.ticketing.tickets.live_search_retrieve(**query)))
    return told


def test_what_was_never_read_is_found(api: Linked, merge: Merge, desk: stub.Desk) -> None:
    """As the provider has it now; it is a record like any other from then on."""
    desk.add(title="printer", state="open")
    desk.add(title="door", state="open")
    [found] = search(merge, name="printer")["results"]

    assert (found["name"], found["status"]) == ("printer", "open")
    assert merge.ticketing.tickets.retrieve(found["id"]).name == "printer"
    assert [one.name for one in merge.ticketing.tickets.list().results or []] == ["printer"]


def test_a_search_goes_on_page_by_page(merge: Merge, desk: stub.Desk) -> None:
    """`next` leads through all that is found, and belongs to its search."""
    for number in range(stub.PAGE + 2):
        desk.add(title="printer" if number else "door", state="open")
    first = search(merge, name="printer")
    second = search(merge, name="printer", remote_cursor=first["next"])

    assert (len(first["results"]), len(second["results"]), second["next"]) == (stub.PAGE, 1, None)
    with pytest.raises(ApiError) as caught:
        search(merge, name="door", remote_cursor=first["next"])
    assert (caught.value.status_code, list(caught.value.body)) == (400, ["cursor"])


def test_people_are_searched_by_our_ids_and_by_their_names(
    api: Linked, merge: Merge, desk: stub.Desk
) -> None:
    """The provider is asked by its own ids; who is not known finds nothing."""
    ada = desk.add("users", name="Ada")
    desk.add(title="printer", people=[ada])
    desk.add(title="door", people=[])
    record = api.land(ada, model=User, name="Ada")

    for query in ({"assignee_ids": str(record)}, {"assignees": "Ada,Grace"}):
        assert [one["name"] for one in search(merge, **query)["results"]] == ["printer"]
    for query in ({"assignee_ids": str(uuid.uuid4())}, {"assignees": "Grace"}):
        assert search(merge, **query)["results"] == []


@pytest.mark.parametrize("said", [{"disabled_fields": ["name"]}, {"read": False}])
def test_nobody_is_found_by_a_name_that_may_not_be_read(
    api: Linked, merge: Merge, desk: stub.Desk, said: dict[str, Any]
) -> None:
    """A right guess finds no more than a wrong one; by the id it is found."""
    ada = desk.add("users", name="Ada")
    desk.add(title="printer", people=[ada])
    record = api.land(ada, model=User, name="Ada")
    limit(api, "User", **said)

    assert search(merge, assignees="Ada")["results"] == []
    assert [one["name"] for one in search(merge, assignee_ids=str(record))["results"]] == ["printer"]


def test_a_name_is_asked_for_as_it_is(merge: Merge, desk: stub.Desk) -> None:
    """Also with signs that mean something in templates of adapters."""
    for name in ("{base_url}", "a { of its own", "100 %s"):
        desk.add(title=name, state="open")
        assert [one["name"] for one in search(merge, name=name)["results"]] == [name]


def test_a_provider_that_finds_more_than_was_asked_for_shows_no_more(
    merge: Merge, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some search for parts of a name: the rest is not shown, and not taken in."""
    page = stub._page

    def wide(table: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        parts = {key: row for key, row in table.items() if query.get("title", "") in row["title"]}
        return page(parts, {name: told for name, told in query.items() if name != "title"})

    monkeypatch.setattr(stub, "_page", wide)
    for name in ("Print", "Printer is on fire"):
        desk.add(title=name, state="open")

    assert [one["name"] for one in search(merge, name="Print")["results"]] == ["Print"]
    assert [one.name for one in merge.ticketing.tickets.list().results or []] == ["Print"]


def test_what_the_provider_cannot_be_asked_is_refused(merge: Merge) -> None:
    """With the name of the parameter, and with what it can be asked."""
    with pytest.raises(ApiError) as caught:
        search(merge, ticket_url="https://desk.example/1")

    told = "Stub cannot be searched by this; it can by name, assignee_ids, assignees."
    assert (caught.value.status_code, caught.value.body) == (400, {"ticket_url": [told]})


def test_where_there_is_nobody_to_ask_there_is_no_search(alice: Person, link: Link) -> None:
    """An account whose records have no other home is read by its lists."""
    product = product_of(alice, link, "ticketing")
    refused = product.call("get", "ticketing/v1/tickets/live-search")

    assert refused.status_code == 404
    assert "no live search of tickets" in refused.json()["detail"]


def test_a_provider_that_fails_is_told_as_such(merge: Merge, desk: stub.Desk) -> None:
    """403 where it lets nobody search."""
    desk.refuse = [403]
    with pytest.raises(ApiError) as caught:
        search(merge, name="printer")

    assert caught.value.status_code == 403


def test_a_search_shows_sensitive_fields_to_no_key_that_may_not_read_them(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As no list does, and before anybody is asked; no model that can be searched has such fields today."""
    monkeypatch.setattr(Extras, "asked", lambda _model, _params: Extras(sensitive=True))
    refused = api.get("tickets/live-search", {"name": "leak"})

    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
    assert desk.log == []
