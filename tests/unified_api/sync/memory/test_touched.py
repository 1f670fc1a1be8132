"""An undo deletes no record to which people have added something."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.test_files import Desks, desks
from tests.unified_api.sync.memory.test_undo import carry_out, items, left
from unified_api.sync.memory import deeds, undo
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan

__all__ = ["desks"]  # a fixture


@pytest.fixture
def copied(desks: Desks) -> Desks:
    """The ticket and its file are at desk b as well, made by the bridges."""
    desks.a.attach("1", "log.txt", b"It says nothing.")
    desks.apply()
    desks.round()
    assert [one["name"] for one in desks.b.tables["files"].values()] == ["log.txt"]
    return desks


def make(desks: Desks) -> Plan:
    """A plan that undoes the create of the ticket."""
    with transaction.atomic():
        bridge = Bridge.objects.get(model="ticketing.Ticket")
        write = Write.objects.get(model="ticketing.Ticket", operation="create")
        return undo.make(bridge, deeds.of_write(bridge, write.id), "A person asked for it.")


def attach(desks: Desks) -> None:
    """People of desk b attach a file to the ticket, and it is read."""
    (ticket,) = desks.b.tables["tickets"]
    desks.b.attach(ticket, "photo.txt", b"Smoke.")
    desks.round()


def test_what_a_bridge_added_is_not_in_the_way(copied: Desks) -> None:
    """The file that it copied has its original at the other desk."""
    item = carry_out(copied.desks, make(copied))

    assert (item.action, item.state) == ("delete", "done")
    assert copied.b.tables["tickets"] == {}


def test_a_record_to_which_people_added_a_file_is_not_deleted(copied: Desks) -> None:
    """A problem says how many refer to it, of which model."""
    attach(copied)
    plan = make(copied)

    assert {one.action for one in items(plan)} == {"problem"}
    [(field, reason)] = left(plan)
    assert (field, "others refer to it since: 1 of ticketing.Attachment" in reason) == ("", True)


def test_what_people_add_before_it_is_deleted_keeps_it(copied: Desks) -> None:
    """Between plan and approval."""
    plan = make(copied)
    attach(copied)
    item = carry_out(copied.desks, plan)

    assert item.state == "moved"
    assert len(copied.b.tables["tickets"]) == 1
