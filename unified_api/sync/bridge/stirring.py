"""Having bridges look soon, because something changed. A stir that is lost delays only: rounds come by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.db.models import Q

from unified_api.engine.pair import State
from unified_api.sync import job
from unified_api.sync.bridge import references, turns
from unified_api.sync.bridge.held import CLOSED, FREE, NEW, one_sided
from unified_api.sync.models_bridge import Bridge, Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame

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


def awaken_followers(followed: Bridge) -> None:
    """Records of this bridge found counterparts: what refers to them, and waits, is looked at again.

    Within the transaction that pairs them, so that no lone record is taken for one without a counterpart meanwhile.
    """
    for bridge in references.followers(followed):
        awaken(bridge.id)
        transaction.on_commit(partial(ask, bridge.id))


def have_followers_look(bridge: Bridge) -> None:
    """Other records of this bridge take part from now on: the same, in a transaction of its own."""
    with transaction.atomic():
        awaken_followers(bridge)


def awaken_parts(frame: Frame, wholes: Collection[uuid.UUID]) -> None:
    """Records of this bridge changed that have no counterpart: what belongs to these, and waits, is looked at again.

    It has to know whether they take part. Within the transaction that takes the changes in.
    """
    for bridge in references.followers(frame.bridge) if wholes else ():
        awaken(bridge.id, references.naming(bridge, frame.bridge.model, wholes))
        transaction.on_commit(partial(ask, bridge.id))


def awaken(bridge_id: uuid.UUID, which: Q | None = None) -> None:
    """Have the pairs of a bridge that wait for what they refer to looked at, and lone ones matched anew.

    In the bridge's turn, so that no round of it stores at the same time that a pair still waits. which: these alone.
    """
    turns.take(bridge_id)
    waiting = Pair.objects.filter(which or Q(), bridge_id=bridge_id, awaits=True)
    waiting.filter(one_sided(), state=State.ALONE).update(held=NEW)
    waiting.filter(held=CLOSED).update(held=FREE)
    waiting.update(dirty=True)


def _ask(which: Q, models: frozenset[str] | None = None) -> None:
    """Ask for a look of some bridges; of those that read one of these models, if any are named."""
    with transaction.atomic():
        rows = Bridge.objects.filter(which, paused_by=None).order_by("id")
        for bridge in rows.only("id", "priority", "model", "configuration"):
            if models is None or models & references.read_by(bridge):
                job.ask(KIND, bridge.id, priority=bridge.priority - EARLIER)
