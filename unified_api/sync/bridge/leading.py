"""A bridge and the one that follows it: comments come after tickets.

The follower's records are matched when the leader's are. Its plan is made when the leader writes by itself and has
made what it owes: an earlier one could not show the comments of tickets that are still to be made.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Q

from unified_api.sync.bridge import stirring
from unified_api.sync.bridge.held import FREE, KEYED, NEW, UNDER_WAY, one_sided
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models_bridge import Bridge, Pair


def is_unmatched(frame: Frame) -> str:
    """Why what this bridge's records refer to is not known yet: a record would be taken for one without counterpart."""
    leader = frame.leader
    if leader is None:
        return ""
    unmatched = Pair.objects.filter(bridge_id=leader.id, dirty=True, held__in=(NEW, KEYED))
    if leader.cursor is None or unmatched.exists():
        return f"The bridge over {leader.model} that it follows has not matched its records yet."
    return ""


def is_unsettled(leader: Bridge | None) -> str:
    """Why no plan of its follower is made yet, in a sentence; empty when one may be."""
    if leader is None:
        return ""
    if leader.mode != Bridge.Mode.LIVE:
        return f"It waits for the bridge over {leader.model}: its plan is made when that one's has been carried out."
    under_way = Q(dirty=True, held__in=UNDER_WAY, write_id=None, paused_by=None)
    in_flight = Q(held=FREE, write_id__isnull=False)
    if Pair.objects.filter(under_way | in_flight, one_sided(), bridge_id=leader.id).exists():
        return f"It waits for the bridge over {leader.model}, which still makes records that this one's refer to."
    return ""


def has_settled(leader: Bridge) -> None:
    """Have the bridges look that wait for this one, once the transaction that is open is committed."""
    waiting = Bridge.objects.filter(follows=leader.id, mode=Bridge.Mode.PLAN, paused_by=None)
    for follower in waiting.values_list("id", flat=True):
        transaction.on_commit(partial(stirring.ask, follower))
