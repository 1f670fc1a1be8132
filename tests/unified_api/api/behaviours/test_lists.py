"""Lists, and the filters on nearly every one of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations.kit.observation import Observation
from tenants.scope import scope
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from tests.unified_api.api.pushing import product_of
from unified_api.models.ticketing import Ticket
from unified_api.sync import store

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def remote_ids(answer: Any) -> list[str]:
    """The provider's ids of a page."""
    assert answer.status_code == 200, answer.content
    return [one["remote_id"] for one in answer.json()["results"]]


def test_the_default_page_is_30_and_the_largest_100(api: Linked) -> None:
    """More than 100 are 100, not an error; a page says no count."""
    began, ended = api.moments.draw(), api.moments.draw()
    about: Any = (None, began, ended, {}, "/tickets", "list")
    seen = [Observation(Ticket, str(n), {"name": str(n)}, *about) for n in range(101)]
    with scope(api.person.tenant_id), store.entry(api.account.id, began=api.moments.time_of) as entry:
        entry.land(seen, store.Cause("pull"))
    sizes = [
        len(api.get("tickets", query).json()["results"])
        for query in ({}, {"page_size": 100}, {"page_size": 101})
    ]

    assert sizes == [30, 100, 100]
    assert list(api.get("tickets").json()) == ["next", "previous", "results"]


def test_lists_are_in_the_order_in_which_records_were_first_stored(api: Linked) -> None:
    """Whatever becomes of them, and whatever their provider's times are."""
    api.land("b", name="first", remote_created_at=LONG_AGO)
    api.land("a", name="second", remote_created_at=LONG_AGO - dt.timedelta(days=1))
    api.land("b", name="first, changed")

    assert remote_ids(api.get("tickets")) == ["b", "a"]


@pytest.mark.parametrize(
    ("model", "path", "field"),
    [
        ("hris.BankInfo", "bank-info", "remote_created_at"),
        ("hris.Employment", "employments", "effective_date"),
        ("hris.TimesheetEntry", "timesheet-entries", "start_time"),
    ],
)
def test_three_lists_take_an_order_with_a_minus_for_descending(
    alice: Person, link: Link, model: str, path: str, field: str
) -> None:
    """By a time of the provider's; pages go on in it."""
    product = product_of(alice, link)
    for remote_id, year in (("2", 2022), ("1", 2021), ("3", 2023)):
        assert product.push(model, remote_id, {field: f"{year}-01-01T00:00:00Z"}).status_code == 201
    url = f"hris/v1/{path}?page_size=2&order_by="
    first = product.call("get", f"{url}{field}")
    rest = product.call("get", f"{url}{field}&cursor={first.json()['next']}")

    assert remote_ids(first) + remote_ids(rest) == ["1", "2", "3"]
    assert remote_ids(product.call("get", f"{url}-{field}")) == ["3", "2"]
    assert product.call("get", f"{url}nothing").status_code == 400


def test_cursors_are_opaque_and_go_back_with_the_other_parameters(api: Linked) -> None:
    """They are no addresses; null at the end."""
    for number in range(3):
        api.land(str(number), name=f"ticket {number}", status="OPEN")
    api.land("other", name="other", status="CLOSED")
    asked: dict[str, Any] = {"status": "OPEN", "page_size": 2}
    first = api.get("tickets", asked).json()
    second = api.get("tickets", {**asked, "cursor": first["next"]})

    assert "/" not in first["next"]
    assert "=" not in first["next"]
    assert remote_ids(second) == ["2"]
    assert second.json()["next"] is None


def test_some_answers_are_no_lists(api: Linked) -> None:
    """Bare arrays, an object of words, results alone, objects by model in PascalCase."""
    api.work()
    assert [
        type(api.get("webhook-receivers").json()),
        type(api.send("post", "sync-status/resync", None).json()),
    ] == [
        list,
        list,
    ]
    words = caller().get("/api/hris/v1/groups/types", headers=api.person.headers).json()
    assert list(words) == ["types"]
    assert {"TEAM", "DEPARTMENT"} <= set(words["types"])
    assert list(api.get("selective-sync/conditions").json()) == ["results"]
    for path in ("field-mappings", "remote-fields", "target-fields"):
        told = api.get(path).json()
        assert {"Ticket"} <= set(told), path
        assert all(name[0].isupper() and "_" not in name for name in told), path


def test_created_and_modified_are_our_own_stamps(api: Linked) -> None:
    """Not the provider's times."""
    api.land("1", name="old", remote_created_at=LONG_AGO, remote_updated_at=LONG_AGO)
    bound = (LONG_AGO + dt.timedelta(days=1)).isoformat()

    for name in ("created", "modified"):
        assert remote_ids(api.get("tickets", {f"{name}_after": bound})) == ["1"]
        assert remote_ids(api.get("tickets", {f"{name}_before": bound})) == []
    assert remote_ids(api.get("tickets", {"remote_created_after": bound})) == []


def test_native_enum_values_stand_beside_the_normalized_ones(api: Linked, desk: stub.Desk) -> None:
    """`status_native` beside `status`, for every field of words, where it is asked for; null where nobody said any."""
    desk.add(title="one", state="busy")
    api.work()
    [plain] = api.get("tickets").json()["results"]
    [told] = api.get("tickets", {"show_native_enum_values": "true"}).json()["results"]
    one = api.get(f"tickets/{plain['id']}", {"show_native_enum_values": "true"}).json()

    assert (told["status"], told["status_native"], told["priority_native"]) == ("IN_PROGRESS", "busy", None)
    assert {"status_native", "priority_native", "access_level_native"} <= set(told)
    assert one == told
    assert not any(name.endswith("_native") for name in plain)


@pytest.mark.parametrize(
    ("model", "name", "word"),
    [("ticketing.Ticket", "status", "OPEN"), ("ticketing.Collection", "collection_type", "LIST")],
)
def test_an_empty_string_is_an_allowed_value(
    alice: Person, link: Link, model: str, name: str, word: str
) -> None:
    """Of the status of tickets and the type of collections: it chooses nothing, where a word chooses what has it."""
    product = product_of(alice, link, "ticketing")
    for remote_id, values in (("with", {"name": "a", name: word}), ("without", {"name": "b"})):
        assert product.push(model, remote_id, values).status_code == 201
    listing = f"ticketing/v1/{model.rpartition('.')[2].lower()}s?{name}="

    assert remote_ids(product.call("get", listing)) == ["with", "without"]
    assert remote_ids(product.call("get", listing + word)) == ["with"]
