"""`manage.py write`: a person's word on what reading back could not tell."""

from __future__ import annotations

import time
import uuid

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import AtDesk, Call
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, job, journal, tasks, write
from unified_api.sync.models import Job, Write
from unified_api.sync.models_watch import Issue


def _work() -> None:
    for queue in job.QUEUES:
        while lease := job.claim_next(queue):
            tasks.do(lease, time.monotonic() + 20)


@pytest.fixture
def waiting(alice: Person, linked: AtDesk, desk: Desk) -> str:
    """A create whose answer was lost, and which could be either of two tickets; its id."""
    _work()
    desk.cut_after_write = 1
    with scope(alice.tenant_id):
        with transaction.atomic():
            account = LinkedAccount.objects.get(id=linked.account_id)
        entered, lease = journal.enter_and_claim(
            journal.Intent(account, Ticket, "create", wanted={"name": "Printer"})
        )
        write.perform(entered, lease, account, patient=False)
        desk.add(title="Printer")
        Job.objects.filter(reference=entered.id).update(due_at=clock.now())
    _work()
    assert state(alice, entered.id) == "uncertain"
    return str(entered.id)


def state(alice: Person, write_id: uuid.UUID | str) -> str:
    """The state as stored."""
    with alice.at_work():
        return str(Write.objects.get(id=write_id).state)


def test_a_person_names_the_record_that_was_made(alice: Person, waiting: str, desk: Desk, call: Call) -> None:
    """The write is done as that record, which is read and stored; the other twin stays apart."""
    told = call("write", waiting, "--tenant", str(alice.tenant_id), "--applied", "--as", "1", "--json")

    assert (told.document["state"], told.document["remote_id"]) == ("done", "1")
    with alice.at_work():
        assert Ticket.objects.get(id=Write.objects.get(id=waiting).record_id).remote_id == "1"
    assert not Job.objects.filter(kind="write").exists()
    assert len(desk.writes()) == 1


def test_a_person_says_that_nothing_was_changed(alice: Person, waiting: str, call: Call) -> None:
    """The write ends, and nothing is looked for any more."""
    call("write", waiting, "--tenant", str(alice.tenant_id), "--not-applied")

    assert state(alice, waiting) == "not applied"
    with pytest.raises(CommandError, match="The write is not applied since"):
        call("write", waiting, "--tenant", str(alice.tenant_id), "--applied", "--as", "1")


def test_a_create_needs_the_name_of_what_it_made(alice: Person, waiting: str, call: Call) -> None:
    """Without it nothing is settled, and with one that the provider does not know neither."""
    with pytest.raises(CommandError, match="Name the record"):
        call("write", waiting, "--tenant", str(alice.tenant_id), "--applied")
    with pytest.raises(CommandError, match="no such thing"):
        call("write", waiting, "--tenant", str(alice.tenant_id), "--applied", "--as", "999")

    assert state(alice, waiting) == "uncertain"


def test_looking_again_settles_what_can_be_told_by_now(
    alice: Person, waiting: str, desk: Desk, call: Call
) -> None:
    """When the twin is gone from the provider, exactly one record is left that can be the one."""
    del desk.tables["tickets"]["2"]
    call("write", waiting, "--tenant", str(alice.tenant_id), "--look-again")
    _work()

    assert state(alice, waiting) == "done"


def test_what_is_left_to_a_person_is_an_issue_until_it_is_known(
    alice: Person, waiting: str, desk: Desk, call: Call
) -> None:
    """It says what to type, as the status names the write; it ends when reading back can tell after all."""
    with alice.at_work():
        issue = Issue.objects.get(kind=journal.ISSUE)
    assert (str(issue.subject), issue.status) == (waiting, Issue.Status.ONGOING)
    assert f"`manage.py write {waiting} --tenant {alice.tenant_id} --applied`" in issue.description
    assert f"[write {waiting}]" in call("status").out

    del desk.tables["tickets"]["2"]
    call("write", waiting, "--tenant", str(alice.tenant_id), "--look-again")
    _work()
    with alice.at_work():
        assert Issue.objects.get(kind=journal.ISSUE).status == Issue.Status.RESOLVED
    assert waiting not in call("status").out


def test_another_tenant_sees_nothing_of_it(charlie: Person, waiting: str, call: Call) -> None:
    """A write is its tenant's."""
    with pytest.raises(CommandError, match="no write with this id"):
        call("write", waiting, "--tenant", str(charlie.tenant_id))
    with pytest.raises(CommandError, match="no write with this id"):
        call("write", waiting, "--tenant", str(charlie.tenant_id), "--not-applied")
