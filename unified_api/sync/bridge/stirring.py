"""Having bridges look soon, because something changed. A stir that is lost delays only: rounds come by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from unified_api.engine.pair import State
from unified_api.models.base import CommonModel
from unified_api.sync import job
from unified_api.sync.bridge import references, turns
from unified_api.sync.bridge.held import CLOSED, COLUMN, FREE, NEW, one_sided
from unified_api.sync.models_bridge import Bridge, Pair

#: Kind of a bridge's job.
KIND: Final = "bridge"
#: Steps by which a bridge that something changed for comes before its usual priority: before pulls, behind writes.
EARLIER: Final = 1


def stir_after_commit(linked_account_id: uuid.UUID, models: frozenset[str]) -> None:
    """Records of these models of an account change in the transaction that is open: have its bridges look then."""
    if not any(account == linked_account_id and models <= told for account, told in _stirred()):
        transaction.on_commit(partial(stir, linked_account_id, models))


def ask_after_commit(bridge: Bridge) -> None:
    """Have a bridge look once the transaction that is open is committed, if nothing stirs it then anyhow."""
    mine = (bridge.account_a, bridge.account_b)
    if not any(account in mine and bridge.model in models for account, models in _stirred()):
        transaction.on_commit(partial(ask, bridge.id))


def _stirred() -> Iterator[tuple[uuid.UUID, frozenset[str]]]:
    """The accounts, and models, whose bridges will be asked to look when the transaction is committed."""
    acts: list[Any] = [entry[1] for entry in connection.run_on_commit]
    yield from (act.args for act in acts if isinstance(act, partial) and act.func is stir)


def stir(linked_account_id: uuid.UUID, models: frozenset[str]) -> None:
    """Records of an account changed: have the bridges look that read one of these models, in a transaction of its own.

    A bridge that follows another hears of what its records refer to from that one.
    """
    of_account = Q(account_a=linked_account_id) | Q(account_b=linked_account_id)
    _ask(of_account, models)


def ask(bridge_id: uuid.UUID) -> None:
    """Have one bridge look, in a transaction of its own."""
    _ask(Q(id=bridge_id))


def awaken_parts_of(followed: Bridge, pairs: Iterable[Pair]) -> None:
    """The records of these pairs found each other, or were parted: what refers to them, and waits, is looked at again.

    Within the transaction that says so: no lone record is taken for one without a counterpart meanwhile, nor missed
    where what it belongs to is gone.
    """
    awaken_parts(followed, {one for pair in pairs for one in (pair.record_a, pair.record_b) if one})


def awaken_parts(followed: Bridge, wholes: Collection[uuid.UUID]) -> None:
    """Whether these records of this bridge take part may have changed: what refers to them, and waits, is looked at.

    Within the transaction that is open.
    """
    for bridge in references.followers(followed) if wholes else ():
        if _awaken(bridge.id, references.naming(bridge, followed.model, wholes)):
            transaction.on_commit(partial(ask, bridge.id))


def awaken_followers(bridge: Bridge) -> None:
    """Any record of this bridge may take part from now on: all that refers to one, and waits, is looked at again.

    Within the transaction that is open.
    """
    for follower in references.followers(bridge):
        awaken(follower.id)
        transaction.on_commit(partial(ask, follower.id))


def awaken(bridge_id: uuid.UUID) -> None:
    """Have the pairs of a bridge that wait for what they refer to looked at, and lone ones matched anew.

    In the bridge's turn, so that no round of it stores at the same time that a pair still waits.
    """
    turns.take(bridge_id)
    _look_again(Pair.objects.filter(bridge_id=bridge_id, awaits=True))


def _awaken(bridge_id: uuid.UUID, records: QuerySet[CommonModel, uuid.UUID]) -> bool:
    """The same, of the pairs of these records alone; whether there are any.

    Found by their records, not among all that wait, whatever the planner makes of a bridge that has just grown: what
    it costs goes by what is said of these records.
    """
    turns.take(bridge_id)
    told, found = list(records), set()
    for column in COLUMN.values() if told else ():
        known = Pair.objects.filter(**{f"{column}__in": told}, bridge_id=bridge_id)
        found |= {pair for pair, *waits in known.values_list("id", "awaits", "problems") if any(waits)}
    if found:
        _look_again(Pair.objects.filter(id__in=found))
    return bool(found)


def _look_again(waiting: QuerySet[Pair]) -> None:
    waiting.filter(one_sided(), state=State.ALONE).update(held=NEW)
    waiting.filter(held=CLOSED).update(held=FREE)
    waiting.update(dirty=True)


def overtake(bridges: Collection[uuid.UUID]) -> None:
    """Have these bridges to oneself, whoever works on them now, until the end of the transaction that is open.

    All their jobs before the first turn: a worker waits for that with its job in hand.
    """
    for one in sorted(bridges):
        job.forget(KIND, one)
    turns.take_all(bridges)


def _ask(which: Q, models: frozenset[str] | None = None) -> None:
    """Ask for a look of some bridges; of those that read one of these models, if any are named."""
    with transaction.atomic():
        rows = Bridge.objects.filter(which, paused_by=None).order_by("id")
        for bridge in rows.only("id", "priority", "model", "configuration"):
            if models is None or models & references.read_by(bridge):
                job.ask(KIND, bridge.id, priority=bridge.priority - EARLIER)
