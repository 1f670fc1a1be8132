"""Records that somebody asked to have ignored: blank from then on, in all that was kept of them, and not read again.

A blank record is a shell: lists leave it out, bridges read nothing of it, and nothing can be written to it. It keeps
its id, as others refer to it. Bridges leave its counterpart as it is: that we forget somebody is no reason to delete
anybody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from tenants import audit
from tenants.models import LinkedAccount
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import clock, journal, set_aside, store
from unified_api.sync.models import Change, Identity, RemoteData, Write
from unified_api.sync.models_account import Ignored

if TYPE_CHECKING:
    from unified_api.sync.models_bridge import Bridge, Pair

#: What the journal has of it: neither what was asked for, nor what the provider said about it.
_BLANK: Final[Mapping[str, Any]] = {
    "values": {},
    "problems": [],
    **dict.fromkeys(("sent", "pre_image", "expected", "reasons", "answer", "error", "remote_id")),
}
#: What the items of plans say of it.
IGNORED: Final = "The record is ignored."


class UnderWay(Exception):
    """A write to the record is on its way: when it has ended, the record can be ignored."""


@dataclass(frozen=True)
class Why:
    """reason: a word of the wire contract. message: what else there is to say."""

    reason: str
    message: str | None


def ignore(account: LinkedAccount, model: type[CommonModel], record: uuid.UUID, why: Why) -> None:
    """Blank a record of an account, and have it ignored from now on; raises UnderWay.

    Who asks again changes nothing.
    """
    with store.entry(account.id) as entry:
        if Ignored.objects.filter(record_id=record).exists():
            return
        writes = Write.objects.filter(record_id=record, linked_account_id=account.id)
        if writes.exclude(state__in=journal.FINAL).exists():
            raise UnderWay
        told = {"reason": why.reason, "message": why.message, "ignored_at": clock.now()}
        Ignored.objects.create(linked_account_id=account.id, model=model_id(model), record_id=record, **told)
        Change.objects.filter(record_id=record).delete()
        RemoteData.objects.filter(record_id=record).delete()
        writes.update(**_BLANK)
        set_aside.forget(account, model, _remote_ids(model, record))
        entry.blank(model, record, store.Cause("ignore"))
        entry.flush()  # the feed head before any pair, as the end of a write takes them
        _part(account, record)
        audit.record("record.ignored", subject=str(record), model=model_id(model), reason=why.reason)


def _remote_ids(model: type[CommonModel], record: uuid.UUID) -> set[str]:
    """By what the provider knows a record, or knew it."""
    now = model.objects.filter(id=record).exclude(remote_id=None).values_list("remote_id", flat=True)
    others = Identity.objects.filter(record_id=record, model=model_id(model))
    return {*now, *others.values_list("remote_id", flat=True)}


def _part(account: LinkedAccount, record: uuid.UUID) -> None:
    """Have bridges leave what is paired with the record alone, and forget what it said; raises UnderWay."""
    from unified_api.sync.bridge import turns
    from unified_api.sync.models_bridge import Bridge, Pair

    of_account = Q(account_a=account.id) | Q(account_b=account.id)
    bridges = list(Bridge.objects.filter(of_account))
    turns.take_all(bridge.id for bridge in bridges)
    for bridge in bridges:
        here = Q(record_a=record) if bridge.account_a == account.id else Q(record_b=record)
        pairs = list(Pair.objects.select_for_update().filter(here, bridge_id=bridge.id))
        for pair in pairs:
            _forget(pair)
        _blank_items(bridge, here | Q(pair_id__in=[pair.id for pair in pairs]))


def _forget(pair: Pair) -> None:
    from unified_api.sync.models_bridge import Conflict, Overruled, PairKey

    if pair.write_id:
        raise UnderWay
    for of_pair in (Conflict, Overruled, PairKey):
        of_pair.objects.filter(bridge_id=pair.bridge_id, pair_id=pair.id).delete()
    pair.base_a, pair.base_b, pair.key, pair.problems = {}, {}, None, []
    pair.memory, pair.dirty = {"parted": True}, True
    pair.save()


def _blank_items(bridge: Bridge, about: Q) -> None:
    """Leave of plans that there was something to do, and what became of it; what still waits is left alone.

    The digests stay: a plan that was shown can still be approved for all else that it says.
    """
    from unified_api.sync.models_plan import Plan, PlanItem

    of_bridge = Plan.objects.filter(bridge_id=bridge.id)
    items = PlanItem.objects.filter(about, plan_id__in=of_bridge.values("id"))
    items.filter(state=PlanItem.State.WAITING).update(state=PlanItem.State.MOVED)
    items.update(fields={"fields": {}}, key=None, reason=IGNORED)
