"""What is remembered about two records that belong together, and its JSON form.

`base` holds per side the values last agreed, in that side's own spelling; a field without an entry was never
agreed. `sent` is the one write in flight. Records' ids, accounts and times are the shell's: nothing here
needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from unified_api.engine.merge import Rule
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


class State(StrEnum):
    """Where a pair stands; `plan` has the table of what leads where."""

    ALONE = "alone"  # one record, reserved: nothing has left for the other side
    CREATING = "creating"  # the create of the other record is in flight, or its outcome unknown
    PAIRED = "paired"
    PUSHING = "pushing"  # one update is in flight
    DELETING = "deleting"  # one delete is in flight
    DORMANT = "dormant"  # a record left the filter; the bases are kept
    GONE = "gone"  # a record was deleted; the bases are kept


def place(field_name: str, part: str) -> str:
    """What a part of a field is called where fields are listed."""
    return f"{field_name}/{part}"


@dataclass(frozen=True, slots=True)
class Move:
    """One field of a write: `value` goes to the target because its source holds `source`.

    `was` is what the target held when this was decided. On agreement the source's base becomes `source` and
    the target's base becomes what the target answered. Of a field with parts, `parts` are those that travel: each
    is agreed for itself, under its name in `field`, and what else stands in `value` was there before.
    """

    field: str
    source: Value
    value: Value
    was: Maybe
    rule: Rule
    overrules: bool = False
    parts: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A write on its way to side `to`; a delete moves nothing.

    For a create: `owed` names fields that it could not carry, `left` holds the source's values of those that
    had no reason to travel, as they were blank or go the other way.
    """

    to: Side
    moves: tuple[Move, ...]
    owed: tuple[str, ...] = ()
    left: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What side `to` would not take. It is not sent again until a value or a value map changes.

    Without moves: it was to be deleted, and that is not tried again. large: what it stands for is larger than may be.
    """

    to: Side
    moves: tuple[Move, ...]
    reason: str
    large: bool = False

    def covers(self, field_name: str) -> bool:
        """Whether the field was part of what was refused."""
        return any(move.field == field_name for move in self.moves)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person said of a field in which both sides moved: whose value prevails, or None: both stay as they are.

    It is about the values that were `seen`, and about no others.
    """

    field: str
    winner: Side | None
    seen: Both[Value]


@dataclass(frozen=True, slots=True)
class Pair:
    """The memory of one pair."""

    state: State = State.PAIRED
    base: Both[Values] = field(default_factory=lambda: Both[Values]({}, {}))
    sent: Sent | None = None
    refused: tuple[Refusal, ...] = ()
    # Fields and parts of which nobody knows whether the target ever showed what was agreed, until the next look; and
    # the rule under which that then gives way.
    presumed: Mapping[str, Rule] = field(default_factory=dict)
    rulings: tuple[Ruling, ...] = ()
    buried: bool = False  # both records were gone: that either is gone is no news any more
    parted: bool = False  # by a person's word one record lives alone, whatever the rule for deletes

    def agreed(self, name: str) -> Both[Maybe]:
        """The bases of one field."""
        return Both(self.base.a.get(name, MISSING), self.base.b.get(name, MISSING))

    def settled(self, side: Side, values: Mapping[str, Value]) -> Both[Values]:
        """The bases with some fields of one side replaced."""
        return self.base.having(side, {**self.base[side], **values})

    def as_data(self) -> dict[str, Any]:
        """The JSON form that `load` reads."""
        return {
            "state": self.state.value,
            "base": {side.value: dict(self.base[side]) for side in Side},
            "sent": None if self.sent is None else _sent_data(self.sent),
            "refused": [_refusal_data(one) for one in self.refused],
            "presumed": {name: rule.value for name, rule in self.presumed.items()},
            "rulings": [_ruling_data(one) for one in self.rulings],
            "buried": self.buried,
            "parted": self.parted,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Pair:
        """Read the JSON form."""
        sent = data["sent"]
        return cls(
            State(data["state"]),
            Both[Values](data["base"]["a"], data["base"]["b"]),
            None if sent is None else _sent(sent),
            tuple(_refusal(one) for one in data["refused"]),
            _presumed(data["presumed"]),
            tuple(_ruling(one) for one in data.get("rulings", ())),
            data.get("buried", False),
            data.get("parted", False),
        )


def _presumed(told: Mapping[str, str] | Sequence[str]) -> dict[str, Rule]:
    """Without rules, as they were stored at first, all are of lost answers."""
    if isinstance(told, Mapping):
        return {name: Rule(rule) for name, rule in told.items()}
    return dict.fromkeys(told, Rule.LOST)


def _refusal_data(one: Refusal) -> dict[str, Any]:
    data: dict[str, Any] = {"to": one.to.value, "moves": _moves_data(one.moves), "reason": one.reason}
    return {**data, "large": True} if one.large else data


def _refusal(data: Mapping[str, Any]) -> Refusal:
    return Refusal(Side(data["to"]), _moves(data["moves"]), data["reason"], data.get("large", False))


def _sent_data(sent: Sent) -> dict[str, Any]:
    return {
        "to": sent.to.value,
        "moves": _moves_data(sent.moves),
        "owed": list(sent.owed),
        "left": dict(sent.left),
    }


def _sent(data: Mapping[str, Any]) -> Sent:
    return Sent(Side(data["to"]), _moves(data["moves"]), tuple(data["owed"]), data["left"])


def _ruling_data(one: Ruling) -> dict[str, Any]:
    return {"field": one.field, "winner": one.winner and one.winner.value, "seen": [one.seen.a, one.seen.b]}


def _ruling(data: Mapping[str, Any]) -> Ruling:
    a, b = data["seen"]
    return Ruling(data["field"], data["winner"] and Side(data["winner"]), Both[Value](a, b))


def _moves_data(moves: tuple[Move, ...]) -> list[dict[str, Any]]:
    return [_move_data(move) for move in moves]


def _move_data(move: Move) -> dict[str, Any]:
    data: dict[str, Any] = {
        "field": move.field,
        "source": move.source,
        "value": move.value,
        "rule": move.rule.value,
        "overrules": move.overrules,
    }
    if move.parts:
        data["parts"] = _moves_data(move.parts)
    return data if move.was is MISSING else {**data, "was": move.was}


def _moves(data: Iterable[Mapping[str, Any]]) -> tuple[Move, ...]:
    return tuple(
        Move(
            one["field"],
            one["source"],
            one["value"],
            one.get("was", MISSING),
            Rule(one["rule"]),
            one["overrules"],
            _moves(one.get("parts", ())),
        )
        for one in data
    )
