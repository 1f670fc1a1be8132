"""How many records one run of a bridge may create and delete before a person has to say go on.

A run lasts from the first look until nothing is left to do. Before the first create or delete of a kind, all that it
would do is counted, so that a run which is over its budget stops before it hurts, and not in the middle; what comes
while it goes on is counted when it comes. Who is over gets no further: the bridge makes a plan, which a person sees.
The first run of a bridge that somebody has let live at once may create whatever one side has and the other lacks.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from unified_api.engine.events import Create, Delete, Effect, Push
from unified_api.engine.plan import plan
from unified_api.sync.bridge import failing
from unified_api.sync.bridge.configuration import Limit
from unified_api.sync.bridge.held import FREE, SEARCH
from unified_api.sync.bridge.records import Frame, Seen, remembered
from unified_api.sync.models_bridge import Pair

CREATES: Final = "creates"
DELETES: Final = "deletes"
#: Who makes the plan of a run that is over its budget.
MADE: Final = "budget"
#: Beside these in what is stored of a run: whether it is the bridge's first.
FIRST: Final = "first"
#: Pairs that are looked at together while they are counted.
AT_ONCE: Final = 500


class OverBudget(Exception):
    """A run would do more than it may; the sentence says what and how much."""

    def __init__(self, kind: str, would: int, most: int, spent: int) -> None:
        written = (
            f"{spent} went out, and nothing more of it is written" if spent else "nothing of it was written"
        )
        super().__init__(
            f"This run would make {would} {kind} or more, and may make {most}: {written}. Look at the plan, and approve"
            " it, or raise the budget of the bridge."
        )
        self.kind, self.would, self.most = kind, would, most


def spend(frame: Frame, write: Push | Delete) -> None:
    """Take a write out of the budget of the run that is under way; raises OverBudget."""
    kind = _kind(write)
    if kind is None:
        return
    _is_first(frame)  # noted when the run begins
    spent, granted = frame.bridge.run.get(kind, (0, 0))
    if spent == granted:
        granted = _granted(frame, kind, spent)
    frame.bridge.run[kind] = [spent + 1, granted]


def keep(frame: Frame) -> None:
    """Store what the run has spent, if that is anything."""
    if frame.bridge.run:
        frame.bridge.save(update_fields=["run"])


def _granted(frame: Frame, kind: str, spent: int) -> int:
    """What the run may spend in all, by what is there to be done now; raises OverBudget."""
    limit: Limit = getattr(frame.configuration.budget, kind)
    would = spent + max(_count(frame, kind, limit.least - spent), 1)
    if would <= limit.least:
        return would
    pairs = Pair.objects.filter(bridge_id=frame.bridge.id).count()
    most = max(pairs, would) if kind == CREATES and _is_first(frame) else limit.of(pairs)
    would = spent + max(_count(frame, kind, most - spent), 1)
    if would > most:
        raise OverBudget(kind, would, most, spent)
    return would


def _is_first(frame: Frame) -> bool:
    """Whether the run began before the bridge had ever been at rest."""
    return bool(frame.bridge.run.setdefault(FIRST, frame.bridge.last_round is None))


def _count(frame: Frame, kind: str, enough: int) -> int:
    """How many writes of a kind are owed now; it stops counting above `enough`."""
    rows = Pair.objects.filter(
        bridge_id=frame.bridge.id, dirty=True, write_id=None, held__in=(FREE, SEARCH), paused_by=None
    ).order_by("id")
    found, after = 0, None
    while found <= enough:
        portion = list((rows.filter(id__gt=after) if after else rows)[:AT_ONCE])
        if not portion:
            break
        seen = frame.seen(portion)
        for pair in portion:
            effects = failing.alone(partial(_effects, frame, pair, seen), pair=str(pair.id))
            if not isinstance(effects, failing.Failed):
                found += any(isinstance(one, Push | Delete) and _kind(one) == kind for one in effects)
        after = portion[-1].id
    return found


def _effects(frame: Frame, pair: Pair, seen: Seen) -> tuple[Effect, ...]:
    look, access = seen.looks[pair.id], frame.access
    return plan(remembered(pair), look, policy=seen.policy, access=access, closed=frame.closed)[1]


def _kind(write: Push | Delete) -> str | None:
    if isinstance(write, Delete):
        return DELETES
    return CREATES if isinstance(write, Create) else None
