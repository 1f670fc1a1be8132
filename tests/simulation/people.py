"""What people do in their own systems: edits, new records, twins, removals."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.manners import FIELDS, PRIORITIES, STATES, STRANGE
from tests.simulation.remote import Row
from unified_api.engine.values import Side, Value

#: Up to where a share of what people do is: a new record, a record with the name of another one, a removal.
NEW, TWIN, REMOVAL = 0.10, 0.16, 0.20
#: The share of those who dispute a field, where that leads to more than that the same side always wins.
QUARRELS = 0.3
#: The share of removals where rules say what follows from them.
REMOVALS = 0.12
FORMS = ("v{}", "v{}", " v{} ", "v{}-long", "no{}", "")


class People:
    """All people of one history.

    disputed: fields that they edit on both sides on purpose. removals: the share of what they do beside all else.
    """

    def __init__(
        self, books: Bookkeeper, chance: Random, disputed: Sequence[str] = (), removals: float = 0.0
    ) -> None:
        self.books, self.chance, self.disputed, self.removals = books, chance, disputed, removals
        #: What somebody has edited on one side, and somebody else is about to edit on the other.
        self.disputes: list[tuple[Row, str]] = []

    def found(self, kinds: Sequence[str] = ("alone", "alike", "alike", "different")) -> None:
        """What is there before the first read: on one side, on both alike, on both and different."""
        for _ in range(self.chance.randint(1, 4)):
            side = self.chance.choice(list(Side))
            row = self.books.born(side, self._values(side))
            kind = self.chance.choice(kinds)
            if kind != "alone":
                self._counterpart(row, alike=kind == "alike")

    def act(self) -> None:
        """One thing that somebody does."""
        if self.disputed and self.chance.random() < QUARRELS and self.quarrel():
            return
        if self.removals and self.chance.random() < self.removals and (rows := self.rows()):
            self.books.remove(self.chance.choice(rows))
            return
        chance, rows = self.chance.random(), self.rows()
        if chance < NEW or not rows:
            side = self.chance.choice(list(Side))
            self.books.born(side, self._values(side))
            return
        row = self.chance.choice(rows)
        if chance < TWIN and self.books.of(row).partner is None:
            self._counterpart(row, alike=False)
        elif chance < REMOVAL:
            self.books.remove(row)
        else:
            self.edit()

    def edit(self, names: Sequence[str] = FIELDS) -> None:
        """Somebody edits one of these fields."""
        if rows := self.rows():
            row, name = self.chance.choice(rows), self.chance.choice(names)
            self.books.edit(row, name, self._value(row.side, name))

    def quarrel(self) -> bool:
        """Somebody edits what somebody else has edited on the other side, or will; whether they did."""
        rows = [row for row in self.rows() if self.books.maybe(row) in self.rows()]
        if self.disputes:
            row, name = self.disputes.pop()
        elif rows:
            row, name = self.chance.choice(rows), self.chance.choice(list(self.disputed))
            self.disputes.append((self.books.maybe(row) or row, name))
        if not rows or row not in rows:
            return False
        self.books.edit(row, name, self._value(row.side, name))
        return True

    def rows(self) -> list[Row]:
        """Records that can be edited; one that the product is about to read back is left in peace."""
        rows = [row for side in Side for row in self.books.remotes[side].living()]
        return [row for row in rows if row not in self.books.unread]

    def _counterpart(self, row: Row, *, alike: bool) -> Row:
        """Somebody makes a record with the same name on the other side."""
        cells, side = row.now.cells, row.side.other
        values = {name: cells[name].value for name in FIELDS} if alike else self._values(side)
        if values["status"] not in STATES[side]:
            values["status"] = "OPEN"
        return self.books.born(side, values | {"name": cells["name"].value})

    def _values(self, side: Side) -> dict[str, Value]:
        values = {name: self._value(side, name) for name in FIELDS}
        self.books.number()
        return values | {"name": f"v{self.books.number() + 100}"}

    def _value(self, side: Side, name: str) -> Value:
        if name == "priority":
            return self.chance.choice(list(PRIORITIES))
        if name == "status":
            return self.chance.choice([*STATES[side], *STATES[side], STRANGE])
        form = self.chance.choice(FORMS[:2] if name == "name" else FORMS)
        return form.format(self.books.number() + 100) or None
