"""A create whose answer was lost is recognised by what it said at first, whatever somebody made of it since."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from tenants.models import LinkedAccount
from tests.stub import Desk
from tests.unified_api.sync.test_write import later, stored, submit, ticket
from unified_api.sync import clock, settle
from unified_api.sync.models import Job, Write, WriteState

Drain = Callable[[], int]


def listed(drain: Drain) -> None:
    """Everything that is due is done, and so is a list."""
    with transaction.atomic():
        Job.objects.filter(kind="pull").update(due_at=clock.now())
    drain()


def lost(account: LinkedAccount, desk: Desk, drain: Drain) -> tuple[Write, str]:
    """A create whose answer was lost, the record of which a list has shown; and its remote id."""
    drain()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    [remote_id] = desk.tables["tickets"]
    listed(drain)
    assert ticket(account, remote_id).name == "Printer"
    return unknown, remote_id


def test_what_was_renamed_since_a_list_showed_it_is_ours(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The provider's search by the name that was sent finds nothing, and nothing is made a second time."""
    unknown, remote_id = lost(account, desk, work_until_idle)
    desk.edit(remote_id, title="Renamed")
    listed(work_until_idle)
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert (stored(unknown).state, stored(unknown).remote_id) == (WriteState.DONE, remote_id)
    assert ticket(account, remote_id).name == "Renamed"


def test_what_was_removed_since_it_was_renamed_was_made(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Who asks learns which record it was, and that it is gone."""
    unknown, remote_id = lost(account, desk, work_until_idle)
    desk.edit(remote_id, title="Renamed")
    listed(work_until_idle)
    del desk.tables["tickets"][remote_id]
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.NOT_APPLIED
    assert f"made as {remote_id}" in (stored(unknown).error or "")


def test_a_person_tells_which_of_two_it_was(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """One says now what was sent, and another said it before."""
    unknown, remote_id = lost(account, desk, work_until_idle)
    desk.edit(remote_id, title="Renamed")
    twin = desk.add(title="Printer")
    listed(work_until_idle)
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert {remote_id, twin} <= set(str(stored(unknown).error).replace(",", " ").split())


def test_what_was_renamed_since_no_list_has_shown_yet(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The search shows only somebody's record of that name, which is not taken for the one that was stored so, too."""
    unknown, remote_id = lost(account, desk, work_until_idle)
    desk.edit(remote_id, title="Renamed")
    twin = desk.add(title="Printer")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert {remote_id, twin} <= set(str(stored(unknown).error).replace(",", " ").split())


def test_what_came_before_and_was_renamed_since_is_not_ours(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A ticket of that name was there when the write was journalled."""
    older = desk.add(title="Printer")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    [ours] = set(desk.tables["tickets"]) - {older}
    del desk.tables["tickets"][ours]
    desk.edit(older, title="Renamed")
    listed(work_until_idle)
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.NOT_APPLIED


def test_a_record_that_never_said_it_is_not_ours(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """It came since and was renamed since, but from another name."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    desk.tables["tickets"].clear()
    other = desk.add(title="Scanner")
    listed(work_until_idle)
    desk.edit(other, title="Renamed")
    listed(work_until_idle)
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.NOT_APPLIED
