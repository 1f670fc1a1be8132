"""Lists of several kinds of records, one after the other: of calls and meetings, or of leads and what they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.kit.paging import Paging, State, Turn


@dataclass(frozen=True)
class Through:
    """The pages of one kind after those of another. name: under which the kind is told. kinds: how each goes on."""

    name: str
    kinds: Mapping[str, Paging]

    def params(self, state: State | None) -> dict[str, str]:
        """The kind, and the place in its list."""
        place, inside = self._place(state)
        kind = list(self.kinds)[place]
        return {self.name: kind, **self.kinds[kind].params(inside)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further within the kind, or the beginning of the next one."""
        place, inside = self._place(state)
        following = list(self.kinds.values())[place].next(inside, turn)
        if following is not None:
            return {"place": place, "inside": following}
        return {"place": place + 1, "inside": None} if place + 1 < len(self.kinds) else None

    @staticmethod
    def _place(state: State | None) -> tuple[int, State | None]:
        """Of which kind, and where in its list; a state without a kind is of a run that began with one kind alone."""
        if state is None or "place" not in state:
            return 0, state
        return state["place"], state["inside"]
