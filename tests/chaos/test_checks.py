"""The judge of a history, given what it never may see: each wrong has to be noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import logs, points
from tests.chaos.checks import Observed, violations
from tests.chaos.client import DONE, UNKNOWN, Order
from tests.chaos.happenings import Books, Edit
from tests.chaos.plan import Happening, Plan
from tests.chaos.proxy import Call
from tests.chaos.remotes import Ticket, base_name

PLAN = Plan(1, 2, bridged=True, together=False, early=False, steps=())


def ticket(remote_id: str, name: str, **more: str) -> Ticket:
    """A ticket of a server."""
    values = {"description": f"text of {name}", "status": "OPEN", "priority": "NORMAL", **more}
    return Ticket(remote_id, name, **values)


def record(one: Ticket) -> dict[str, Any]:
    """The same as our API lists it."""
    return {"remote_id": one.remote_id, **one.shown()}


BASE = (ticket("1", base_name(1)), ticket("2", base_name(2)))
MADE = ticket("3", "asked 1-1")
POST = Happening(points.POST, "a", "asked 1-1")
PATCH = Happening(points.PATCH, "a", base_name(2), "status", "CLOSED")
EDIT = Happening(points.EDIT, "both", base_name(2), "priority", "URGENT", "LOW")


def seen(*tickets: Ticket, books: Books | None = None, plan: Plan = PLAN, **more: Any) -> Observed:
    """Both sides with these tickets, mirrored as they are."""
    store = {side: [*BASE, *tickets] for side in ("a", "b")}
    listed = {side: [record(one) for one in all_of] for side, all_of in store.items()}
    nothing: dict[str, Any] = {"a": [], "b": []}
    gone: dict[str, Any] = {"a": frozenset(), "b": frozenset()}
    given: dict[str, Any] = {"store": store, "listed": listed, "calls": nothing, "gone": gone}
    return Observed(plan, books or Books(), overruled=frozenset(), carried=frozenset(), **(given | more))


def ordered(happening: Happening, outcome: str = DONE) -> Books:
    """One order, and how it ended."""
    method = "PATCH" if happening.kind == points.PATCH else "POST"
    return Books(orders=[(happening, Order(method, "", {}, "", None, outcome=outcome))])


def created(name: str) -> Call:
    """A create that a server has carried out."""
    return Call(1, "POST", "/issue", b'{"title":"%s"}' % name.encode(), 0.0, 0, status=201)


def test_a_history_in_which_all_is_well() -> None:
    """What was asked for is there once, on both sides: nothing to say."""
    assert violations(seen(MADE, books=ordered(POST))) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (seen(books=ordered(POST)), "0 times at a"),
        (seen(MADE, replace(MADE, remote_id="4"), books=ordered(POST)), "2 times at a"),
        (seen(MADE, replace(MADE, remote_id="4"), books=ordered(POST, UNKNOWN)), "2 times at a"),
        (
            seen(MADE, books=ordered(POST), calls={"a": [created("asked 1-1")] * 2, "b": []}),
            "created 2 times",
        ),
        (seen(MADE, books=ordered(POST, "refused: 500")), "refused: post at a"),
        (seen(books=ordered(PATCH)), "status is OPEN at a and not CLOSED"),
        (seen(books=Books(failures=["edit at a: ReadTimeout"])), "ReadTimeout"),
    ],
)
def test_a_write_that_went_wrong_is_noticed(wrong: Observed, words: str) -> None:
    """Lost, doubled, refused, or not as it was accepted."""
    assert any(words in told for told in violations(wrong))


def test_a_write_without_an_answer_may_have_happened_or_not() -> None:
    """Once at the most, which nobody can say better."""
    assert violations(seen(books=ordered(POST, UNKNOWN))) == []
    assert violations(seen(MADE, books=ordered(POST, UNKNOWN))) == []


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([record(BASE[0])], "a: 2 is not mirrored"),
        ([record(BASE[0]), record(BASE[1]), record(BASE[1])], "a: 2 is mirrored 2 times"),
        ([record(BASE[0]), record(BASE[1]), record(MADE)], "a: 3 is mirrored, and not there"),
        ([record(BASE[0]), {**record(BASE[1]), "status": "CLOSED"}], "a: 2 is {"),
    ],
)
def test_a_mirror_that_is_wrong_is_noticed(listed: list[dict[str, Any]], words: str) -> None:
    """A row that was skipped, doubled, kept or not brought up to date."""
    right = seen()

    assert any(words in told for told in violations(replace(right, listed={**right.listed, "a": listed})))


def test_sides_that_differ_are_noticed() -> None:
    """With a bridge between them; without one, each has its own."""
    right = seen()
    odd = ticket("2", base_name(2), status="CLOSED")
    store = {**right.store, "a": [BASE[0], odd]}
    listed = {**right.listed, "a": [record(BASE[0]), record(odd)]}
    apart = replace(right, store=store, listed=listed)

    assert [told.partition(":")[0] for told in violations(apart)] == ["only at a", "only at b"]
    assert violations(replace(apart, plan=replace(PLAN, bridged=False))) == []


def test_an_edit_that_is_lost_is_noticed() -> None:
    """Unless it stands in the log as overruled, or had come to the other side and was replaced there."""
    books = Books(edits=[Edit("a", EDIT, "URGENT"), Edit("b", EDIT, "LOW")])
    urgent = ticket("2", base_name(2), priority="URGENT")
    store = {side: [BASE[0], urgent] for side in ("a", "b")}
    listed = {side: [record(one) for one in tickets] for side, tickets in store.items()}
    lost = seen(books=books, store=store, listed=listed)

    assert violations(lost) == [f"{EDIT}: LOW of b was lost without a trace"]
    assert violations(replace(lost, overruled=frozenset({"LOW"}))) == []
    assert violations(replace(lost, carried=frozenset({"LOW"}))) == []


def test_a_deletion_that_is_not_seen_is_noticed() -> None:
    """What a person deleted is gone there, and marked here."""
    books = Books(edits=[Edit("a", Happening(points.REMOVE, "a", base_name(2)), "")])
    told = violations(seen(books=books))

    assert any("there again" in one for one in told)
    assert any("does not show it as deleted" in one for one in told)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level": "error", "event": "x", "exception": [{"exc_type": "OperationalError"}]}', []),
        ('{"level": "info", "event": "x"}', []),
        (
            '{"level": "error", "event": "x", "exception": [{"exc_type": "KeyError"}]}',
            ["in the logs: x ['KeyError']"],
        ),
        ("Traceback (most recent call last):", ["in the logs: Traceback (most recent call last):"]),
    ],
)
def test_errors_that_no_kill_explains_are_noticed(line: str, expected: list[str]) -> None:
    """A lost database is expected; anything else is not."""
    assert logs.unexpected(line) == expected
