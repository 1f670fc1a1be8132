"""Linking, syncing, and what is on record."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest
from merge.resources.hris import types

from tenants.events import EventType
from tests import stub
from tests.people import Person
from tests.unified_api.api.account.test_tokens import asked
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api.account import trail


@pytest.mark.parametrize(
    ("least", "most", "more"), [(30, 720, {}), (30, 10_080, {"should_create_magic_link_url": True})]
)
def test_a_link_token_lasts_30_to_720_minutes_and_to_a_week_for_a_magic_link(
    alice: Person, least: int, most: int, more: dict[str, Any]
) -> None:
    """Both bounds are taken, what is beyond them is not."""
    told = [asked(alice, link_expiry_mins=n, **more) for n in (least - 1, least, most, most + 1)]

    assert [answer.status_code for answer in told] == [400, 200, 200, 400]
    assert list(told[0].json()) == list(told[3].json()) == ["link_expiry_mins"]


def test_old_data_stays_readable_while_an_account_waits_to_be_linked_again(
    api: Linked, desk: stub.Desk
) -> None:
    """Under its own token, and it says what it waits for."""
    desk.add(title="leak", state="open")
    api.work()
    desk.token = "changed"
    api.send("post", "sync-status/resync", None)
    api.work()

    assert api.get("account-details").json()["status"] == "RELINK_NEEDED"
    assert [one["name"] for one in api.get("tickets").json()["results"]] == ["leak"]
    assert api.get("tickets/meta/post").json()["status"]["can_make_request"] is False


def test_data_is_fresh_as_of_the_start_of_the_last_good_sync(api: Linked, desk: stub.Desk) -> None:
    """A failed one leaves it; the initial one is over once it ended."""

    def status() -> dict[str, Any]:
        return next(one for one in api.get("sync-status").json()["results"] if one["model_name"] == "Ticket")

    before = status()
    api.work()
    good = status()
    desk.refuse = [500] * 50
    api.send("post", "sync-status/resync", None)
    api.work()
    failed = status()

    assert (before["is_initial_sync"], good["is_initial_sync"]) == (True, False)
    assert dt.datetime.fromisoformat(good["data_fresh_as_of"]) <= dt.datetime.fromisoformat(
        good["last_sync_finished"]
    )
    assert failed["data_fresh_as_of"] == good["data_fresh_as_of"]


@pytest.mark.parametrize("is_test", [False, True])
def test_a_resync_answers_with_the_statuses_at_once(alice: Person, link: Link, *, is_test: bool) -> None:
    """An array; test accounts may as well."""
    api = link(alice, is_test=is_test)
    api.work()
    before = {one["status"] for one in api.get("sync-status").json()["results"]}
    statuses = api.send("post", "sync-status/resync", None).json()

    assert before == {"DONE"}
    assert {one["status"] for one in statuses} == {"SYNCING"}
    assert {one["model_id"].split(".")[0] for one in statuses} == {"ticketing"}


def test_event_types_and_roles_of_the_trail_are_the_contracts() -> None:
    """Its 43 types, and three of its roles."""
    known: Any = types.EventTypeEnum
    events, roles = {one.value for one in known}, {one.value for one in cast("Any", types.RoleEnum)}

    assert {str(one) for one in EventType} <= events
    assert len(events) == 43
    assert set(trail._ROLES.values()) <= roles
