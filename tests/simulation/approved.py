"""What a person has approved, where a bridge has to ask before it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.simulation.remote import Row
from unified_api.engine.values import Side, Value


@dataclass(frozen=True)
class Owed:
    """A write as it left. remote_id: of its record; None of a create."""

    side: Side
    remote_id: str | None
    values: Mapping[str, Value]

    def is_it(self, row: Row, sent: Mapping[str, Value]) -> bool:
        """Whether a request that arrives can be this write, or a part of it."""
        same = row.maker == "bridge" if self.remote_id is None else row.id == self.remote_id
        told = all(name in self.values and self.values[name] == value for name, value in sent.items())
        return row.side is self.side and same and told and bool(sent) == bool(self.values)


@dataclass
class Approved:
    """A bridge that plans writes nothing but what was approved. is_live: whether it is shown as one that need not ask.

    items: to which side, and what each field becomes there. owed: what left while the bridge was live, which may plan
    again before the request arrives.
    """

    is_live: Callable[[], bool]
    items: list[tuple[Side, dict[str, Value]]] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)

    def left(self, owed: Owed) -> None:
        """A write leaves; it need not be asked for if the bridge is live at this moment."""
        if self.is_live():
            self.owed.append(owed)

    def forbids(self, row: Row, sent: Mapping[str, Value]) -> bool:
        """Whether no approved item shows this write, and none had to when it left."""
        return not (self._shows(row.side, sent) or any(one.is_it(row, sent) for one in self.owed))

    def _shows(self, side: Side, sent: Mapping[str, Value]) -> bool:
        return any(
            to is side and all(name in told and told[name] == value for name, value in sent.items())
            for to, told in self.items
        )
