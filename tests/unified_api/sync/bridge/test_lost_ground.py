"""Writes that wait until what they were journalled for is no more: they do not leave."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from tenants.models import LinkedAccount
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_outcome import hurry
from tests.unified_api.sync.bridge.test_plans import approve, lose
from tests.unified_api.sync.bridge.test_rounds import only
from tests.unified_api.sync.bridge.test_stopping import journal_a_delete, newest_write, plan_to_restore, told
from unified_api.sync import connect, streams, word
from unified_api.sync.bridge import changing, ending
from unified_api.sync.models import Stream, Write


@contextmanager
def waiting_for_b(bridged: Bridged) -> Iterator[None]:
    """What is journalled within waits until side b is linked again, which it is after the block; then it is due."""
    with transaction.atomic():
        account = LinkedAccount.objects.get(id=bridged.accounts[1].id)
    connect.pause(account, "the provider refuses the credential")
    yield
    bridged.relink()
    bridged.work_once(("write",))


def read_all_of_a(bridged: Bridged) -> None:
    """Have Isthmus read side a from the start, and the bridge look."""
    with transaction.atomic():
        streams.resync(Stream.objects.get(linked_account_id=bridged.accounts[0].id, model="ticketing.Ticket"))
    bridged.read()
    bridged.work_once(("write", "bridge"))


def test_nothing_is_deleted_for_a_loss_that_is_none_any_more(bridged: Bridged) -> None:
    """The lost ticket is back while the delete of its counterpart waits: both stay, and go on as a pair."""
    lost = copy.deepcopy(bridged.a.tables["tickets"])
    journal_a_delete(bridged)
    with waiting_for_b(bridged):
        bridged.a.tables["tickets"].update(lost)
        read_all_of_a(bridged)

    assert "the record whose loss it answers is there" in str(newest_write().error)
    bridged.a.edit(only(bridged.a)[0], title="Found")
    bridged.round()
    assert bridged.both("title") == (["Found"], ["Found"])


def test_a_delete_leaves_while_the_loss_that_it_answers_lasts(bridged: Bridged) -> None:
    """However long it waits."""
    journal_a_delete(bridged)
    with waiting_for_b(bridged):
        read_all_of_a(bridged)

    assert bridged.both("title") == ([], [])


@pytest.mark.parametrize("becomes", ["deleted", "left out"])
def test_nothing_is_made_of_a_record_that_takes_no_part_any_more(bridged: Bridged, becomes: str) -> None:
    """It is deleted, or leaves the filter, while the create of its counterpart waits."""
    told(bridged, filter={"a": {"priority": {"not": "LOW"}}}, live=True)
    bridged.round()
    made = bridged.a.add(title="Router", text="It is on fire", state="open", priority="p2")
    bridged.read()
    bridged.work_once(("bridge",))
    assert (newest_write().operation, newest_write().state) == ("create", "journalled")
    with waiting_for_b(bridged):
        if becomes == "deleted":
            del bridged.a.tables["tickets"][made]
            lose(bridged, 0)
        else:
            bridged.a.edit(made, priority="p3")
        read_all_of_a(bridged)

    assert "Not sent: the record of which it is made" in str(newest_write().error)
    bridged.round()
    assert bridged.both("title")[1] == ["Printer"]


def test_what_a_person_has_restored_is_made_though_the_filter_leaves_it_out(bridged: Bridged) -> None:
    """A plan for this very record was approved."""
    told(bridged, filter={"a": {"priority": {"not": "LOW"}}}, live=True)
    bridged.round()
    bridged.a.edit(only(bridged.a)[0], priority="p3")
    bridged.round()
    approve(plan_to_restore(bridged))
    bridged.round()

    assert bridged.both("title") == (["Printer"], ["Printer"])


def test_what_is_back_by_itself_is_not_made_a_second_time(bridged: Bridged) -> None:
    """The lost ticket is there again before the create that restores it leaves: there is one, and not two."""
    told(bridged, live=True)
    bridged.round()
    lost = copy.deepcopy(bridged.b.tables["tickets"])
    approve(plan_to_restore(bridged))
    bridged.work_once(("bridge",))
    assert (newest_write().operation, newest_write().state) == ("create", "journalled")
    bridged.b.tables["tickets"].update(lost)
    with transaction.atomic():
        streams.resync(Stream.objects.get(linked_account_id=bridged.accounts[1].id, model="ticketing.Ticket"))
    bridged.read()
    bridged.work_once(("write",))

    assert "the record that it makes again is there" in str(newest_write().error)
    bridged.a.edit(only(bridged.a)[0], title="Found")
    bridged.round()
    assert bridged.both("title") == (["Found"], ["Found"])


def test_scopes_that_forbid_reading_stop_a_delete_too(bridged: Bridged) -> None:
    """It carries no value, and answers what may not be read any more."""
    journal_a_delete(bridged)
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=bridged.accounts[0].id)
        account.update(permissions={"ticketing.Ticket": {"read": False}})
        changing.look_again(bridged.accounts[0].id)
    bridged.work_once(("write",))

    assert newest_write().state == "not applied"
    assert bridged.both("title")[1] == ["Printer"]


def left_to_a_person(bridged: Bridged) -> Write:
    """An update of side b whose answer was lost, and of which the record tells nothing any more; its pair went on.

    Then the record says again what it said before the update.
    """
    before = only(bridged.b)[1]["title"]
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.b.cut_after_write = 1
    bridged.work_once()
    bridged.b.edit(only(bridged.b)[0], title="Other")
    hurry(bridged)
    bridged.work_once(("write",))
    bridged.round()
    bridged.b.edit(only(bridged.b)[0], title=before)
    bridged.round()
    left = newest_write_of_b(bridged)
    assert left.state == "uncertain"
    return left


def newest_write_of_b(bridged: Bridged) -> Write:
    """The write to side b that was journalled last."""
    with transaction.atomic():
        found: Write = Write.objects.filter(linked_account_id=bridged.accounts[1].id).latest("journalled_at")
    return found


def look_again(bridged: Bridged, left: Write) -> Write:
    """A person has Isthmus look once more."""
    word.look_again(left.id)
    hurry(bridged)
    bridged.work_once(("write",))
    with transaction.atomic():
        found: Write = Write.objects.get(id=left.id)
    return found


def test_an_update_is_not_sent_again_once_its_pair_has_gone_on(bridged: Bridged) -> None:
    """A person has it looked at once more: nothing of it stands there, and it stays so."""
    left = left_to_a_person(bridged)
    agreed = bridged.both("title")
    again = look_again(bridged, left)

    assert (again.state, again.error) == ("not applied", "Not sent: its pair has gone on without it.")
    bridged.round()
    assert bridged.both("title") == agreed == (["Printer"], ["Printer"])


def test_a_bridge_that_ended_writes_nothing_that_is_looked_at_again(bridged: Bridged) -> None:
    """Nothing more is written, as who ended it was told."""
    left = left_to_a_person(bridged)
    with transaction.atomic():
        ending.end(bridged.bridge_id)
    before = bridged.writes()
    again = look_again(bridged, left)

    assert (again.state, again.error) == ("not applied", "Not sent: its bridge has ended.")
    assert bridged.writes() == before
