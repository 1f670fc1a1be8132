"""A remote account that is lost, and another one in its place: bridges make again in it what was in the lost one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction

from tenants.models import AuditEvent, LinkedAccount
from tenants.scope import scope
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, desks
from tests.unified_api.sync.conftest import no_broker
from unified_api.engine.values import Side
from unified_api.link.linking import Linked, LinkRefused, Request, link
from unified_api.models.ticketing import Ticket
from unified_api.sync import journal, replacing
from unified_api.sync.bridge import plans, restoring, steering
from unified_api.sync.models import Stream, Write
from unified_api.sync.models_bridge import Bridge

__all__ = ["desks", "no_broker"]  # fixtures
TITLES = ["Kettle", "Lamp", "Printer"]


@pytest.fixture
def bridged(desks: Bridged) -> Bridged:
    """Three tickets on both sides, at rest."""
    for title in TITLES:
        desks.a.add(title=title, text="It is on fire", state="open", priority="p2")
    desks.join()
    desks.round()
    return desks


def lose(desks: Bridged) -> None:
    """Side b's account is gone; the customer opens another one, where its first ticket has the id of an old one."""
    desks.b.tables["tickets"].clear()
    desks.b.account, desks.b.token = "account of after the fire", "a new one"


def replace(desks: Bridged, **more: Any) -> Linked:
    """Link the account of side b again, by what opens the one that is there now."""
    given: dict[str, Any] = {
        "integration": PLAIN.slug,
        "end_user_origin_id": "customer-1",
        "values": {"base_url": desks.b.url, "token": desks.b.token},
        "replaces_remote_account": True,
    }
    with scope(desks.tenant):
        return link(Request(**(given | more)))


def restore(desks: Bridged) -> None:
    """What a person does then: a plan, its approval, and on."""
    desks.read()
    with transaction.atomic():
        plan = restoring.make(Bridge.objects.get(id=desks.bridge_id), Side.B)
        plans.approve(plan.id, plan.hash)
        steering.resume(desks.bridge_id)


def tickets(desks: Bridged) -> dict[uuid.UUID, Ticket]:
    """The tickets of side b, by id."""
    with transaction.atomic():
        return {one.id: one for one in Ticket.objects.filter(linked_account_id=desks.accounts[1].id)}


def test_what_was_lost_is_made_again_behind_the_same_ids(bridged: Bridged) -> None:
    """In the new account, whose own ticket of an old one's id is another record, and travels as one."""
    before, pairs = tickets(bridged), {pair.id: (pair.record_a, pair.record_b) for pair in bridged.pairs()}
    assert "1" in {one.remote_id for one in before.values()}
    lose(bridged)
    bridged.b.tables["tickets"]["1"] = {**ticket("Welcome"), "id": "1"}
    made = replace(bridged)

    assert (made.relinked, made.account.id, made.paused) == (
        True,
        bridged.accounts[1].id,
        (str(bridged.bridge_id),),
    )
    assert all(one.remote_was_deleted and one.remote_id is None for one in tickets(bridged).values())
    restore(bridged)
    bridged.round()

    after = tickets(bridged)
    assert bridged.both("title") == ([*TITLES, "Welcome"], [*TITLES, "Welcome"])
    assert {one.id: (one.record_a, one.record_b) for one in bridged.pairs()}.items() >= pairs.items()
    assert {i: after[i].name for i in before} == {i: one.name for i, one in before.items()}
    assert len({one.remote_id for one in after.values()}) == len(after) == 4
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes


def ticket(title: str) -> dict[str, Any]:
    """As the plain desk holds one."""
    return {"title": title, "text": "Look around", "state": "open", "priority": "p2", "updated": 0}


def test_bridges_wait_for_a_person(bridged: Bridged) -> None:
    """Whatever their rule for deletes: nothing is written until they are resumed, and it is on record."""
    lose(bridged)
    replace(bridged)
    writes = bridged.writes()
    bridged.read()
    bridged.work_once()

    assert bridged.standing()["status"] == "paused"
    assert bridged.writes() == writes
    with transaction.atomic():
        assert AuditEvent.objects.filter(action="account.replaced").count() == 1
        assert LinkedAccount.objects.get(id=bridged.accounts[1].id).status == "COMPLETE"


def test_what_was_under_way_to_the_lost_account_does_not_reach_the_new_one(bridged: Bridged) -> None:
    """An open write would change whatever record has that id there."""
    with transaction.atomic():
        record = Ticket.objects.get(linked_account_id=bridged.accounts[1].id, name="Lamp")
        intent = journal.Intent(bridged.accounts[1], Ticket, "update", {"name": "Lava lamp"}, record.id)
        write = journal.enter(intent)
    lose(bridged)
    replace(bridged)
    bridged.work_once(["write"])

    with transaction.atomic():
        assert Write.objects.get(id=write.id).state == "not applied"
    assert {method for method, _ in bridged.b.writes()} == {"POST"}


def test_one_that_was_cut_off_goes_on(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the account rests, as nobody can say which of both it is."""
    lose(bridged)
    with monkeypatch.context() as cut:
        cut.setattr(replacing, "_remove_some", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            replace(bridged)
    with transaction.atomic():
        assert LinkedAccount.objects.get(id=bridged.accounts[1].id).status == "RELINK_NEEDED"
    replace(bridged)
    restore(bridged)
    bridged.round()

    assert bridged.both("title") == (TITLES, TITLES)


def test_a_paused_stream_of_the_lost_account_begins_anew_when_it_is_resumed(bridged: Bridged) -> None:
    """It stays paused, and does not go on behind a page of the other account."""
    with transaction.atomic():
        stream = Stream.objects.filter(linked_account_id=bridged.accounts[1].id)
        stream.update(paused_by="user anna")
    lose(bridged)
    replace(bridged)

    with transaction.atomic():
        told = stream.values_list("paused_by", "cursor", "is_initial").distinct()
        assert list(told) == [("user anna", None, True)]


def test_the_same_account_is_not_replaced(bridged: Bridged) -> None:
    """It is linked again as ever; nothing of it counts as deleted."""
    with pytest.raises(LinkRefused, match="the very account that is linked"):
        replace(bridged)
    assert not any(one.remote_was_deleted for one in tickets(bridged).values())


def test_who_has_no_account_has_none_to_replace(bridged: Bridged) -> None:
    """A first link says nothing of an earlier one."""
    with pytest.raises(LinkRefused, match="no account at Plain that could be replaced"):
        replace(bridged, end_user_origin_id="customer-2")


def test_an_account_that_was_renamed_stays_what_it_is(bridged: Bridged) -> None:
    """Who says that it is the same keeps its records and its bridges, and it is known by its new name from then on."""
    bridged.b.account = "the new name"
    with pytest.raises(LinkRefused, match="--renamed"):
        replace(bridged, replaces_remote_account=False)
    linked = replace(bridged, replaces_remote_account=False, is_renamed=True)

    assert (linked.relinked, linked.paused) == (True, ())
    assert (
        linked.account.remote_identity
        == replace(bridged, replaces_remote_account=False).account.remote_identity
    )
    assert not any(one.remote_was_deleted for one in tickets(bridged).values())


def test_who_links_another_account_is_told_what_hangs_on_the_first(bridged: Bridged) -> None:
    """The refusal names the way to keep the bridges, and the bridges that deleting would end."""
    lose(bridged)
    with pytest.raises(LinkRefused, match=rf"--replaces-remote-account.*{bridged.bridge_id}"):
        replace(bridged, replaces_remote_account=False)
