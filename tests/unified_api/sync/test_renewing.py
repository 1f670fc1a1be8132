"""Renewing access tokens: once for all workers, stored before it is used, and never taken for a revocation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError, connections

from integrations.kit import errors
from integrations.kit.setting import Setting
from tests.integrations.listener import Told, told
from tests.oauth_house import (
    AUTH,
    PROVIDER,
    House,
    account_of,
    call,
    forget_access,
    house,
    kept,
    link_to,
    pass_time,
    register,
)
from tests.people import Person
from tests.tenants.switches import Owner
from unified_api import registry
from unified_api.sync import job, renewing, streams
from unified_api.sync.models import Job, Stream
from unified_api.sync.models_watch import Issue

__all__ = ["house"]  # a fixture


#: Tests do the due work themselves.
pytestmark = pytest.mark.usefixtures("no_broker")


def kinds_of_issues(person: Person) -> list[str]:
    """Of what is going on."""
    with person.at_work():
        return list(Issue.objects.filter(status="ONGOING").order_by("kind").values_list("kind", flat=True))


@pytest.mark.parametrize("seconds", [3591, 100_000])
def test_a_token_is_renewed_before_it_ends(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """No call is made with one that has ended or is about to; the next call uses what was stored."""
    link_to(alice, house)
    house.calls = 0
    call(alice)
    assert house.asked == []
    pass_time(monkeypatch, seconds)
    call(alice)
    call(alice)

    [grant] = house.grants
    assert (house.asked, house.calls) == (["refresh_token"], 3)
    assert (kept(alice)["access_token"], kept(alice)["refresh_token"]) == (grant.access, grant.refresh)


def test_a_refused_token_is_renewed_once(alice: Person, house: House) -> None:
    """Whatever the account knows of its end: the provider has the last word, and the call goes on."""
    link_to(alice, house)
    forget_access(house)
    call(alice)

    assert house.asked == ["refresh_token"]
    assert account_of(alice).status == "COMPLETE"


def test_what_is_granted_is_stored_before_it_is_used(alice: Person, house: House, database: Owner) -> None:
    """When the provider meets the new token, it is in the database already, committed, beside the one before."""
    link_to(alice, house)
    forget_access(house)
    [grant] = house.grants
    before, seen = grant.refresh, []

    def look() -> None:
        [(sealed,)] = database.execute("SELECT sealed_credential FROM tenants_linkedaccount").fetchall()
        seen.append(bytes(sealed))

    house.granted = house.used = look
    call(alice)
    told = kept(alice)

    assert len(seen) == 2
    assert (seen[0] == seen[1], seen[1]) == (False, bytes(account_of(alice).sealed_credential))
    assert (told["refresh_token"], told["previous_refresh_token"]) == (grant.refresh, before)


def test_many_workers_renew_once(alice: Person, house: House) -> None:
    """Twelve meet the same refused token at once: one asks, the others go on with what it stored."""
    link_to(alice, house)
    together = threading.Barrier(6)

    def work(_number: int) -> None:
        try:
            together.wait(120)
            call(alice)
            call(alice)
        finally:
            connections.close_all()

    for _ in range(2):
        forget_access(house)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))

    assert house.asked == ["refresh_token"] * 2
    assert not house.grants[0].over
    assert account_of(alice).status == "COMPLETE"


@pytest.mark.parametrize("fault", [OperationalError, ZeroDivisionError])
def test_a_worker_that_is_cut_off_before_it_stores(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch, database: Owner, fault: type[Exception]
) -> None:
    """The token that it sent is sent again, and where the provider takes it once more, nothing is lost.

    A database that is away for a moment is waited for, and nothing is sent twice.
    """
    link_to(alice, house)
    forget_access(house)
    house.grace, store, faults = 1, renewing.Renewal._store, [fault]

    def cut_off(*renewed: Any) -> Any:
        if faults:
            raise faults.pop()
        return store(*renewed)

    monkeypatch.setattr(renewing.Renewal, "_store", cut_off)
    if fault is ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            call(alice)
        database.execute("UPDATE sync_job SET due_at = now()")
    call(alice)

    assert house.asked == ["refresh_token"] * (1 if fault is OperationalError else 2)
    assert kept(alice)["refresh_token"] == house.grants[0].refresh
    assert account_of(alice).status == "COMPLETE"


def test_the_token_before_is_tried_within_its_grace(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the newest one is not known, as a lost answer made another one newer; later it is not."""
    link_to(alice, house)
    forget_access(house)
    call(alice)
    [grant] = house.grants
    grant.previous, grant.refresh, house.grace = kept(alice)["previous_refresh_token"], "lost", 1
    forget_access(house)
    call(alice)
    assert house.asked == ["refresh_token"] * 3

    grant.previous, grant.refresh, house.grace = kept(alice)["previous_refresh_token"], "lost", 1
    pass_time(monkeypatch, 100_000)
    with pytest.raises(errors.NeedsReauthorisation):
        call(alice)
    assert house.asked == ["refresh_token"] * 4


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": "invalid_grant"}, 503, Retry_After="30"),
        told({}, 429, Retry_After="30"),
        Told(200, b"<html>Maintenance</html>", {}),
        Told(raw=lambda handler: handler.connection.close()),
        told({"error": "invalid_request"}, 400),
    ],
)
def test_an_outage_pauses_nothing(
    alice: Person, house: House, work_until_idle: Callable[[], int], answer: Told, database: Owner
) -> None:
    """Streams are tried again, the account stays as it is, nobody is asked; and once it is over, all goes on."""
    link_to(alice, house)
    forget_access(house)
    house.instead.append(answer)
    work_until_idle()
    with alice.at_work():
        stream = Stream.objects.get()
        assert Job.objects.filter(kind=streams.KIND).exists()
    assert stream.error
    assert (account_of(alice).status, kinds_of_issues(alice)) == ("COMPLETE", [])

    database.execute("UPDATE sync_job SET due_at = now()")
    work_until_idle()
    with alice.at_work():
        assert Stream.objects.get().error is None or Stream.objects.get().error == ""


def test_a_revocation_pauses_the_account_and_opens_an_issue(
    alice: Person, house: House, work_until_idle: Callable[[], int], database: Owner
) -> None:
    """One refusal of the refresh token, and nothing is asked any more, by anybody, until it is linked again."""
    link_to(alice, house)
    house.grants[0].over = True
    work_until_idle()
    assert (account_of(alice).status, kinds_of_issues(alice)) == ("RELINK_NEEDED", ["credential"])
    assert "what the end user allowed is over" in account_of(alice).status_detail

    asked = len(house.asked)
    database.execute("UPDATE sync_job SET due_at = now()")
    work_until_idle()
    assert len(house.asked) == asked

    link_to(alice, house)
    work_until_idle()
    assert (account_of(alice).status, kinds_of_issues(alice)) == ("COMPLETE", [])


def test_a_new_token_that_is_refused_is_a_revocation(
    alice: Person, house: House, work_until_idle: Callable[[], int]
) -> None:
    """The token endpoint grants, and the API takes none of it: that is asked once, not for ever."""
    link_to(alice, house)
    house.is_open = False
    work_until_idle()

    assert house.asked == ["refresh_token"]
    assert (account_of(alice).status, kinds_of_issues(alice)) == ("RELINK_NEEDED", ["credential"])


def test_a_refused_application_is_an_issue_of_its_own(
    alice: Person, house: House, work_until_idle: Callable[[], int], database: Owner
) -> None:
    """No account is paused for it; registered anew, all go on, and the issue is over."""
    link_to(alice, house)
    register(alice, house, "a secret that was changed there")
    forget_access(house)
    work_until_idle()
    assert (account_of(alice).status, kinds_of_issues(alice)) == ("COMPLETE", ["oauth application"])

    register(alice, house)
    assert kinds_of_issues(alice) == []
    database.execute("UPDATE sync_job SET due_at = now()")
    work_until_idle()
    assert kept(alice)["access_token"] == house.grants[0].access


def test_an_application_that_is_taken_again_is_no_issue_any_more(
    alice: Person, house: House, work_until_idle: Callable[[], int], database: Owner
) -> None:
    """It was put right at the provider, or was never wrong: the next renewal by it says so."""
    link_to(alice, house)
    forget_access(house)
    house.instead.append(told({"error": "invalid_client"}, 401))
    work_until_idle()
    assert kinds_of_issues(alice) == ["oauth application"]

    database.execute("UPDATE sync_job SET due_at = now()")
    work_until_idle()
    assert kinds_of_issues(alice) == []


def test_settings_that_are_changed_while_a_token_is_renewed_stay(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch, database: Owner
) -> None:
    """What the answer tells is put beside them."""
    settings = (*PROVIDER.settings, Setting("room", "told with tokens", required=False))
    auth = replace(AUTH, tells={"room": "room"})
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, settings=settings, auth=auth))
    link_to(alice, house)
    forget_access(house)
    house.more = {"room": "attic"}
    changed = """UPDATE tenants_linkedaccount SET settings = settings || '{"floor": "2"}'"""
    house.granted = lambda: database.execute(changed)
    call(alice)

    assert account_of(alice).settings == {"base_url": house.url, "room": "attic", "floor": "2"}


def test_tokens_are_renewed_ahead(
    alice: Person,
    house: House,
    work_until_idle: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    database: Owner,
) -> None:
    """The account's job does it in time, asks for nothing else, and comes again when the next one is due."""
    link_to(alice, house)
    work_until_idle()
    house.calls = 0
    pass_time(monkeypatch, 3400)
    database.execute("UPDATE sync_job SET due_at = now() WHERE kind = %s", [renewing.KIND])
    work_until_idle()
    [(due,)] = database.execute(
        "SELECT extract(epoch FROM due_at - now()) FROM sync_job WHERE kind = %s", [renewing.KIND]
    ).fetchall()

    assert (house.asked, house.calls) == (["refresh_token"], 0)
    assert 2870 < due <= 2880

    database.execute("UPDATE sync_job SET due_at = now() WHERE kind = %s", [renewing.KIND])
    work_until_idle()
    assert house.asked == ["refresh_token"]  # too early


def test_what_failed_is_not_repeated_by_all_that_waited(alice: Person, house: House) -> None:
    """Where the token endpoint asks for half a minute, nobody asks it before."""
    link_to(alice, house)
    forget_access(house)
    house.instead.append(told({}, 429, Retry_After="30"))
    for sentence in ("cannot be renewed now", "could not be renewed just now"):
        with pytest.raises(errors.RetryLater, match=sentence) as caught:
            call(alice)
        assert 25 < (caught.value.after or 0) <= 30
    assert house.asked == ["refresh_token"]


def test_a_dead_workers_claim_is_waited_for(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks beside it: what waits is tried again, until the lease is over."""
    account = link_to(alice, house)
    with alice.at_work():
        assert job.claim(renewing.KIND, account.id)
    forget_access(house)
    monkeypatch.setattr(renewing, "WAIT", 0.2)
    with pytest.raises(errors.RetryLater, match="another worker renews"):
        call(alice)
    assert house.asked == []


def test_an_account_that_is_linked_again_meanwhile_keeps_its_new_tokens(alice: Person, house: House) -> None:
    """What a renewal brings for the old ones is dropped, and the call goes on with the new ones."""
    link_to(alice, house)
    forget_access(house)

    def link_again() -> None:
        house.granted = int
        worker = threading.Thread(target=relink)
        worker.start()
        worker.join()

    def relink() -> None:
        try:
            link_to(alice, house)
        finally:
            connections.close_all()

    house.granted = link_again
    call(alice)

    assert kept(alice)["refresh_token"] == house.grants[1].refresh
    assert account_of(alice).status == "COMPLETE"
