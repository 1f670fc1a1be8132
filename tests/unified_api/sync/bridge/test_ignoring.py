"""A record that is ignored is blank and stays so; what a bridge keeps equal with it is left alone."""

from __future__ import annotations

import uuid
from dataclasses import replace
from unittest.mock import ANY

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import configure, the_plan
from unified_api.models.ticketing import Ticket
from unified_api.sync import ignoring, journal
from unified_api.sync.bridge import plans
from unified_api.sync.models import Change, RemoteData, Run, SetAside, Stream, Write
from unified_api.sync.models_account import Ignored
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import PlanItem

WHY = ignoring.Why("GDPR", "asked by letter")


@pytest.fixture
def known(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> uuid.UUID:
    """The record at side a of a ticket that both sides have; what is deleted at a is to be deleted at b."""
    monkeypatch.setattr(Ticket, "wire", replace(Ticket.wire, ignores=True))
    desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join(deletes={"b": "propagate"})
    desks.round()
    [pair] = desks.pairs()
    assert pair.record_a is not None
    return pair.record_a


@pytest.fixture
def ignored(desks: Bridged, known: uuid.UUID) -> uuid.UUID:
    """The same, ignored."""
    ignoring.ignore(desks.accounts[0], Ticket, known, WHY)
    return known


def test_nothing_of_it_is_kept(ignored: uuid.UUID) -> None:
    """Not in the record, its past, its raw answers or the journal; the reason is."""
    with transaction.atomic():
        record = Ticket.objects.get(id=ignored)
        kept = Ignored.objects.get(record_id=ignored)
        changes = list(Change.objects.filter(record_id=ignored).values_list("kind", "fields", "source"))
        raw = RemoteData.objects.filter(record_id=ignored).count()
        said = [(one.values, one.sent) for one in Write.objects.filter(record_id=ignored)]

    assert (record.name, record.description, record.remote_id, record.is_shell) == (None, None, None, True)
    assert (kept.reason, kept.message) == ("GDPR", "asked by letter")
    assert (changes, raw) == ([("deleted", {}, "ignore")], 0)
    assert all(one == ({}, None) for one in said)


def test_nothing_that_went_wrong_with_it_is_kept(desks: Bridged, known: uuid.UUID) -> None:
    """Neither what the provider said to a write of it, nor an answer that did not map; nor another one later."""
    [counterpart] = desks.b.tables["tickets"]
    desks.a.refuse_writes = 422
    desks.b.edit(counterpart, title="Plotter")
    desks.round()
    desks.a.edit("1", title="Plotter", state=["secret"])
    desks.read()
    before = wrong_with(known)
    ignoring.ignore(desks.accounts[0], Ticket, known, WHY)
    after = wrong_with(known)
    desks.read()
    with transaction.atomic():
        stream = Stream.objects.get(linked_account_id=desks.accounts[0].id, model="ticketing.Ticket")
        counted = list(Run.objects.filter(stream_id=stream.id).order_by("started"))

    assert all(one in before for one in ("refused by the test", "secret", "are set aside"))
    assert [after, wrong_with(known)] == [str([([], None, None)])] * 2
    assert [run.set_aside for run in counted][-2:] == [1, 0]


def wrong_with(record: uuid.UUID) -> str:
    """What the journal has of what became of writes to a record, and all that is set aside."""
    with transaction.atomic():
        writes = Write.objects.filter(record_id=record).values_list("problems", "error", "remote_id")
        errors = [Run.objects.filter(error__contains="(1: "), Stream.objects.filter(error__contains="(1: ")]
        said = [row for rows in errors for row in rows.values_list("error")]
        return str([*writes, *SetAside.objects.values_list("remote_id", "reason", "raw"), *said])


def test_it_is_not_taken_in_again(desks: Bridged, ignored: uuid.UUID) -> None:
    """Whatever becomes of it there, and however often it is read."""
    desks.a.edit("1", title="Plotter")
    desks.a.add(title="Door", text="It squeaks", state="open", priority="p2")
    desks.round()
    with transaction.atomic():
        names = list(
            Ticket.objects.filter(linked_account_id=desks.accounts[0].id).values_list(
                "name", "remote_was_deleted"
            )
        )

    assert sorted(names, key=str) == [("Door", False), (None, False)]


def test_its_counterpart_is_left_alone(desks: Bridged, ignored: uuid.UUID) -> None:
    """Nobody ends it, or makes it anew at the other side; its edits go nowhere, and nobody is asked about it."""
    writes = desks.writes()
    [counterpart] = desks.b.tables["tickets"]
    desks.round()
    desks.b.edit(counterpart, title="Plotter")
    desks.round()
    [pair] = desks.pairs()

    assert (pair.state, pair.problems) == ("gone", [])
    assert desks.writes() == writes
    assert desks.both("title") == (["Printer"], ["Plotter"])


def test_no_plan_says_anything_of_it(desks: Bridged, known: uuid.UUID) -> None:
    """What was to be done is left alone; all else that was shown is still approved by the same hash, and done."""
    configure(desks, mode=Bridge.Mode.PLAN)
    desks.a.edit("1", title="Plotter")
    desks.a.add(title="Door", text="It squeaks", state="open", priority="p2")
    desks.round()
    plan = the_plan(desks)
    ignoring.ignore(desks.accounts[0], Ticket, known, WHY)
    with transaction.atomic():
        told = [
            (one.record_a == known, one.fields["fields"].keys(), one.key, one.state)
            for one in PlanItem.objects.order_by("state")
        ]
        plans.approve(plan.id, plan.hash)
    desks.round()

    assert told == [(True, set(), None, "moved"), (False, ANY, ANY, "waiting")]
    assert sorted(desks.both("title")[1]) == ["Door", "Printer"]


def test_a_write_that_is_on_its_way_comes_first(desks: Bridged, known: uuid.UUID) -> None:
    """Its answer would bring back what was forgotten; nothing is forgotten until it ended."""
    with transaction.atomic():
        journal.enter(
            journal.Intent(desks.accounts[0], Ticket, "update", {"name": "Plotter"}, record_id=known)
        )
    with pytest.raises(ignoring.UnderWay):
        ignoring.ignore(desks.accounts[0], Ticket, known, WHY)
    with transaction.atomic():
        assert Ticket.objects.get(id=known).name == "Printer"
        assert not Ignored.objects.exists()
