"""Which of a bridge's writes a person means: by write, pair, plan or run; and where a time lies in the log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import psycopg
import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.conftest import Mirror
from tests.unified_api.sync.memory.conftest import edit, record_at, told
from unified_api.sync.memory import deeds, place
from unified_api.sync.memory.deeds import Deed, NoDeed
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge

Choose = Callable[[Bridge, uuid.UUID], list[Deed]]


def choose(bridged: Bridged, how: Choose, named: uuid.UUID | str) -> list[Deed]:
    """What the bridge did by this choice."""
    with transaction.atomic():
        return how(Bridge.objects.get(id=bridged.bridge_id), uuid.UUID(str(named)))


def test_a_run_is_answerable_for_what_was_carried_of_it(bridged: Bridged) -> None:
    """Of a write that carried two people's edits, the field that the run had read, and no later write."""
    edit(bridged.a, title="Mine")
    bridged.read()
    run = told(record_at(bridged, "a"))[0]["run"]["id"]
    edit(bridged.a, priority="p1")
    bridged.round()
    edit(bridged.a, title="Later")
    bridged.round()
    (deed,) = choose(bridged, deeds.of_run, run)

    assert deed.fields == {"name"}
    assert deed.write.sent is not None
    assert deed.write.sent.keys() == {"name", "priority"}


def test_a_run_that_brought_a_record_is_answerable_for_its_creation(bridged: Bridged) -> None:
    """The create on the other side is named, with no field to put back."""
    run = told(record_at(bridged, "a"))[-1]["run"]["id"]
    (deed,) = choose(bridged, deeds.of_run, run)

    assert (deed.write.operation, deed.fields) == ("create", frozenset())


def test_a_pair_is_answerable_for_all_writes_to_both_sides(bridged: Bridged) -> None:
    """The create and each update."""
    edit(bridged.a, title="Mine")
    bridged.round()
    edit(bridged.b, title="Yours")
    bridged.round()
    (pair,) = bridged.pairs()
    found = choose(bridged, deeds.of_pair, pair.id)

    assert sorted(deed.write.operation for deed in found) == ["create", "update", "update"]


def test_one_write_is_meant_with_all_that_it_sent(bridged: Bridged) -> None:
    """By its id alone."""
    edit(bridged.a, title="Mine", priority="p1")
    bridged.round()
    with transaction.atomic():
        write = Write.objects.get(operation="update")

    assert choose(bridged, deeds.of_write, write.id) == [Deed(write, frozenset({"name", "priority"}))]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (deeds.of_write, "no write with this id"),
        (deeds.of_pair, "no pair with this id"),
        (deeds.of_plan, "nothing of a plan with this id"),
        (deeds.of_run, "No run with this id"),
    ],
)
def test_what_the_bridge_did_not_do_is_said(bridged: Bridged, how: Choose, told: str) -> None:
    """The sentence names what was asked for."""
    with pytest.raises(NoDeed, match=told):
        choose(bridged, how, uuid.uuid4())


@pytest.mark.parametrize(
    "gone", ["position = -1", "position % 3 = 0", "position < 5", "position > 5", "true"]
)
def test_a_time_is_found_in_a_log_with_gaps(mirror: Mirror, database: psycopg.Connection, gone: str) -> None:
    """Below the position everything is older, from it on nothing is: for every stamp, and just beside it."""
    for number in range(10):
        mirror.land(mirror.seen("1", name=str(number)), mirror.seen("2", name=str(number)))
    database.execute(f"DELETE FROM sync_change WHERE {gone}")  # noqa: S608 - the test's own words
    with transaction.atomic():
        log = list(Change.objects.order_by("position"))
        moments = [c.at + dt.timedelta(microseconds=n) for c in log for n in (-1, 0, 1)]
        for moment in [
            *moments,
            dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
            dt.datetime(2999, 1, 1, tzinfo=dt.UTC),
        ]:
            position = place.first_at(moment)
            assert [c.position < position for c in log] == [c.at < moment for c in log]
