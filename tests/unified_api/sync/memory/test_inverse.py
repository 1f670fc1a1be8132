"""The inverse of writes: how far a field goes back, and what is left alone."""

from __future__ import annotations

from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.memory.conftest import edit, record_at, subject
from unified_api.sync.memory.deeds import Deed
from unified_api.sync.memory.inverse import Inverse, Put, inverse
from unified_api.sync.models import Write


def turn_round(bridged: Bridged, side: str, *, newest: int | None = None) -> Inverse:
    """The inverse of all the bridge's writes of a side, or of the newest alone."""
    record = record_at(bridged, side)
    with transaction.atomic():
        writes = list(Write.objects.filter(record_id=record).order_by("-journalled_at")[:newest])
        return inverse(subject(record), [Deed.whole(write) for write in writes])


def test_a_write_is_turned_round_to_what_stood_before(bridged: Bridged) -> None:
    """Each field that it sent goes back; what its answer showed beside is not touched."""
    edit(bridged.a, title="Mine", priority="p1")
    bridged.round()
    found = turn_round(bridged, "b", newest=1)

    assert found.puts == (Put("name", "Mine", "Printer"), Put("priority", "URGENT", "NORMAL"))
    assert found.left == ()


def test_an_overruled_edit_comes_back(bridged: Bridged) -> None:
    """What gave way stood before the write."""
    edit(bridged.a, title="Mine")
    edit(bridged.b, title="Yours")
    bridged.round()

    assert turn_round(bridged, "b", newest=1).puts == (Put("name", "Mine", "Yours"),)


def test_several_writes_go_back_to_before_the_first(bridged: Bridged) -> None:
    """Without an edit between them they are one."""
    for title in ("First", "Second", "Third"):
        edit(bridged.a, title=title)
        bridged.round()

    assert turn_round(bridged, "b", newest=3).puts == (Put("name", "Third", "Printer"),)


def test_an_edit_in_between_is_as_far_as_it_goes(bridged: Bridged) -> None:
    """People of the side gave that value, so it is what would stand there without the later writes."""
    edit(bridged.a, title="First")
    bridged.round()
    edit(bridged.b, title="Theirs")
    bridged.round()
    edit(bridged.a, title="Last")
    bridged.round()

    assert turn_round(bridged, "b", newest=2).puts == (Put("name", "Last", "Theirs"),)


def test_what_moved_since_is_left_alone_and_said(bridged: Bridged) -> None:
    """An edit after the write stays; the other field goes back."""
    edit(bridged.a, title="Mine", priority="p1")
    bridged.round()
    edit(bridged.b, title="Theirs")
    bridged.read()
    found = turn_round(bridged, "b", newest=1)

    assert found.puts == (Put("priority", "URGENT", "NORMAL"),)
    assert [(one.field, one.reason) for one in found.left] == [
        ("name", "It was changed since, or is as it was before.")
    ]


def test_a_value_goes_back_in_the_sides_own_spelling(bridged: Bridged) -> None:
    """What the provider had made of the earlier text, not what had been sent."""
    bridged.b.spell = str.upper
    edit(bridged.a, title="First")
    bridged.round()
    edit(bridged.a, title="Second")
    bridged.round()

    assert turn_round(bridged, "b", newest=1).puts == (Put("name", "SECOND", "FIRST"),)


def test_a_creation_is_undone_by_deleting(bridged: Bridged) -> None:
    """With all that the bridge wrote to it since."""
    edit(bridged.a, title="Mine")
    bridged.round()

    assert turn_round(bridged, "b") == Inverse(deletes=True)


def test_a_creation_that_was_edited_stays(bridged: Bridged) -> None:
    """By people of its side; what the bridge wrote to it goes back."""
    edit(bridged.a, title="Mine")
    bridged.round()
    edit(bridged.b, priority="p1")
    bridged.round()

    assert turn_round(bridged, "b") == Inverse((Put("name", "Mine", "Printer"),), edited=("priority",))


def test_a_record_that_is_gone_is_left_alone(bridged: Bridged) -> None:
    """Nothing can be put back there."""
    edit(bridged.a, title="Mine")
    bridged.round()
    record = record_at(bridged, "b")
    bridged.b.add(title="Another", state="open")
    bridged.round()
    del bridged.b.tables["tickets"]["1"]
    bridged.round()
    with transaction.atomic():
        (write,) = Write.objects.filter(record_id=record, operation="update")
        found = inverse(subject(record), [Deed.whole(write)])

    assert found.puts == ()
    assert [one.reason for one in found.left] == ["The record was deleted since."]
