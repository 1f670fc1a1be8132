"""Small histories made up by hand, to see what is blamed."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import Any, Final

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.manners import FIELDS, PLAIN, PRIORITIES, Manners
from tests.simulation.remote import REMOTE_NAMES, Answer, Remote, Row, State
from tests.simulation.stored import Said
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side, Value

#: What people write down where nothing else is said.
VALUES: Final = {"name": "v1", "description": "v2", "status": "OPEN", "priority": "LOW"}


class Forged:
    """A history that is made up step by step; a second passes with each of them.

    options: of all fields, as a policy has them. deletes: the rule of both sides.
    """

    def __init__(self, manners: Manners = PLAIN, deletes: str = "ask", **options: Any) -> None:
        seconds = count(1)
        self.later = 0.0
        fields = {name: {"winner": "a", **options} for name in FIELDS}
        policy = Policy.parse({"fields": fields, "deletes": {side.value: deletes for side in Side}})

        def clock() -> float:
            return self.later + next(seconds)

        self.books = Bookkeeper(policy, clock)
        self.remotes = {side: Remote(side, manners, clock, self.books) for side in Side}
        self.books.remotes = self.remotes
        self.kept: dict[Row, list[Said]] = defaultdict(list)
        self.books.stored = self.kept.__getitem__

    @property
    def wrongs(self) -> list[str]:
        """What was blamed."""
        return self.books.wrongs

    @property
    def visible(self) -> list[tuple[str, Value, Value]]:
        """Edits that gave way and that an answer had shown: field, value, and what replaced it."""
        return [(gave.field, gave.value, gave.by) for gave in self.books.gave if gave.visible]

    # --- what people do ---------------------------------------------------------------------------------

    def born(self, side: Side, **values: Value) -> Row:
        """Somebody makes a record."""
        return self.books.born(side, VALUES | values)

    def pair(self, *, met: bool = True) -> tuple[Row, Row]:
        """Two records that were seen to say the same. met: a round of the bridge has found them so."""
        a, b = self.born(Side.A), self.born(Side.B)
        self.shown(a, b)
        if met:
            self.books.met(self.books.alike())
        return a, b

    def kept_equal(self) -> tuple[Row, Row]:
        """Two records of which one has got the description of the other already."""
        a, b = self.pair()
        self.edited(a, description="v7")
        self.written(b, description="v7")
        return a, b

    def edited(self, row: Row, *, seen: bool = True, **values: Value) -> None:
        """Somebody edits a record, and an answer shows it, or not."""
        for name, value in values.items():
            self.books.edit(row, name, value)
        if seen:
            self.shown(row)

    # --- what the product sees and does -----------------------------------------------------------------

    def shown(self, *rows: Row, stored: bool = True) -> None:
        """An answer shows records as they are. stored: and whoever got it stores them, in this order."""
        self.books.served([(row, row.now) for row in rows])
        for row in rows if stored else ():
            self.stored(row)

    def stored(self, row: Row, state: State | None = None) -> None:
        """The product stores a record as it is, or was."""
        cells = (state or row.now).cells
        position = 1 + sum(map(len, self.kept.values()))
        self.kept[row].append(Said(position, {name: cell.value for name, cell in cells.items()}))

    def searched(self, side: Side, name: str) -> None:
        """The product looks for records of a name."""
        self.books.served(self.remotes[side].answer("GET", ["tickets"], {"title": name}, None, "").shown)

    def written(self, row: Row, **sent: Value) -> None:
        """The product writes, and gets its answer."""
        self._served(self._asked("PATCH", row, sent))

    def created(self, side: Side, **sent: Value) -> Row:
        """The product creates a record, and gets its answer."""
        answer = self.remotes[side].answer("POST", ["tickets"], {}, _body(sent), "")
        self._served(answer)
        ((row, _),) = answer.shown
        return row

    def lost(self, side: Side, **sent: Value) -> Row:
        """The product creates a record, and gets no answer."""
        ((row, _),) = self.remotes[side].answer("POST", ["tickets"], {}, _body(sent), "").shown
        self.books.unanswered(row)
        return row

    def deleted(self, row: Row) -> None:
        """The product deletes a record."""
        self._asked("DELETE", row, {})

    def _asked(self, method: str, row: Row, sent: dict[str, Value]) -> Answer:
        match = f'"{row.now.version}"'  # a remote with conditional writes that does not keep its word
        return self.remotes[row.side].answer(method, ["tickets", row.id], {}, _body(sent), match)

    def _served(self, answer: Answer) -> None:
        self.books.served(answer.shown)
        for row, state in answer.shown:
            self.stored(row, state)


def _body(sent: dict[str, Value]) -> dict[str, Any]:
    return {REMOTE_NAMES[name]: PRIORITIES.get(str(value), value) for name, value in sent.items()}
