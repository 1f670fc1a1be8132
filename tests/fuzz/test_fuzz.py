"""A request of each operation, as the document allows it, under all checks.

`make fuzz` sends what it forbids, edge cases, chains and many more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from schemathesis.checks import CHECKS, load_all_checks

from tests.chaos.processes import command
from tests.fuzz import terms

pytestmark = [pytest.mark.processes, pytest.mark.timeout(2700)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says."""
    folder = tmp_path_factory.mktemp("fuzz")
    bounds = ("--examples", "1", "--phases", "fuzzing", "--seconds", "0", "--seed", "1")
    return command(folder, *bounds, "--repeatable", module="tests.fuzz")


def test_no_answer_is_wrong(told: dict[str, Any], record_property: Callable[[str, object], None]) -> None:
    """No 5xx, no answer that is not as the document says, and nothing taken or refused against it."""
    assert told["findings"] == []
    assert told["errors"] == []
    record_property("generated requests", f"{told['requests']}, to {told['met']} operations")


def test_every_operation_of_the_document_is_met(told: dict[str, Any]) -> None:
    """And most of them with success, as what they name exists."""
    assert told["met"] == told["operations"] > 400
    assert told["met_with_success"] > told["operations"] * 0.8


def test_every_check_looked_at_answers(told: dict[str, Any]) -> None:
    """None is off, whatever it would find."""
    load_all_checks()
    assert set(told["checks"]) == set(CHECKS.get_all_names())


def test_every_term_says_why() -> None:
    """A check is told more in a sentence, and of an answer that is a refusal, or that asks to come again later."""
    possible = {*range(200, 500), 503}
    assert all(term.why.endswith(".") and term.says and term.status in possible for term in terms.TERMS)
