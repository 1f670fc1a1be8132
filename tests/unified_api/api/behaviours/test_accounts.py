"""Linking, syncing, and what is on record."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest
from merge.resources.hris import types

from tenants.events import EventType
from tenants.models import LinkedAccount
from tests import stub
from tests.people import Person
from tests.unified_api.api.account.test_tokens import asked
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api.account import trail
from unified_api.sync import clock, job, tasks
from unified_api.sync.models import Job, Stream


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


def test_there_is_no_magic_link(alice: Person) -> None:
    """As there is no page to send somebody to: asking for one is no error, and what is about that page does nothing."""
    about: dict[str, Any] = {"hide_admin_magic_link": True, "integration_specific_config": {"a": 1}}
    answer = asked(alice, should_create_magic_link_url=True, **about)

    assert (answer.status_code, answer.json()["magic_link_url"]) == (200, None)
    assert answer.json()["link_token"]


def test_an_end_user_has_an_account_for_each_integration_of_a_category(alice: Person, link: Link) -> None:
    """Two systems side by side, where the contract has one; linked again at the same integration it is the same one."""
    first = link(alice)
    product: dict[str, Any] = {"integration": "product", "settings": {}, "credential": {}}
    second = link(alice, **product, remote_identity=None)
    again = link(alice)
    accounts = [first.account, second.account, again.account]
    listed = first.get("linked-accounts", {"end_user_origin_id": first.account.end_user_origin_id}).json()

    assert len({one.end_user_origin_id for one in accounts}) == 1
    assert (first.account.id == again.account.id, first.token.reveal() == again.token.reveal()) == (
        True,
        True,
    )
    assert {one["id"] for one in listed["results"]} == {str(first.account.id), str(second.account.id)}
    assert [one.get("tickets").status_code for one in (first, second)] == [200, 200]


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


def test_data_is_readable_while_the_initial_sync_runs(api: Linked, desk: stub.Desk) -> None:
    """It began with linking; what the first page brought is there before the last one is read."""
    for number in range(3 * stub.PAGE):
        desk.add(title=str(number), state="open")
    found: list[Any] = []
    while not found:
        lease = job.claim_next(job.BACKGROUND)
        assert lease is not None
        tasks.do(lease, 0.0)  # one page is one slice
        found = api.get("tickets").json()["results"]
    [status] = [s for s in api.get("sync-status").json()["results"] if s["model_name"] == "Ticket"]

    assert len(found) < 3 * stub.PAGE
    assert (status["status"], status["is_initial_sync"]) == ("SYNCING", True)


def test_an_account_without_traffic_goes_on_being_read(api: Linked, desk: stub.Desk) -> None:
    """Nobody asked for anything in three weeks: no account is idle, and no stream paused for that."""
    api.work()
    then = clock.now() - dt.timedelta(weeks=3)
    api.stored(lambda: Stream.objects.update(next_due=then, last_started=then, last_finished=then))
    api.stored(lambda: LinkedAccount.objects.update(created_at=then, completed_at=then))
    api.stored(lambda: Job.objects.update(due_at=then))
    desk.add(title="leak", state="open")
    api.work()
    statuses = {one["status"] for one in api.get("sync-status").json()["results"]}

    assert [one["name"] for one in api.get("tickets").json()["results"]] == ["leak"]
    assert (api.get("account-details").json()["status"], statuses) == ("COMPLETE", {"DONE"})


def test_event_types_and_roles_of_the_trail_are_the_contracts() -> None:
    """Its 43 types, and three of its roles."""
    known: Any = types.EventTypeEnum
    events, roles = {one.value for one in known}, {one.value for one in cast("Any", types.RoleEnum)}

    assert {str(one) for one in EventType} <= events
    assert len(events) == 43
    assert set(trail._ROLES.values()) <= roles
