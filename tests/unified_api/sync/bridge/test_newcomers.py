"""What a pair has lost is there again, as a record of its own: it is not made again, and a person joins the two."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import approve, items, lose, tell
from tests.unified_api.sync.bridge.test_separating import in_review, separate
from unified_api.engine.absence import AGAIN
from unified_api.engine.values import Side
from unified_api.sync.bridge import restoring, reviewing
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan


def test_what_was_made_again_by_hand_is_not_doubled_by_the_rule_that_restores(bridged: Bridged) -> None:
    """The pair says what a person has to say."""
    tell(bridged, deletes={"a": "restore"})
    rebuild(bridged)
    lose(bridged)
    bridged.round()

    assert bridged.both("title")[1] == ["Printer"]
    assert problems(bridged) == [("gone", AGAIN)]


def test_what_a_backup_brought_back_under_new_ids_deletes_no_counterpart(bridged: Bridged) -> None:
    """What only the counterpart held of it would be lost; the pair says what a person has to say."""
    tell(bridged, deletes={"a": "propagate"})
    rebuild(bridged)
    lose(bridged)
    bridged.round()

    assert bridged.both("title") == (["Printer"], ["Printer"])
    assert problems(bridged) == [("gone", AGAIN)]


def test_a_restore_makes_nothing_that_a_backup_brought_back(bridged: Bridged) -> None:
    """Its plan shows the problem in place of the create."""
    rebuild(bridged)
    lose(bridged)
    bridged.round()
    plan = restore(bridged)

    assert [(one.action, one.fields["reason"]) for one in items(plan)] == [("problem", AGAIN)]


@pytest.mark.parametrize("rule", ["restore", "ask"])
def test_what_is_made_again_is_searched_for_before(bridged: Bridged, rule: str) -> None:
    """Also what no reading has met yet: by the rule, and by a plan that a person approves."""
    tell(bridged, deletes={"a": rule})
    bridged.b.tables["tickets"].clear()
    lose(bridged)
    bridged.read()
    if rule == "ask":
        bridged.work_once(("bridge",))
        approve(restore(bridged))
    bridged.b.add(title="Printer", text="From the backup", state="open", priority="p2")
    for _ in range(4):
        bridged.work_once(("bridge", "write"))

    assert bridged.both("text")[1] == ["From the backup"]
    assert len(in_review(bridged)) == 1


def test_a_newcomer_is_joined_with_the_pair_that_lost_its_record(bridged: Bridged) -> None:
    """It comes in the place of that, and what it says otherwise follows the policy of first contact."""
    rebuild(bridged, text="As of last night")
    lose(bridged)
    bridged.round()
    [newcomer] = in_review(bridged)
    [lost] = [pair.id for pair in bridged.pairs() if pair.state == "gone"]
    with transaction.atomic():
        reviewing.join(newcomer, lost)
    standing = bridged.round()

    assert (standing["pairs"], standing["review"]) == ({"paired": 1}, [])
    assert bridged.both("text") == (["It is on fire"], ["It is on fire"])


def test_a_newcomer_that_is_one_of_its_own_lets_the_lost_one_be_made_again(bridged: Bridged) -> None:
    """And gets a counterpart itself."""
    tell(bridged, deletes={"a": "restore"})
    rebuild(bridged, text="Another one")
    lose(bridged)
    bridged.round()
    separate(*in_review(bridged))
    bridged.round()

    assert bridged.both("text") == (["Another one", "It is on fire"], ["Another one", "It is on fire"])


def test_a_newcomer_is_not_joined_with_a_pair_that_has_both(bridged: Bridged) -> None:
    """Who is kept equal with somebody is nobody else's."""
    bridged.b.add(title="Printer", text="Another one", state="open")
    bridged.round()
    [newcomer] = in_review(bridged)
    [paired] = [pair.id for pair in bridged.pairs() if pair.state == "paired"]

    with transaction.atomic(), pytest.raises(reviewing.NotTwoHalves, match="counterpart was deleted"):
        reviewing.join(newcomer, paired)


def rebuild(bridged: Bridged, text: str = "It is on fire") -> None:
    """The desk of side b has its ticket under a new id."""
    bridged.b.tables["tickets"].clear()
    bridged.b.add(title="Printer", text=text, state="open", priority="p2")


def restore(bridged: Bridged) -> Plan:
    """A plan of what side b has lost."""
    with transaction.atomic():
        return restoring.make(Bridge.objects.get(id=bridged.bridge_id), Side.B)


def problems(bridged: Bridged) -> list[tuple[str, str]]:
    """Kind and reason of all problems of pairs."""
    return [(one["kind"], one["reason"]) for pair in bridged.pairs() for one in pair.problems]
