"""One deleted record made again, as an item of a plan and as its write: out of its counterpart, or of itself.

Out of its counterpart, where that is there, as a restore does it: both are a pair again. Where that is gone too, out of
what the record said last: it comes back alone, and the bridge leaves it alone. A file does not: nobody kept its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from unified_api.engine import plan as machine
from unified_api.engine.absence import AGAIN
from unified_api.engine.birth import beget
from unified_api.engine.events import Create, Effect, Kind, Problem
from unified_api.engine.merge import Rule
from unified_api.engine.normal import blank
from unified_api.engine.pair import Move, State
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.values import MISSING, Side
from unified_api.engine.weigh import Terms
from unified_api.models.base import wire_fields
from unified_api.sync import connect, values
from unified_api.sync.bridge import plans, writing
from unified_api.sync.bridge.records import Frame, record_of, remembered
from unified_api.sync.bridge.rounds import Turn
from unified_api.sync.models_plan import PlanItem

#: Why a file is not made again of what its record said.
NO_BYTES: Final = "Both files were deleted: what was in them is not kept here, so none can be made again."

Step = tuple[Memory, tuple[Effect, ...]]


def items(turn: Turn, to: Side) -> Iterator[PlanItem]:
    """What is to be shown of it."""
    for one in brought_back(turn, to)[1]:
        if isinstance(one, Create):
            said = writing.told(one)
            fields = {"fields": said["fields"], **plans.carried(turn.frame, said["action"])}
            yield plans.item_of(turn.pair, said["action"], said["side"], fields)
        elif isinstance(one, Problem):
            yield plans.item_of(turn.pair, "problem", to.value, writing.shown(one), PlanItem.State.SHOWN)


def brought_back(turn: Turn, to: Side) -> Step:
    """The pair with the create of a record that is lost at a side; without effects where it is there."""
    lost, left = turn.look.of(to), turn.look.of(to.other)
    memory, frame = remembered(turn.pair), turn.frame
    if lost is not None and not lost.gone:
        return memory, ()
    if left is not None and not left.gone:
        if turn.look.again:
            return memory, (Problem(Kind.GONE, to, reason=AGAIN),)
        terms = Terms(turn.policy, frame.access, frame.closed)
        return beget(replace(memory, state=State.GONE), to.other, left.values, terms, restores=True)
    if lost is None:
        return memory, ()
    if _needs_bytes(frame, to):
        return memory, (Problem(Kind.GONE, to.other, reason=NO_BYTES),)
    return machine.bring_back(memory, to, _moves(turn, to, memory))


def _needs_bytes(frame: Frame, to: Side) -> bool:
    """Whether what is made at a side is made of a file, and not of fields alone."""
    account, can_create = frame.accounts[to], frame.access[to].creates
    resource = connect.provider_of(account).resource(frame.model) if account and can_create else None
    return resource is not None and resource.uploads


def _moves(turn: Turn, to: Side, memory: Memory) -> tuple[Move, ...]:
    """All that the record said, as far as it can be said when a record is made."""
    frame = turn.frame
    row = frame.model.objects.get(id=record_of(turn.pair, to))
    said = values.to_json({name: getattr(row, name) for name in wire_fields(frame.model)})
    return tuple(
        Move(name, memory.base[to.other].get(name), value, MISSING, Rule.UNDO)
        for name, value in said.items()
        if name in frame.access[to].create and not blank(value)
    )
