"""Whose counterpart a record is, where several have a name of it: the bookkeeper, fed by hand."""

from __future__ import annotations

import pytest

from tests.simulation.forged import Forged
from tests.simulation.remote import Row
from unified_api.engine.values import Side


def test_a_namesake_that_no_answer_has_shown_is_not_where_a_value_came_from() -> None:
    """A record is renamed to the name of a new one that nobody has read, and gets what its old namesake says."""
    forged = Forged()
    a, b = forged.born(Side.A, status="OPEN"), forged.born(Side.B, status="CLOSED")
    forged.shown(a, b)
    forged.edited(b, name="v9")
    forged.born(Side.A, name="v9", status="OPEN")
    forged.written(b, status="OPEN")

    assert forged.books.of(b).partner is a
    assert (forged.wrongs, forged.visible) == ([], [("status", "CLOSED", "OPEN")])


def test_a_write_comes_from_the_namesake_that_held_all_of_it() -> None:
    """Two records have had the name of a third, one word of a write was said by both, and a text by one."""
    forged = Forged()
    a, b = forged.born(Side.A, status="OPEN", description="v7"), forged.born(Side.B, status="CLOSED")
    forged.shown(a, b)
    forged.edited(a, name="v9")
    forged.shown(forged.born(Side.A, status="OPEN", description="v8"))
    forged.written(b, status="OPEN", description="v7")

    assert (forged.books.of(b).partner is a, forged.wrongs) == (True, [])


def test_who_was_removed_before_a_bridge_had_met_it_may_be_replaced_by_a_namesake() -> None:
    """The bridge joins the newcomer instead, and what that says travels."""
    forged = Forged()
    a, b = forged.pair(met=False)
    forged.books.join(a, b)
    forged.books.remove(b)
    other = forged.born(Side.B, status="CLOSED")
    forged.shown(other)
    forged.edited(other, name="v9")
    forged.written(a, name="v9", status="CLOSED")

    assert (forged.books.of(a).partner is other, forged.wrongs) == (True, [])


def test_a_write_of_which_one_value_is_nobodys_is_blamed_for_that_value() -> None:
    """The one namesake that a record has said one value of a write, and never the other."""
    forged = Forged()
    a, b = forged.born(Side.A, status="OPEN"), forged.born(Side.B, status="CLOSED")
    forged.shown(a, b)
    forged.written(b, status="OPEN", description="v8")

    assert forged.wrongs == ["description of b/1 became 'v8', which the other side never held"]


def test_what_gives_way_to_one_of_two_namesakes_may_be_on_record() -> None:
    """Both say what is written: whose it was cannot be told, so nothing has to be on record, and it may be."""
    forged = Forged()
    rows = [forged.born(Side.A, status="OPEN"), forged.born(Side.A, status="OPEN")]
    b = forged.born(Side.B, status="CLOSED")
    forged.shown(*rows, b)
    forged.written(b, status="OPEN")

    assert [(gave.field, gave.value, gave.by) for gave in forged.books.gave] == [("status", "CLOSED", "OPEN")]
    assert (forged.wrongs, forged.visible) == ([], [])


def test_what_was_renamed_before_its_create_was_known_is_nobodys_counterpart() -> None:
    """The answer was lost, and nobody has seen it by the name that was sent: both records get counterparts."""
    forged = Forged()
    a = forged.born(Side.A)
    forged.shown(a)
    lost = forged.lost(Side.B, name="v1", description="v2")
    forged.edited(lost, seen=False, name="v9")
    b = forged.created(Side.B, name="v1", description="v2")
    forged.shown(lost)
    other = forged.created(Side.A, name="v9", description="v2")

    partners = [forged.books.of(row).partner for row in (a, lost)]
    assert (partners, forged.wrongs) == ([b, other], [])


def test_what_was_stored_by_its_name_before_it_was_renamed_has_a_counterpart() -> None:
    """Whoever has it as it was created can know whose counterpart it is, though no answer said so."""
    forged, *_ = renamed(stored=True)
    forged.created(Side.B, name="v1", description="v2")

    assert forged.wrongs == ["a second counterpart of 'v1' was created"]


def test_what_was_shown_and_not_stored_before_it_was_renamed_is_nobodys_counterpart() -> None:
    """Whoever was shown it by the name that was sent died: nobody knows it by that, and both get counterparts."""
    forged, a, lost = renamed(stored=False)
    b = forged.created(Side.B, name="v1", description="v2")
    other = forged.created(Side.A, name="v9", description="v2")

    partners = [forged.books.of(row).partner for row in (a, lost)]
    assert (partners, forged.wrongs) == ([b, other], [])


@pytest.mark.parametrize("first", [("b", "v1"), ("a", "v9")])
@pytest.mark.parametrize("again", [("b", "v1"), ("a", "v9")])
def test_a_second_counterpart_is_blamed_beside_what_nobody_can_recognise(
    first: tuple[str, str], again: tuple[str, str]
) -> None:
    """Each of the two gets a counterpart of its own, in any order, and none of them a second one."""
    forged, *_ = renamed(stored=False)
    other = next(one for one in (("b", "v1"), ("a", "v9")) if one != first)
    for side, name in (first, other, again):
        forged.created(Side(side), name=name, description="v2")

    assert forged.wrongs == [f"a second counterpart of {again[1]!r} was created"]


@pytest.mark.parametrize(("paired", "blamed"), [(False, False), (True, True)])
def test_what_was_stored_beside_a_free_namesake_cannot_be_recognised(*, paired: bool, blamed: bool) -> None:
    """A person has to tell which of two was created; where the other one has a counterpart there is no such doubt."""
    forged, _, lost = renamed(stored=True)
    namesake = forged.born(Side.B)
    forged.shown(namesake)
    if paired:
        forged.books.join(namesake, forged.born(Side.A, name="v8"))
    forged.created(Side.A, name="v9", description="v2")

    assert (forged.books.of(lost).made_for is None, bool(forged.wrongs)) == (False, blamed)


def test_a_second_counterpart_is_blamed_beside_a_namesake() -> None:
    """What may have been made by itself gets one counterpart by its new name."""
    forged, *_ = renamed(stored=True)
    forged.shown(forged.born(Side.B))
    for _ in range(2):
        forged.created(Side.A, name="v9", description="v2")

    assert forged.wrongs == ["a second counterpart of 'v9' was created"]


def renamed(*, stored: bool) -> tuple[Forged, Row, Row]:
    """A record, and its counterpart, of which no answer came, and which was renamed. stored: after that was stored."""
    forged = Forged()
    a = forged.born(Side.A)
    forged.shown(a)
    lost = forged.lost(Side.B, name="v1", description="v2")
    forged.shown(lost, stored=stored)
    forged.edited(lost, name="v9")
    return forged, a, lost
