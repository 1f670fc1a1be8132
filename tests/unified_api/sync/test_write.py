"""Journalled writes: read before, send what differs, store the answer, settle what nobody knows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from tenants.models import LinkedAccount
from tests.stub import Desk
from tests.unified_api.sync.conftest import Mirror
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket, User
from unified_api.sync import clock, job, journal, settle, tasks, values, write
from unified_api.sync.models import Change, Job, Write, WriteState

Drain = Callable[[], int]


def ticket(account: LinkedAccount, remote_id: str) -> Ticket:
    """The record as stored."""
    with transaction.atomic():
        found: Ticket = Ticket.objects.get(id=record_id(account.id, Ticket, remote_id))
    return found


def submit(account: LinkedAccount, operation: str, record: uuid.UUID | None = None, **about: Any) -> Write:
    """Journal and perform a write at once, as the API does."""
    options = {k: about.pop(k) for k in ("expected", "if_version") if k in about}
    intent = journal.Intent(account, Ticket, operation, wanted=about, record_id=record, **options)
    entered, lease = journal.enter_and_claim(intent)
    return write.perform(entered, lease, account, patient=False)


def later(entered: Write, seconds: float) -> Write:
    """The same write that many seconds later, taken up by a worker."""
    with transaction.atomic():
        Write.objects.filter(id=entered.id).update(sent_at=clock.now() - dt.timedelta(seconds=seconds))
        Job.objects.filter(reference=entered.id).update(due_at=clock.now(), leased_until=None)
    return stored(entered)


def stored(entered: Write) -> Write:
    """The write as journalled."""
    with transaction.atomic():
        found: Write = Write.objects.get(id=entered.id)
    return found


def test_a_create_reaches_the_provider_and_is_stored_from_its_answer(
    account: LinkedAccount, desk: Desk
) -> None:
    """After a create the record is there on both sides, and the log names the write as its cause."""
    done = submit(account, "create", name="Printer", status="OPEN")

    assert done.state == WriteState.DONE
    assert desk.tables["tickets"][done.remote_id or ""]["title"] == "Printer"
    assert ticket(account, done.remote_id or "").status == "OPEN"
    with transaction.atomic():
        assert Change.objects.get().write_id == done.id
        assert not Job.objects.filter(kind="write").exists()


def test_an_update_sends_only_what_differs_and_keeps_the_image_before(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Fields that the provider shows already are not sent again."""
    remote_id = desk.add(title="A", text="long", state="open")
    work_until_idle()
    done = submit(account, "update", ticket(account, remote_id).id, name="A", status="CLOSED")

    assert (done.state, done.sent, done.pre_image) == (
        WriteState.DONE,
        {"status": "CLOSED"},
        {"status": "OPEN"},
    )
    assert desk.tables["tickets"][remote_id]["state"] == "done"
    assert ticket(account, remote_id).status == "CLOSED"


def test_an_update_that_changes_nothing_sends_nothing(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Nothing to do is a result."""
    remote_id = desk.add(title="A", state="open")
    work_until_idle()
    done = submit(account, "update", ticket(account, remote_id).id, name="A", status="OPEN")

    assert done.state == WriteState.DONE
    assert desk.writes() == []


def test_an_update_takes_in_what_changed_at_the_provider_meanwhile(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The read just before the write is stored as well, so nothing of a foreign edit is lost."""
    remote_id = desk.add(title="A", text="old", state="open")
    work_until_idle()
    desk.edit(remote_id, text="edited at the desk")
    submit(account, "update", ticket(account, remote_id).id, name="B")

    assert ticket(account, remote_id).description == "edited at the desk"
    assert desk.tables["tickets"][remote_id]["text"] == "edited at the desk"


def test_a_write_on_a_version_that_moved_is_refused_with_the_fields(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """With a version given, a change at the provider meanwhile stops the write and is named."""
    remote_id = desk.add(title="A", text="old")
    work_until_idle()
    seen = values.version(ticket(account, remote_id))
    desk.edit(remote_id, text="edited")
    refused = submit(account, "update", ticket(account, remote_id).id, name="B", if_version=seen)

    assert refused.state == WriteState.MOVED
    assert "model/description" in {p["source"]["pointer"] for p in refused.problems}
    assert desk.writes() == []


def test_a_version_outdated_by_bookkeeping_alone_does_not_refuse_the_write(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A date of the provider's own that moved, by a comment for example, is no edit of the record."""
    remote_id = desk.add(title="A", text="old")
    work_until_idle()
    seen = values.version(ticket(account, remote_id))
    desk.edit(remote_id)
    done = submit(account, "update", ticket(account, remote_id).id, name="B", if_version=seen)

    assert done.state == WriteState.DONE
    assert desk.tables["tickets"][remote_id]["title"] == "B"


def test_a_version_that_is_none_of_ours_counts_as_outdated(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Words and numbers that cannot be a stamp are understood as never seen, not as an error."""
    remote_id = desk.add(title="A")
    work_until_idle()

    for odd in ("²", "9" * 30, "nonsense"):
        assert values.changed_since(ticket(account, remote_id), odd) == ["name"]


def test_a_write_that_expects_other_values_is_refused(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A writer that planned on a value which is gone is told so; nothing is sent."""
    remote_id = desk.add(title="A")
    work_until_idle()
    desk.edit(remote_id, title="C")
    refused = submit(account, "update", ticket(account, remote_id).id, name="B", expected={"name": "A"})

    assert refused.state == WriteState.MOVED
    assert desk.tables["tickets"][remote_id]["title"] == "C"


def test_a_delete_marks_the_record(account: LinkedAccount, desk: Desk, work_until_idle: Drain) -> None:
    """What we delete at the provider is marked here, and kept."""
    remote_id = desk.add(title="A")
    work_until_idle()
    done = submit(account, "delete", ticket(account, remote_id).id)

    assert done.state == WriteState.DONE
    assert desk.tables["tickets"] == {}
    assert ticket(account, remote_id).remote_was_deleted


def test_a_refusal_names_the_problem_and_ends_the_write(account: LinkedAccount, desk: Desk) -> None:
    """A 422 is final: the write is rejected, and no job is left."""
    desk.refuse = [422]
    refused = submit(account, "create", name="A")

    assert refused.state == WriteState.REJECTED
    assert refused.problems[0]["problem_type"] == "PROVIDER_ERROR"
    assert not Job.objects.filter(kind="write").exists()


def test_an_update_of_a_record_that_is_gone_marks_it(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A record that the provider does not know any more is marked as deleted by the attempt."""
    remote_id = desk.add(title="A")
    work_until_idle()
    del desk.tables["tickets"][remote_id]
    refused = submit(account, "update", ticket(account, remote_id).id, name="B")

    assert (refused.state, refused.problems[0]["problem_type"]) == (WriteState.REJECTED, "RECORD_GONE")
    assert ticket(account, remote_id).remote_was_deleted


def test_a_create_whose_answer_was_lost_is_found_and_not_repeated(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The line is cut after the desk made the ticket: one ticket, found by reading back."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer", description="on fire")
    assert unknown.state == WriteState.UNCERTAIN

    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE
    assert len(desk.tables["tickets"]) == 1
    assert ticket(account, stored(unknown).remote_id or "").name == "Printer"


def test_a_create_that_never_arrived_ends_as_not_applied(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """When no record shows up in the time that a request can be under way, the write says that nothing was made."""
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer", description="on fire")
    desk.tables["tickets"].clear()
    later(unknown, 3)
    work_until_idle()
    assert stored(unknown).state == WriteState.UNCERTAIN

    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.NOT_APPLIED
    assert desk.tables["tickets"] == {}


def test_a_lost_create_with_two_candidates_is_left_to_a_person(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Two records that came since and say the same are not guessed between."""
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer", description="on fire")
    desk.add(title="Printer", text="on fire")
    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert "a person" in (stored(unknown).error or "")
    assert len(desk.tables["tickets"]) == 2


def test_a_lost_create_before_the_first_complete_read_is_left_to_a_person(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """While not all records are known, one that says the same may be older than the write."""
    desk.add(title="Printer", text="on fire")
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer", description="on fire")
    desk.tables["tickets"].popitem()
    later(unknown, 3)
    lease = job.claim("write", unknown.id)
    assert lease
    tasks.do(lease, 0.0)

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert "a person" in (stored(unknown).error or "")


def test_an_update_overtaken_by_others_before_it_was_settled_is_left_to_a_person(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The record shows a third value: it cannot be told whether ours was there in between."""
    remote_id = desk.add(title="A")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "update", ticket(account, remote_id).id, name="B")
    desk.edit(remote_id, title="C")
    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert desk.tables["tickets"][remote_id]["title"] == "C"


def test_an_older_twin_is_not_taken_for_the_lost_create(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A ticket that says the same and was known before the write is not ours."""
    twin = desk.add(title="Printer", text="on fire")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer", description="on fire")
    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE
    assert stored(unknown).remote_id not in {None, twin}


def test_an_update_whose_answer_was_lost_is_settled_by_comparing(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The record shows what was sent: done, without a second request that writes."""
    remote_id = desk.add(title="A")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "update", ticket(account, remote_id).id, name="B")
    assert unknown.state == WriteState.UNCERTAIN
    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE
    assert len(desk.writes()) == 1
    assert ticket(account, remote_id).name == "B"


def test_an_update_that_never_arrived_is_sent_again(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The record still shows what stood there before, and the request cannot be under way any more."""
    remote_id = desk.add(title="A")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "update", ticket(account, remote_id).id, name="B")
    desk.edit(remote_id, title="A")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE
    assert desk.tables["tickets"][remote_id]["title"] == "B"


@pytest.mark.parametrize("sent", [False, True])
def test_a_process_that_died_leaves_a_write_that_a_worker_finishes(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, *, sent: bool
) -> None:
    """Before sending: it is sent. After the desk made the ticket: it is found. One ticket either way."""
    work_until_idle()
    intent = journal.Intent(account, Ticket, "create", wanted={"name": "Printer", "description": "x"})
    entered, lease = journal.enter_and_claim(intent)
    if sent:
        journal.mark_sent(entered, lease, intent.wanted, None)
        desk.add(title="Printer", text="x")
    later(entered, 3)
    work_until_idle()

    assert stored(entered).state == WriteState.DONE
    assert len(desk.tables["tickets"]) == 1


def test_a_busy_provider_ends_an_impatient_write_and_puts_off_a_patient_one(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API answers at once that nothing was changed; a bridge's write waits for its turn."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    desk.refuse = [429] * 20
    refused = submit(account, "create", name="A")
    assert refused.state == WriteState.NOT_APPLIED

    desk.refuse = [429] * 20
    with transaction.atomic():
        waiting = journal.enter(journal.Intent(account, Ticket, "create", wanted={"name": "B"}))
    work_until_idle()
    assert stored(waiting).state == WriteState.JOURNALLED

    desk.refuse = []
    with transaction.atomic():
        Job.objects.filter(reference=waiting.id).update(due_at=clock.now())
    work_until_idle()

    assert stored(waiting).state == WriteState.DONE
    assert [t["title"] for t in desk.tables["tickets"].values()] == ["B"]


def test_a_reference_goes_out_as_the_providers_own_id(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A relation is given as our id and arrives at the provider as its own; an unknown one is refused by name."""
    author = desk.add("users", name="Bob", mail="b@example.com")
    work_until_idle()
    done = submit(account, "create", name="A", creator=record_id(account.id, User, author))
    refused = submit(account, "create", name="A", creator=uuid.uuid4())

    assert desk.tables["tickets"][done.remote_id or ""]["author"] == author
    assert refused.state == WriteState.REJECTED
    assert refused.problems[0]["source"] == {"pointer": "model/creator"}


def test_a_reference_to_another_accounts_record_is_refused(
    account: LinkedAccount, desk: Desk, mirror: Mirror
) -> None:
    """The other account's id would name somebody else at this provider."""
    mirror.land(mirror.seen("7", model=User, name="Bob"))
    refused = submit(account, "create", name="A", creator=record_id(mirror.account, User, "7"))

    assert refused.state == WriteState.REJECTED
    assert refused.problems[0]["source"] == {"pointer": "model/creator"}
    assert desk.writes() == []


def test_a_worker_cannot_take_a_write_that_is_being_performed(account: LinkedAccount) -> None:
    """While the API holds the write's job, nobody else can claim it."""
    entered, _lease = journal.enter_and_claim(journal.Intent(account, Ticket, "create", wanted={"name": "A"}))

    assert job.claim("write", entered.id) is None
