"""Work that cannot be done here: the credential does not open, or the adapter is not installed. It is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import transaction
from pytest_django import Settings

from tenants import secrets
from tenants.models import LinkedAccount
from tests import stub
from tests.canary import found
from tests.stub import Desk
from tests.tenants import keys
from tests.unified_api.sync.test_write import later, stored, submit, ticket
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync import job, journal, settle, word
from unified_api.sync.models import Job, Stream, Write, WriteState

Drain = Callable[[], int]


@pytest.fixture
def lose_key(account: LinkedAccount, settings: Settings) -> Iterator[Callable[[], None]]:
    """Takes away the master key that everything is sealed under."""

    def lose() -> None:
        settings.MASTER_KEYS = keys.NEW
        secrets.forget_key(account.tenant_id)

    yield lose
    secrets.forget_key(account.tenant_id)


@pytest.fixture
def uninstall(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes away the account's adapter."""
    return lambda: monkeypatch.delitem(registry._providers, account.integration)


def entered(account: LinkedAccount) -> Write:
    """A create that is journalled for a worker."""
    with transaction.atomic():
        return journal.enter(journal.Intent(account, Ticket, "create", {"name": "A"}), queue=job.INTERACTIVE)


def lost(account: LinkedAccount, desk: Desk) -> Write:
    """A create that was carried out, and whose answer was lost, due to be settled."""
    desk.cut_after_write = 1
    write = later(submit(account, "create", name="A"), settle.STILL_UNDER_WAY + 1)
    assert write.state == WriteState.UNCERTAIN
    return write


def has_job(write: Write) -> bool:
    """Whether somebody will look at the write by itself."""
    with transaction.atomic():
        return bool(Job.objects.filter(reference=write.id).exists())


def test_a_stream_says_which_key_is_missing(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, lose_key: Callable[[], None]
) -> None:
    """Nothing is asked of the provider; once the key is back, reading goes on."""
    lose_key()
    work_until_idle()
    with transaction.atomic():
        told = [stream.error or "" for stream in Stream.objects.all()]

    assert told
    assert all(
        f"cannot be opened, so nothing was sent. Sealed under key '{keys.OLD_ID}'" in text for text in told
    )
    assert all("It is tried again in 60 s." in text for text in told)
    assert [found(material, told) for material in keys.MATERIAL] == [[], [], []]
    assert desk.log == []


def test_a_write_waits_for_its_key_with_the_reason_on_record(
    account: LinkedAccount,
    desk: Desk,
    work_until_idle: Drain,
    lose_key: Callable[[], None],
    settings: Settings,
) -> None:
    """It is carried out once the key is back."""
    write = entered(account)
    lose_key()
    work_until_idle()
    waiting = stored(write)
    assert (waiting.state, has_job(write)) == (WriteState.JOURNALLED, True)
    assert f"Sealed under key '{keys.OLD_ID}'" in (waiting.error or "")

    settings.MASTER_KEYS = keys.OLD
    later(write, 0)
    work_until_idle()
    assert stored(write).state == WriteState.DONE
    assert len(desk.writes()) == 1


def test_a_write_that_had_left_is_not_sent_again_after_its_key_was_missing(
    account: LinkedAccount,
    desk: Desk,
    work_until_idle: Drain,
    lose_key: Callable[[], None],
    settings: Settings,
) -> None:
    """A process died after sending: it stays to be settled, also when nobody could read back for a while."""
    work_until_idle()
    write = lost(account, desk)
    with transaction.atomic():
        Write.objects.filter(id=write.id).update(state=WriteState.SENT)
    lose_key()
    work_until_idle()
    waiting = stored(write)
    assert (waiting.state, has_job(write)) == (WriteState.UNCERTAIN, True)

    settings.MASTER_KEYS = keys.OLD
    later(write, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    assert stored(write).state == WriteState.DONE
    assert len(desk.writes()) == 1


def test_a_write_without_its_adapter_ends_with_the_problem(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, uninstall: Callable[[], None]
) -> None:
    """Nothing has left, so nothing was changed, and it says why."""
    write = entered(account)
    uninstall()
    work_until_idle()
    ended = stored(write)

    assert (ended.state, has_job(write), desk.writes()) == (WriteState.NOT_APPLIED, False, [])
    (problem,) = ended.problems
    assert problem["problem_type"] == "MISCONFIGURED"
    assert "The adapter of this account is not installed" in problem["detail"]


def test_a_write_that_its_adapter_cannot_make_is_refused(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an adapter of another version, for example; the problem says what it cannot do."""
    write = entered(account)
    unable = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, create=None), stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, account.integration, unable)
    work_until_idle()
    ended = stored(write)

    assert (ended.state, has_job(write), desk.writes()) == (WriteState.REJECTED, False, [])
    assert [problem["detail"] for problem in ended.problems] == ["stub cannot create this."]


def test_a_write_that_left_before_its_adapter_went_is_left_to_a_person(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say that it changed nothing; with the adapter back, it is settled as ever."""
    work_until_idle()
    write = lost(account, desk)
    with monkeypatch.context() as patch:
        patch.delitem(registry._providers, account.integration)
        work_until_idle()
        left = stored(write)
        assert (left.state, has_job(write)) == (WriteState.UNCERTAIN, False)
        assert "is not installed" in (left.error or "")
        with pytest.raises(word.CannotSettle, match="is not installed"):
            word.applied(write.id, "1")

    word.look_again(write.id)
    later(write, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    assert stored(write).state == WriteState.DONE
    assert ticket(account, stored(write).remote_id or "").name == "A"
