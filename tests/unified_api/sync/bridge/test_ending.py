"""The end of a bridge: nothing of what it knew stays, the records do, and the accounts are free for another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from tenants.models import AuditEvent
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.models.ticketing import Ticket
from unified_api.sync import erase
from unified_api.sync.bridge import ending, setup
from unified_api.sync.models import Job, Write
from unified_api.sync.models_bridge import Bridge, BridgeVersion, Conflict, Overruled, Pair
from unified_api.sync.models_plan import Plan, PlanItem


def end(bridged: Bridged) -> None:
    """End the bridge."""
    with transaction.atomic():
        ending.end(bridged.bridge_id)


def test_a_bridge_that_ended_leaves_the_records_and_the_log(
    bridged: Bridged, work_until_idle: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs, versions and plans are erased slice by slice; records, journal and audit trail say what was."""
    monkeypatch.setattr(erase, "AT_ONCE", 1)
    with transaction.atomic():
        written = Write.objects.count()
        told = list(BridgeVersion.objects.values_list("version", "configuration"))
    end(bridged)
    work_until_idle()

    with transaction.atomic():
        known = (Bridge, BridgeVersion, Pair, Plan, PlanItem, Conflict, Overruled)
        assert [model.objects.count() for model in known] == [0] * len(known)
        assert (Ticket.objects.count(), Write.objects.count()) == (2, written)
        ended = AuditEvent.objects.get(action="bridge.ended")
        assert ended.subject == str(bridged.bridge_id)
        assert [(one["version"], one["configuration"]) for one in ended.detail["versions"]] == told
        assert not AuditEvent.objects.filter(action="account.erased").exists()
        assert not Job.objects.filter(reference=bridged.bridge_id).exists()
    assert setup.locate(str(bridged.bridge_id)) is None


def test_accounts_of_an_ended_bridge_are_joined_anew(bridged: Bridged) -> None:
    """At once, before anything is erased: the records meet as if for the first time, and none is made twice."""
    end(bridged)
    bridged.join()
    bridged.round()

    assert bridged.both("title") == (["Printer"], ["Printer"])
    assert [(bool(pair.record_a), bool(pair.record_b)) for pair in bridged.pairs()] == [(True, True)]


def test_a_bridge_does_not_end_under_a_write(bridged: Bridged) -> None:
    """A write that left is told to its pair: who ends the bridge waits for it, and is told so."""
    bridged.a.edit("1", title="Printer 2")
    bridged.read()
    bridged.work_once(("bridge",))

    with pytest.raises(ending.NotEnded, match="1 writes are under way"):
        end(bridged)
    bridged.round()
    end(bridged)


def test_what_follows_a_bridge_ends_first(bridged: Bridged) -> None:
    """Comments find their tickets by the tickets' pairs."""
    with transaction.atomic():
        leader = Bridge.objects.get()
        follower = Bridge.objects.create(
            account_a=leader.account_a,
            account_b=leader.account_b,
            model="ticketing.Comment",
            configuration={},
            created_at=leader.created_at,
            follows=leader.id,
        )

    with pytest.raises(ending.NotEnded, match=f"{follower.id} follows this bridge, and has to end first"):
        end(bridged)
