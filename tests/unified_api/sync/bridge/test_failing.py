"""What fails in a way that nobody thought of: one pair, the key of one record, and a bridge as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.engine.match import key_of
from unified_api.engine.plan import plan
from unified_api.sync.bridge import drift, records, rounds, work
from unified_api.sync.bridge.failing import WORTH_A_LOOK
from unified_api.sync.models_watch import DriftAudit, Issue

POISON = "poison"


def issues() -> list[tuple[str, str]]:
    """Kind and status of each issue, as they were opened."""
    with transaction.atomic():
        return list(Issue.objects.order_by("first_incident_time").values_list("kind", "status"))


def test_a_pair_that_fails_holds_up_no_other(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It rests with a problem and an issue, while all others are made and written; an edit of it ends both."""

    def failing(memory: Any, event: Any, **terms: Any) -> Any:
        if event.a is not None and event.a.values["name"] == POISON:
            raise RuntimeError("nobody thought of that")
        return plan(memory, event, **terms)

    monkeypatch.setattr(rounds, "plan", failing)
    (printer,) = bridged.a.tables["tickets"]
    bridged.a.edit(printer, title=POISON)
    bridged.a.add(title="Another", text="", state="open", priority="p2")
    bridged.round()
    assert bridged.both("title") == (["Another", POISON], ["Another", "Printer"])
    (pair,) = [one for one in bridged.pairs() if one.problems]
    assert (pair.problems[0]["kind"], pair.dirty) == ("failed", False)
    assert "RuntimeError" in pair.problems[0]["reason"]
    assert "nobody thought of that" in caplog.text
    assert issues() == [("failed", "ONGOING")]

    bridged.a.edit(printer, title="Printer upstairs")
    bridged.round()
    assert bridged.both("title") == (["Another", "Printer upstairs"],) * 2
    assert issues() == [("failed", "RESOLVED")]


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


def _fail(*_given: Any) -> Any:
    raise RuntimeError("nobody thought of that")
