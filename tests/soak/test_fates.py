"""The judge of a soak, given lines of edits by hand: each end of an edit is told from the others, and from a loss."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.chaos.proxy import Call
from tests.soak.editors import Books, Edit
from tests.soak.fates import Court, Fate, GaveWay
from tests.soak.judge import Verdict, account
from tests.soak.shown import spans
from tests.soak.turns import Lines, Told, Turn, Unanswered, Writer, people, told, updates
from tests.soak.versions import Version
from tests.soak.window import window

TICKET, FIELD = "base 001", "name"
PLACE = (TICKET, FIELD)


def edit(at: float, value: str, seen: str, *, looked: float | None = None, **more: Any) -> Edit:
    """Somebody's edit whose request takes 0.2 s around this moment; it was opened just before."""
    opened = at - 0.15 if looked is None else looked
    facts = {"side": "a", "remote_id": "1", "field": FIELD, "answered": True, **more}
    return Edit(value=value, seen=seen, looked=opened, began=at - 0.1, ended=at + 0.1, **facts)


def person(at: float, value: str, seen: str, **more: Any) -> tuple[float, str, Writer]:
    """A turn of a person."""
    (writer,) = people([edit(at, value, seen, **more)])
    return at, value, writer


def bridge(
    at: float, value: str, *, read: float | None = None, named: str = "title"
) -> tuple[float, str, Writer]:
    """A turn of the product, which went by a read of just before."""
    looked = at - 0.15 if read is None else read
    return at, value, Writer("1", None, {named: value}, looked, at - 0.1, at + 0.1)


def saved(at: float, value: str) -> tuple[float, str, Writer]:
    """What a write of another field put back."""
    return bridge(at, value, named="priority")


def lines(**sides: list[tuple[float, str, Writer]]) -> Lines:
    """Both sides begin with `old`."""
    result: Lines = defaultdict(list)
    for side in ("a", "b"):
        begun = [(0.0, "old", None), *sides.get(side, [])]
        result[side, *PLACE] = [Turn(side, *PLACE, 0.0, None, "old", None, meant=True)]
        for (_, old, _), (at, new, by) in pairwise(begun):
            assert by is not None
            result[side, *PLACE].append(Turn(side, *PLACE, at, old, new, by, meant=FIELD in by.names))
    return result


def gave_way(side: str, value: str, at: float = 5.0) -> GaveWay:
    """An entry of the bridge's record."""
    return GaveWay(side, *PLACE, value, "winner", at)


def fate(side: str, all_lines: Lines, *record: GaveWay) -> Fate:
    """Of the first turn at this side; b has no conditional writes."""
    return Court(all_lines, list(record), frozenset("b")).fate(all_lines[side, *PLACE][1])


#: Somebody who gets an answer long after the change was true.
SLOW = replace(person(1, "x", "old")[2], ended=3.0)
CASES = [
    ("a", Fate.SURVIVED, lines(a=[person(1, "x", "old")])),
    ("a", Fate.REPLACED, lines(a=[person(1, "x", "old"), person(2, "y", "x")])),
    ("a", Fate.LOST, lines(a=[person(1, "x", "old"), person(2, "y", "old", looked=0.5)])),
    ("b", Fate.UNSEEN, lines(b=[bridge(1, "x"), person(1.2, "y", "old", looked=0.9)])),
    ("b", Fate.LOST, lines(b=[bridge(1, "x"), person(2, "y", "old", looked=1.5)])),
    (
        "a",
        Fate.REPLACED,
        lines(a=[person(1, "x", "old"), bridge(4, "y")], b=[bridge(2, "x"), person(3, "y", "x")]),
    ),
    ("a", Fate.LOST, lines(a=[person(1, "x", "old"), bridge(4, "y")], b=[bridge(2, "x")])),
    (
        "a",
        Fate.LOST,
        lines(a=[person(1, "x", "old"), bridge(2, "y")], b=[bridge(3, "x"), person(4, "y", "x")]),
    ),
    ("b", Fate.WINDOW, lines(b=[person(1, "x", "old"), bridge(1.3, "y", read=1.05)])),
    ("b", Fate.LOST, lines(b=[person(1, "x", "old"), bridge(2, "y", read=1.5)])),
    ("b", Fate.LOST, lines(b=[(1, "x", SLOW), bridge(2, "y", read=1.5)])),
    ("a", Fate.LOST, lines(a=[person(1, "x", "old"), bridge(1.3, "y", read=1.05)])),
    ("b", Fate.SAVED, lines(b=[person(1, "x", "old"), saved(1.15, "old")])),
    ("b", Fate.LOST, lines(b=[person(1, "x", "old"), saved(2, "old")])),
    ("a", Fate.LOST, lines(a=[person(1, "x", "old"), saved(1.3, "old")])),
    ("a", Fate.RACED, lines(a=[person(1, "x", "old"), saved(1.15, "old")])),
    ("a", Fate.RACED, lines(a=[person(1, "x", "old"), bridge(1.15, "y")])),
    ("a", Fate.RACED, lines(a=[bridge(1, "x"), person(1.15, "y", "old")])),
    ("a", Fate.LOST, lines(a=[person(1, "x", "old"), bridge(2, "y")])),
]


@pytest.mark.parametrize(("side", "expected", "all_lines"), CASES)
def test_what_became_of_an_edit(side: str, expected: Fate, all_lines: Lines) -> None:
    """It depends on who came next, on what that one had seen, and on what the server can do."""
    assert fate(side, all_lines) is expected


def test_an_edit_that_is_on_record_was_overruled() -> None:
    """An entry accounts for this value of this side, and for one edit alone: the last before it that said so."""
    over = lines(a=[person(1, "x", "old"), bridge(2, "y")])

    assert fate("a", over, gave_way("a", "x")) is Fate.OVERRULED
    assert fate("a", over, gave_way("b", "x")) is Fate.LOST
    assert fate("a", over, gave_way("a", "z")) is Fate.LOST
    again = lines(a=[person(1, "x", "old"), bridge(2, "y"), person(3, "x", "y"), bridge(4, "z")])
    for at, fates in ((2.1, [Fate.OVERRULED, Fate.LOST]), (4.1, [Fate.LOST, Fate.OVERRULED])):
        court = Court(again, [gave_way("a", "x", at)], frozenset("b"))
        assert [court.fate(turn) for turn in again["a", *PLACE][1::2]] == fates


def test_an_entry_is_of_who_said_so_and_not_of_who_said_the_same_later() -> None:
    """The later edit came to the other side again, after the earlier one had given way there."""
    both = lines(
        a=[person(1, "w", "old"), person(3, "x", "w"), bridge(9, "z")],
        b=[person(2, "x", "old"), bridge(4, "w"), bridge(6, "x"), person(7, "z", "x")],
    )
    court = Court(both, [gave_way("b", "x", 4.1)], frozenset("b"))

    assert court.fate(both["a", *PLACE][2]) is Fate.REPLACED
    assert court.fate(both["b", *PLACE][1]) is Fate.OVERRULED


def test_an_edit_that_says_what_a_write_without_an_answer_had_sent() -> None:
    """It is taken for that write's arrival; not if another value was sent, or earlier, or to another field."""
    all_lines = lines(b=[bridge(1, "w"), person(5, "x", "w"), bridge(8, "y", read=7.5)])

    def ended(*sent: Unanswered) -> Fate:
        return Court(all_lines, [], frozenset(), sent).fate(all_lines["b", *PLACE][2])

    assert ended(Unanswered("b", *PLACE, "x", 3.0)) is Fate.TAKEN
    assert ended() is Fate.LOST
    assert ended(Unanswered("b", *PLACE, "z", 3.0)) is Fate.LOST
    assert ended(Unanswered("b", *PLACE, "x", 2.0), Unanswered("b", *PLACE, "z", 3.0)) is Fate.LOST
    assert ended(Unanswered("b", *PLACE, "x", 0.5)) is Fate.LOST
    assert ended(Unanswered("b", *PLACE, "x", 6.0)) is Fate.LOST
    assert ended(Unanswered("a", *PLACE, "x", 3.0)) is Fate.LOST
    assert ended(Unanswered("b", TICKET, "priority", "x", 3.0)) is Fate.LOST


def test_an_edit_back_to_what_was_agreed_is_no_news() -> None:
    """Until the bridge has written something else there."""
    back = [person(1, "x", "old"), person(2, "old", "x"), bridge(4, "y")]
    returned = lines(a=back, b=[person(1.5, "y", "old")])
    court = Court(returned, [], frozenset("b"))
    assert court.fate(returned["a", *PLACE][2]) is Fate.RETURNED

    moved_on = lines(a=[bridge(0.5, "z"), *back], b=[person(0.2, "z", "old"), person(1.5, "y", "z")])
    shown = {
        ("a", *PLACE): spans([(0.6, "z"), (2.1, "old")], "old"),
        ("b", *PLACE): spans([(0.3, "z"), (1.6, "y")], "old"),
    }
    assert Court(moved_on, [], frozenset("b"), shown=shown).fate(moved_on["a", *PLACE][3]) is Fate.LOST


def test_what_was_agreed_goes_by_what_was_read() -> None:
    """Both had said w, though not at one time: it was agreed if the one had been read before, the other after."""
    b = [person(1, "w", "old"), person(2, "y", "w")]
    all_lines = lines(
        a=[person(2.5, "w", "old"), person(3, "x", "w"), person(4, "w", "x"), bridge(5, "y")], b=b
    )

    def ended(**read: list[tuple[float, str | None]]) -> Fate:
        shown = {(side, *PLACE): spans(changes, "old") for side, changes in read.items()}
        return Court(all_lines, [], frozenset(), shown=shown).fate(all_lines["a", *PLACE][3])

    assert ended(a=[(2.6, "w")], b=[(1.1, "w"), (2.7, "y")]) is Fate.RETURNED
    assert ended(a=[(2.6, "w")], b=[(1.1, "w"), (2.5, "y")]) is Fate.LOST
    assert ended(a=[(4.1, "w")], b=[(1.1, "w"), (4.5, "y")]) is Fate.LOST
    assert ended() is Fate.LOST


def version(at: float, title: str, *, priority: str = "LOW") -> Version:
    """A ticket as its store had it."""
    words = {"name": title, "status": "OPEN", "priority": priority}
    return Version("1", at, {"title": title, "priority": priority}, words)


def test_a_version_is_by_who_said_what_it_shows() -> None:
    """Of two whose requests were under way; what it shows beyond that was not meant."""
    writer = person(1, "x", "old")[2]
    ours = bridge(1.05, "HIGH", named="priority")[2]
    both = [version(0, "old"), version(1, "x"), version(1.05, "old", priority="HIGH")]
    side = told("b", both, [writer, ours], {"1": TICKET})

    assert [(t.new, t.by, t.meant) for t in side.lines["b", *PLACE][1:]] == [
        ("x", writer, True),
        ("old", ours, False),
    ]
    assert (side.unknown, side.spent) == ([], {writer.edit})


def test_what_nobody_wrote_and_what_nobody_stored_is_told() -> None:
    """A version without an author, and an edit that was accepted and is in no version."""
    missing = edit(5, "x", "old")
    side = told("a", [version(0, "old"), version(1, "y")], people([missing]), {"1": TICKET})
    verdict = Verdict()
    account(verdict, Books(edits=[missing]), {"a": side}, Court(side.lines, [], frozenset("b")))

    assert [text.partition(":")[0] for text in verdict.violations] == [
        "a",
        "accepted, and never in the store",
    ]
    unsure = replace(missing, answered=False)
    verdict = Verdict()
    account(
        verdict,
        Books(edits=[unsure]),
        {"a": Told(side.lines, [], set())},
        Court(side.lines, [], frozenset("b")),
    )
    assert verdict.violations == []


def test_a_lost_edit_is_a_violation_with_its_story() -> None:
    """Who did what to the field on both sides, and when."""
    made = edit(1, "x", "old")
    (writer,) = people([made])
    all_lines = lines(a=[(1, "x", writer), bridge(2, "y")])
    verdict = Verdict()
    account(
        verdict, Books(edits=[made]), {"a": Told(all_lines, [], {made})}, Court(all_lines, [], frozenset("b"))
    )

    assert verdict.fates == {Fate.LOST.value: 1}
    assert "name of base 001" in verdict.violations[0]
    assert "old -> x by a person, who saw old" in verdict.violations[0]


def call(method: str, at: float, took: float, *, status: int = 200) -> Call:
    """A call about ticket 1 as the proxy has it in its books."""
    facts: dict[str, Any] = {"handed_on": at, "answered": at + took, "ended": at + took, "status": status}
    return Call(1, method, "/api/tickets/1/", b'{"title": "x"}', at, 0, **facts)


def test_the_window_is_from_the_answer_of_the_last_read() -> None:
    """To the arrival of the write, and to its end; a write that was refused has none."""
    calls = [
        call("GET", 1, 0.1),
        call("GET", 2, 0.1),
        call("PATCH", 2.12, 0.04),
        call("PATCH", 3, 1, status=412),
    ]

    assert [(read and read.came, write.came) for read, write in updates(calls)] == [(2, 2.12)]
    assert window(calls) == {
        "writes": 1,
        "to_arrival_median_ms": 20.0,
        "to_arrival_worst_ms": 20.0,
        "to_end_median_ms": 60.0,
        "to_end_worst_ms": 60.0,
    }
    assert window([]) == {"writes": 0}
