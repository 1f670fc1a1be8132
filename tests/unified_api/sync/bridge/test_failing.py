"""What fails in a way that nobody thought of: one pair, the key of one record, and a bridge as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from integrations.kit import errors
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_newcomers import restore
from tests.unified_api.sync.bridge.test_outcome import hurry
from tests.unified_api.sync.bridge.test_plans import approve, items, lose, planning, the_plan
from unified_api.engine import answer
from unified_api.engine import plan as machine
from unified_api.engine.match import key_of
from unified_api.sync.bridge import bringing_back, drift, records, search, showing, steering, work
from unified_api.sync.bridge.failing import WORTH_A_LOOK
from unified_api.sync.models import Write
from unified_api.sync.models_watch import DriftAudit, Issue

__all__ = ["planning"]  # a fixture
POISON = "poison"


def issues() -> list[tuple[str, str]]:
    """Kind and status of each issue, as they were opened."""
    with transaction.atomic():
        return list(Issue.objects.order_by("first_incident_time").values_list("kind", "status"))


def break_down(monkeypatch: pytest.MonkeyPatch, thing: object, name: str, at: Callable[..., bool]) -> None:
    """Have a function fail in a way that nobody expects, where it is called with this."""
    real = getattr(thing, name)

    def failing(*given: Any, **more: Any) -> Any:
        if at(*given):
            _fail()
        return real(*given, **more)

    monkeypatch.setattr(thing, name, failing)


def looking_at(title: str) -> Callable[..., bool]:
    """At looks of the pair whose record of side a is called so."""
    return lambda _pair, look, *_terms: look.a is not None and look.a.values["name"] == title


def sending(title: str) -> Callable[..., bool]:
    """At what is sent with this title."""
    return lambda _pair, sent, *_terms: any((one.field, one.value) == ("name", title) for one in sent.moves)


@pytest.mark.parametrize("is_new", [False, True])
def test_a_pair_that_fails_holds_up_no_other(
    bridged: Bridged,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_new: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """It rests with a problem and an issue, while all others are made and written; an edit of it ends both."""
    break_down(monkeypatch, machine, "_look", looking_at(POISON))
    (printer,) = bridged.a.tables["tickets"]
    bridged.a.add(title="Another", text="", state="open", priority="p2")
    poisoned = bridged.a.add(text="", state="open", priority="p2") if is_new else printer
    bridged.a.edit(poisoned, title=POISON)
    bridged.round()
    assert bridged.both("title")[1] == ["Another", "Printer"]
    (pair,) = [one for one in bridged.pairs() if one.problems]
    assert (pair.problems[0]["kind"], pair.dirty) == ("failed", False)
    assert "RuntimeError" in pair.problems[0]["reason"]
    assert "nobody thought of that" in caplog.text
    assert issues() == [("failed", "ONGOING")]

    bridged.a.edit(poisoned, title="Screen")
    bridged.round()
    assert bridged.both("title") == (["Another", *([] if not is_new else ["Printer"]), "Screen"],) * 2
    assert issues() == [("failed", "RESOLVED")]


def test_a_pair_that_failed_is_tried_again_when_a_person_asks_for_a_look(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade that mends the error; a round by itself leaves it at rest."""
    (printer,) = bridged.a.tables["tickets"]
    with monkeypatch.context() as patched:
        break_down(patched, machine, "_look", looking_at(POISON))
        bridged.a.edit(printer, title=POISON)
        bridged.round()
    bridged.round()
    assert bridged.both("title") == ([POISON], ["Printer"])

    with transaction.atomic():
        steering.look_now(bridged.bridge_id)
    bridged.round()
    assert bridged.both("title") == ([POISON], [POISON])
    assert issues() == [("failed", "RESOLVED")]


@pytest.mark.parametrize("when", ["it was shown", "it was approved"])
def test_an_item_that_fails_holds_up_no_other_of_its_plan(
    planning: Bridged, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It is left alone, and says why; the plan ends, and the bridge goes live."""
    if when == "it was shown":
        break_down(monkeypatch, machine, "_look", looking_at("Router"))
        with transaction.atomic():
            steering.plan_anew(planning.bridge_id)
        planning.round()
    plan = the_plan(planning)
    approve(plan)
    break_down(monkeypatch, machine, "_look", looking_at("Router"))
    standing = planning.round()

    assert planning.both("title") == (["Printer", "Router", "Screen"], ["Printer", "Screen"])
    assert (standing["mode"], standing["status"]) == ("live", "quiet")
    assert [one["kind"] for one in standing["problems"]] == ["failed"]
    assert issues() == [("failed", "ONGOING")]
    (item,) = [one for one in items(plan) if one.key and "Router" in one.key]
    assert "RuntimeError" in (item.fields.get("reason") or item.reason)


@pytest.mark.parametrize("mode", ["live", "plan"])
def test_a_search_that_fails_holds_up_no_create(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Whose counterpart cannot be searched for is not made, in a plan neither; all others are."""
    break_down(monkeypatch, search, "_wanted", lambda _frame, _to, pair, _resource: POISON in pair.key)
    for title in (POISON, "Another"):
        desks.a.add(title=title, text="", state="open", priority="p2")
    desks.join(mode=mode)
    desks.round()
    if mode == "plan":
        approve(the_plan(desks))
        desks.round()

    assert desks.both("title") == (["Another", POISON], ["Another"])
    assert desks.standing()["status"] == "quiet"
    assert issues() == [("failed", "ONGOING")]


@pytest.mark.parametrize(("operation", "learns"), [("create", "created"), ("update", "updated")])
def test_an_outcome_that_fails_keeps_no_write_in_flight(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch, operation: str, learns: str
) -> None:
    """What was written is there, once, and the next look sees it: nothing is made or sent anew."""
    break_down(monkeypatch, answer, learns, sending(POISON))
    (printer,) = bridged.a.tables["tickets"]
    told = {"title": POISON, "text": "", "state": "open", "priority": "p2"}
    poisoned = bridged.a.add(**told) if operation == "create" else printer
    bridged.a.edit(poisoned, title=POISON)
    bridged.a.add(title="Another", text="", state="open", priority="p2")
    writes = bridged.writes()
    standing = bridged.round()
    assert bridged.both("title")[0] == bridged.both("title")[1]
    assert bridged.writes() == writes + 2
    assert (standing["in_flight"], standing["problems"], standing["status"]) == (0, [], "quiet")

    bridged.b.edit(max(bridged.b.tables["tickets"]), priority="p1")
    bridged.a.edit(poisoned, title="Mended")
    bridged.round()
    assert bridged.both("title")[0] == bridged.both("title")[1]
    assert bridged.both("priority")[0] == bridged.both("priority")[1]


def test_an_outcome_that_fails_leaves_its_pair_at_rest_until_it_changes(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that the other side refused: whoever cannot tell of what does not ask for it again and again."""
    break_down(monkeypatch, answer, "rejected", sending(POISON))
    (printer,) = bridged.a.tables["tickets"]
    bridged.b.refuse_writes = 422
    bridged.a.edit(printer, title=POISON)
    bridged.round()
    bridged.b.refuse_writes = None
    bridged.a.add(title="Another", text="", state="open", priority="p2")
    bridged.round()
    assert bridged.both("title") == (["Another", POISON], ["Another", "Printer"])
    assert issues() == [("failed", "ONGOING")]

    bridged.a.edit(printer, priority="p1")
    bridged.round()
    assert bridged.both("title") == (["Another", POISON],) * 2
    assert issues() == [("failed", "RESOLVED")]


def test_an_outcome_that_nobody_knows_is_left_to_a_person_though_its_pair_fails(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is uncertain, and its pair is looked at when a side changes."""
    break_down(monkeypatch, answer, "lost", sending(POISON))
    (printer,), (copy,) = bridged.a.tables["tickets"], bridged.b.tables["tickets"]
    bridged.a.edit(printer, title=POISON)
    bridged.read()
    bridged.b.cut_after_write = 1
    bridged.work_once()
    bridged.b.edit(copy, title="Third")
    hurry(bridged)
    bridged.work_once(["write"])
    with transaction.atomic():
        assert list(Write.objects.exclude(state="done").values_list("state", flat=True)) == ["uncertain"]
    assert issues() == [("uncertain", "ONGOING")]

    bridged.a.add(title="Another", text="", state="open", priority="p2")
    bridged.round()
    assert bridged.both("title") == (["Another", POISON],) * 2
    assert bridged.standing()["in_flight"] == 0


def test_a_look_ahead_shows_all_but_what_fails(planning: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of that it shows the problem."""
    before = showing.preview(planning.bridge_id)["plan"]
    break_down(monkeypatch, machine, "_look", looking_at("Router"))
    shown = showing.preview(planning.bridge_id)["plan"]

    assert len(shown) == len(before)
    assert sorted(one["action"] for one in shown) == ["create", "problem", "update"]


def test_a_restore_shows_all_but_what_fails(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of that it shows the problem."""
    bridged.a.add(title=POISON, text="", state="open", priority="p2")
    bridged.round()
    bridged.b.tables["tickets"].clear()
    lose(bridged)
    bridged.round()
    at = looking_at(POISON)
    break_down(monkeypatch, bringing_back, "brought_back", lambda turn, _to: at(turn.pair, turn.look))

    assert sorted(one.action for one in items(restore(bridged))) == ["create", "problem"]


def test_a_record_whose_key_cannot_be_made_is_neither_matched_nor_made(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it changes; who came with it is."""

    def failing(values: Any, *terms: Any) -> Any:
        if values["name"] == POISON:
            raise RuntimeError("nobody thought of that")
        return key_of(values, *terms)

    monkeypatch.setattr(records, "key_of", failing)
    poisoned = bridged.a.add(title=POISON, text="", state="open", priority="p2")
    bridged.a.add(title="Another", text="", state="open", priority="p2")
    bridged.round()
    assert bridged.both("title")[1] == ["Another", "Printer"]
    assert issues() == [("failed", "ONGOING")]

    bridged.a.edit(poisoned, title="Third")
    bridged.round()
    assert bridged.both("title")[1] == ["Another", "Printer", "Third"]
    assert issues() == [("failed", "RESOLVED")]


@pytest.mark.parametrize(("job", "broken"), [("bridge", (work, "take_in")), ("drift", (drift, "compare"))])
def test_a_bridge_that_fails_again_and_again_is_an_issue(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch, job: str, broken: tuple[Any, str]
) -> None:
    """Or its audit; not for one failure that passes. It ends with the first slice that does not fail."""
    with transaction.atomic():
        drift.begin(bridged.bridge_id)
    with monkeypatch.context() as patched:
        patched.setattr(*broken, _fail)
        for _ in range(WORTH_A_LOOK):
            assert issues() == []
            with pytest.raises(RuntimeError):
                bridged.work_once([job])
    assert issues() == [("failing", "ONGOING")]

    bridged.work_once([job])
    assert issues() == [("failing", "RESOLVED")]
    with transaction.atomic():
        assert DriftAudit.objects.filter(bridge_id=bridged.bridge_id).exists()


def test_a_provider_that_is_away_is_no_failure_and_ends_none(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a bridge waits for it, before it fails or after."""

    def away(*_given: Any) -> Any:
        raise errors.RetryLater("away")

    def slices(acts: Callable[..., Any], number: int) -> list[tuple[str, str]]:
        with monkeypatch.context() as patched:
            patched.setattr(work, "search_some", acts)
            for _ in range(number):
                try:
                    bridged.work_once(["bridge"])
                except RuntimeError:
                    continue
        return issues()

    assert slices(away, WORTH_A_LOOK) == []
    assert slices(_fail, WORTH_A_LOOK - 1) == []
    assert slices(away, 1) == []
    assert slices(_fail, 1) == [("failing", "ONGOING")]
    assert slices(away, 1) == [("failing", "ONGOING")]
    with transaction.atomic():
        assert Issue.objects.get().details["failures"] == WORTH_A_LOOK
    assert slices(search.search_some, 1) == [("failing", "RESOLVED")]


def _fail(*_given: Any) -> Any:
    raise RuntimeError("nobody thought of that")
