"""Records that a person calls one of their own, although others have their key."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from tenants.models import AuditEvent
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import configure
from unified_api.sync.bridge import plans, reviewing
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan


def in_review(bridged: Bridged) -> list[uuid.UUID]:
    """The pairs that wait for a person."""
    return sorted(pair.id for pair in bridged.pairs() if pair.held == "review")


def separate(*pairs: uuid.UUID) -> None:
    """Say of each that it is one of its own."""
    for pair in pairs:
        with transaction.atomic():
            reviewing.separate(pair)


def test_a_newcomer_with_the_key_of_a_pair_crosses_when_a_person_says_so(bridged: Bridged) -> None:
    """Its counterpart is created once, the pair that has its key stays as it is, and then all is quiet."""
    bridged.b.add(title="Printer", text="Another one", state="open")
    bridged.round()
    [newcomer] = in_review(bridged)
    separate(newcomer)
    standing = bridged.round()

    assert bridged.both("title") == (["Printer", "Printer"], ["Printer", "Printer"])
    assert "Another one" in bridged.both("text")[0]
    assert (standing["pairs"], standing["review"]) == ({"paired": 2}, [])
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes
    with transaction.atomic():
        assert AuditEvent.objects.get(action="pair.separated").subject == str(newcomer)


def test_several_of_one_key_are_created_one_at_a_time(bridged: Bridged) -> None:
    """What is read while one is created can only be what that create made: the next one waits for its end."""
    for number in range(3):
        bridged.b.add(title="Printer", text=f"Number {number}", state="open")
    bridged.round()
    separate(*in_review(bridged))
    for _ in range(4):
        bridged.work_once(("bridge",))
        with transaction.atomic():
            assert Pair.objects.filter(state="creating").count() <= 1
    standing = bridged.round()

    assert bridged.both("title")[0] == ["Printer"] * 4
    assert standing["pairs"] == {"paired": 4}
    assert len(bridged.a.writes()) == 3


def test_others_of_the_key_go_on_waiting_for_a_person(desks: Bridged) -> None:
    """Of twins only the one that was meant crosses."""
    for text in ("On fire", "Out of paper"):
        desks.a.add(title="Printer", text=text, state="open")
    desks.join()
    desks.round()
    one, other = in_review(desks)
    separate(one)
    desks.round()

    assert in_review(desks) == [other]
    assert desks.both("title")[1] == ["Printer"]


def test_it_is_said_of_one_key(bridged: Bridged) -> None:
    """A record that gets another key is matched as any other: its new one may be that of a pair again."""
    bridged.a.add(title="Scanner", state="open")
    newcomer = bridged.b.add(title="Printer", state="open")
    bridged.round()
    separate(*in_review(bridged))
    bridged.b.edit(newcomer, title="Scanner")
    bridged.round()

    assert len(in_review(bridged)) == 1
    assert bridged.both("title")[0] == ["Printer", "Scanner"]


def test_a_plan_creates_what_is_separate(bridged: Bridged) -> None:
    """Both are items of one plan, and it is executed as it was shown."""
    for _ in range(2):
        bridged.b.add(title="Printer", state="open")
    bridged.round()
    configure(bridged, mode=Bridge.Mode.PLAN)
    with transaction.atomic():
        plans.begin(Bridge.objects.get(), "", made_by="the test")
    separate(*in_review(bridged))
    bridged.round()
    with transaction.atomic():
        plan = Plan.objects.get(state=Plan.State.OPEN)
        assert plan.counts == {"create": 2}
        plans.approve(plan.id, plan.hash)
    bridged.round()

    assert bridged.both("title")[0] == ["Printer"] * 3
    with transaction.atomic():
        assert Plan.objects.get(id=plan.id).state == Plan.State.DONE
        assert Bridge.objects.get().mode == Bridge.Mode.LIVE


def test_only_what_is_in_review_can_be_separate(bridged: Bridged) -> None:
    """Of a pair there is nothing to say."""
    [pair] = bridged.pairs()
    with pytest.raises(reviewing.NotInReview, match="waits for review"):
        separate(pair.id)
