"""What a bridge is told beyond directions and plain winners, in a share of histories.

Each kind is drawn from a stream of its own, so that a new kind changes no history that has none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.simulation.manners import FIELDS
from unified_api.engine.policy import DeleteRule, Winner
from unified_api.engine.values import Side

#: Shares of the histories in which a field's newest edit wins, or a person is asked.
WINNERS: Final = 0.3
#: The share in which deletes have rules, and are more frequent.
DELETES: Final = 0.25
#: The shares in which a bridge begins with a plan, and in which it may create next to nothing without being asked.
PLANS: Final = 0.15
BUDGETS: Final = 0.15
#: The share in which records of one side take part only as long as their priority is not low.
FILTERS: Final = 0.15
#: The share in which people stop the bridge, have it plan, and tell it something else while it works.
STEERED: Final = 0.15
#: The share in which a second bridge, over comments, follows, as these cost nearly three times as much; there deletes
#: with rules and filters are more frequent.
FOLLOWERS: Final = 0.06
OFTEN: Final = 0.5


@dataclass(frozen=True)
class CommentTerms:
    """What the bridge over comments is told. winner: of what they say. deletes, plans, budget: as below."""

    winner: str
    deletes: Mapping[str, str]
    plans: bool
    budget: Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """winners: of fields whose winner is no side. deletes: the rule of each side, where it is not the usual one.

    plans: whether the bridge writes nothing before a person has approved what it would write. budget: what one run
    may create and delete, as a wish has it. choosy: the side whose records of low priority take no part. steered:
    whether people stop it and have it plan meanwhile. comments: of the bridge that follows, where there is one.
    """

    winners: Mapping[str, str] = field(default_factory=dict)
    deletes: Mapping[str, str] = field(default_factory=dict)
    plans: bool = False
    budget: Mapping[str, Any] = field(default_factory=dict)
    choosy: Side | None = None
    comments: CommentTerms | None = None
    steered: bool = False

    @property
    def filter(self) -> dict[str, Any]:
        """The filter, as a wish has it."""
        return {} if self.choosy is None else {self.choosy.value: {"priority": {"not": "LOW"}}}

    @property
    def asks(self) -> bool:
        """Whether people have something to decide."""
        mine = Winner.ASK.value in self.winners.values() or self.plans or bool(self.budget) or self.steered
        return mine or (self.comments is not None and (self.comments.plans or bool(self.comments.budget)))


def drawn(seed: int, *, following: bool = False) -> Terms:
    """The terms of a history. following: a bridge over comments follows, whether the seed has one or not."""
    comments = _comments(Random(f"following {seed}"), 1.0 if following else FOLLOWERS)
    deletes, filters = (DELETES, FILTERS) if comments is None else (OFTEN, OFTEN)
    return Terms(
        _winners(Random(f"winners {seed}")),
        _deletes(Random(f"deletes {seed}"), deletes),
        Random(f"plans {seed}").random() < PLANS,
        _budget(Random(f"budget {seed}")),
        _choosy(Random(f"filter {seed}"), filters),
        comments,
        Random(f"steering {seed}").random() < STEERED,
    )


def _winners(chance: Random) -> dict[str, str]:
    if chance.random() >= WINNERS:
        return {}
    kinds = [Winner.ASK.value, Winner.NEWEST.value, ""]
    return {name: kind for name in FIELDS if (kind := chance.choice(kinds))}


def _deletes(chance: Random, share: float) -> dict[str, str]:
    if chance.random() >= share:
        return {}
    return {side.value: chance.choice(list(DeleteRule)).value for side in Side}


def _budget(chance: Random) -> dict[str, Any]:
    if chance.random() >= BUDGETS:
        return {}
    return {kind: {"share": 0.0, "least": chance.choice([0, 0, 1])} for kind in ("creates", "deletes")}


def _choosy(chance: Random, share: float) -> Side | None:
    return chance.choice(list(Side)) if chance.random() < share else None


def _comments(chance: Random, share: float) -> CommentTerms | None:
    if chance.random() >= share:
        return None
    return CommentTerms(
        chance.choice(list(Side)).value,
        _deletes(chance, OFTEN),
        chance.random() < 2 * PLANS,
        _budget(chance),
    )
