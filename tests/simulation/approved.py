"""What a person has approved, where a bridge has to ask before it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from unified_api.engine.values import Side, Value


@dataclass
class Approved:
    """A bridge that plans writes nothing but what was approved. is_live: whether it is shown as one that need not ask.

    items: to which side, and what each field becomes there. exactly: nothing else can be under way.
    """

    is_live: Callable[[], bool]
    items: list[tuple[Side, dict[str, Value]]] = field(default_factory=list)
    exactly: bool = True

    def forbids(self, side: Side, sent: Mapping[str, Value]) -> bool:
        """Whether no approved item shows this write, and none had to."""
        return self.exactly and not self._shows(side, sent) and not self.is_live()

    def _shows(self, side: Side, sent: Mapping[str, Value]) -> bool:
        return any(
            to is side and all(name in told and told[name] == value for name, value in sent.items())
            for to, told in self.items
        )
