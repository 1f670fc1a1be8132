"""What people do in their own systems: edits, new records, twins, removals."""

from __future__ import annotations

from random import Random

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.manners import FIELDS, PRIORITIES, STATES, STRANGE
from tests.simulation.remote import Row
from unified_api.engine.values import Side, Value

FORMS = ("v{}", "v{}", " v{} ", "v{}-long", "no{}", "")


class People:
    """All people of one history."""

    def __init__(self, books: Bookkeeper, chance: Random) -> None:
        self.books, self.chance = books, chance

    def found(self) -> None:
        """What is there before the first read: on one side, on both alike, on both and different."""
        for _ in range(self.chance.randint(1, 4)):
            side = self.chance.choice(list(Side))
            row = self.books.born(side, self._values(side))
            kind = self.chance.choice(["alone", "alike", "alike", "different"])
            if kind != "alone":
                self._counterpart(row, alike=kind == "alike")

    def act(self) -> str:
        """One thing that somebody does; what it was."""
        chance = self.chance.random()
        rows = [
            row for side in Side for row in self.books.remotes[side].living() if row not in self.books.unread
        ]
        if chance < 0.10 or not rows:
            side = self.chance.choice(list(Side))
            return f"  new {self.books.born(side, self._values(side)).id} at {side}"
        row = self.chance.choice(rows)
        if chance < 0.16 and self.books.of(row).partner is None:
            return f"  twin of {row.side}/{row.id}: {self._counterpart(row, alike=False).id}"
        if chance < 0.20:
            self.books.remove(row)
            return f"  {row.side}/{row.id} removed"
        name = self.chance.choice(FIELDS)
        value = self._value(row.side, name)
        self.books.edit(row, name, value)
        return f"  {row.side}/{row.id} {name} = {value!r}"

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
