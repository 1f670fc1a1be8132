"""Cursors in the hands of somebody who tries things, and lists whose account or records change on the way."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings

from integrations.kit.observation import Observation
from tenants import accounts
from tenants.scope import scope
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from unified_api.models.ticketing import Ticket
from unified_api.sync import store


def land_together(api: Linked, remote_ids: list[str]) -> None:
    """Store tickets in one transaction, so that all of them carry one stamp."""
    with scope(api.person.tenant_id):
        began, ended = api.moments.draw(), api.moments.draw()
        seen = [
            Observation(
                Ticket, remote, {"name": remote}, None, began, ended, {"id": remote}, "/tickets", "list"
            )
            for remote in remote_ids
        ]
        with store.entry(api.account.id, began=api.moments.time_of) as entry:
            entry.land(seen, store.Cause("pull"))


def page(api: Linked, size: int, cursor: str | None = None) -> Any:
    """A page of tickets."""
    answer = api.get("tickets", {"page_size": size, **({"cursor": cursor} if cursor else {})})
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("size", [1, 3, 4, 12])
def test_records_with_one_stamp_are_told_apart(api: Linked, size: int) -> None:
    """Forwards and back, each record that one store transaction brought shows once, in one order."""
    land_together(api, [str(n) for n in range(7)])
    land_together(api, [str(n) for n in range(7, 12)])
    forwards, cursor, last = [], None, None
    while True:
        last = page(api, size, cursor)
        forwards += [record["remote_id"] for record in last["results"]]
        if (cursor := last["next"]) is None:
            break
    backwards = [record["remote_id"] for record in last["results"]]
    while last["previous"]:
        last = page(api, size, last["previous"])
        backwards = [record["remote_id"] for record in last["results"]] + backwards

    assert sorted(forwards, key=int) == [str(n) for n in range(12)]
    assert {int(remote) for remote in forwards[:7]} == set(range(7))
    assert backwards == forwards


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_cursor_is_taken(api: Linked, data: st.DataObject) -> None:
    """Bits turned, bytes cut, added or exchanged: 400 that names the parameter, whatever they are."""
    if not api.stored(Ticket.objects.exists):
        land_together(api, ["1", "2", "3"])
    good = page(api, 1)["next"]
    sealed = bytearray(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    changed = base64.urlsafe_b64encode(bytes(sealed)).rstrip(b"=").decode()
    assume(changed not in {"", good})
    answer = api.get("tickets", {"page_size": 1, "cursor": changed})

    assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


@pytest.mark.parametrize("text", ["A" * 5000, "=", "====", "%00", "\x00", "../..", "ключ", "null", "0", " "])
def test_what_is_no_cursor_is_refused(api: Linked, text: str) -> None:
    """Whatever it is: 400 that names the parameter."""
    answer = api.get("tickets", {"cursor": text})

    assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


def test_cursors_outlast_a_change_of_the_secret_key(api: Linked, settings: Settings) -> None:
    """As long as the earlier key is among the fallbacks, and no longer."""
    land_together(api, ["1", "2"])
    cursor = page(api, 1)["next"]
    feed = caller().get("/api/sync/v1/changes", headers=api.person.headers).json()["next"]
    earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another secret key, long enough for anybody"
    settings.SECRET_KEY_FALLBACKS = ["one from before", earlier]
    following = caller().get("/api/sync/v1/changes", {"cursor": feed}, headers=api.person.headers)

    assert len(page(api, 1, cursor)["results"]) == 1
    assert (following.status_code, following.json()["results"]) == (200, [])
    settings.SECRET_KEY_FALLBACKS = []
    assert api.get("tickets", {"cursor": cursor}).status_code == 400


def test_a_cursor_is_its_accounts_own(api: Linked, link: Link, charlie: Person) -> None:
    """Neither another account of the tenant nor another tenant takes it, for records or for accounts."""
    land_together(api, ["1", "2"])
    cursor = page(api, 1)["next"]
    link(api.person, end_user_origin_id="customer-2")
    listed = api.get("linked-accounts", {"page_size": 1}).json()["next"]
    others = [
        link(api.person, end_user_origin_id="customer-3"),
        link(charlie),
    ]
    for other in others:
        land_together(other, ["1", "2"])
        assert other.get("tickets", {"cursor": cursor}).status_code == 400
    assert api.get("linked-accounts", {"cursor": listed}).status_code == 200
    assert others[1].get("linked-accounts", {"cursor": listed}).status_code == 400


def test_a_list_ends_with_its_account(api: Linked, link: Link) -> None:
    """With the account gone, its next page is 401; the account linked again has no use for the cursor."""
    land_together(api, ["1", "2"])
    cursor = page(api, 1)["next"]
    with api.person.at_work():
        accounts.delete(api.account)
    again = link(api.person)

    assert api.get("tickets", {"cursor": cursor}).status_code == 401
    assert again.account.id != api.account.id
    assert again.get("tickets", {"cursor": cursor}).status_code == 400
    assert page(again, 1)["results"] == []


def test_a_record_that_is_deleted_at_a_cursor_does_not_move_it(api: Linked) -> None:
    """The cursor is a place, not a row: what it names may vanish from the list, and nothing is skipped or repeated."""
    land_together(api, [str(n) for n in range(6)])
    first = page(api, 2)
    everything = [record["id"] for record in page(api, 100)["results"]]
    with scope(api.person.tenant_id), store.entry(api.account.id) as entry:
        entry.remove(Ticket, [uuid.UUID(record["id"]) for record in first["results"]], store.Cause("sweep"))
    rest = page(api, 100, first["next"])

    assert [record["id"] for record in rest["results"]] == everything[2:]
    assert page(api, 2, rest["previous"])["results"] == []


def test_an_empty_page_leads_back_to_what_is_left(api: Linked) -> None:
    """When all that stood behind a cursor is gone, `previous` is the last page there is; and before it, `next`."""
    land_together(api, [str(n) for n in range(4)])
    first = page(api, 2)
    everything = [record["id"] for record in page(api, 100)["results"]]

    def remove(ids: list[str]) -> None:
        with scope(api.person.tenant_id), store.entry(api.account.id) as entry:
            entry.remove(Ticket, [uuid.UUID(one) for one in ids], store.Cause("sweep"))

    remove(everything[2:])
    empty = page(api, 2, first["next"])
    last = page(api, 2, empty["previous"])
    behind = page(api, 2, last["next"])
    remove(everything[:2])
    nothing = page(api, 2, behind["previous"])

    assert (empty["results"], empty["next"]) == ([], None)
    assert ([record["id"] for record in last["results"]], last["previous"]) == (everything[:2], None)
    assert (nothing["results"], nothing["previous"]) == ([], None)
    assert page(api, 2, nothing["next"]) == {"next": None, "previous": None, "results": []}
