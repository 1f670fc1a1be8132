"""What the product has stored of a record, by its mirror and its log.

What it was shown and did not store it cannot know: that is lost with a worker that dies, with a lease, and with a page
that comes after a newer one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.manners import equal, normal
from tests.simulation.remote import Row
from tests.simulation.stage import Stage
from unified_api.engine.values import Value


@dataclass(frozen=True)
class Said:
    """What a record said as stored. since: the position of the log from which on it did."""

    since: int
    values: dict[str, Value]


#: All that was stored of a record, oldest first.
Stored = Callable[[Row], Sequence[Said]]


class Mirror:
    """What is committed. owner: a connection that sees all of that."""

    def __init__(self, stage: Stage, owner: Any) -> None:
        self.stage, self.owner = stage, owner

    def __call__(self, row: Row) -> list[Said]:
        """All that was stored of a record; strangers that gave way to it come along."""
        found = self.owner.execute(
            f"SELECT to_jsonb(r) FROM {self.stage.model._meta.db_table} r"  # noqa: S608 - a table of ours
            " WHERE linked_account_id = %s AND remote_id = %s AND NOT is_shell",
            [self.stage.accounts[row.side].id, row.id],
        ).fetchall()
        return [said for (record,) in found for said in self._past(record)]

    def _past(self, now: dict[str, Any]) -> list[Said]:
        entries = self.owner.execute(
            "SELECT position, fields FROM sync_change WHERE record_id = %s ORDER BY position DESC",
            [now["id"]],
        ).fetchall()
        past = []
        for position, fields in entries:
            past.append(Said(position, now))
            now = now | {name: was for name, (was, _) in fields.items()}
        return past[::-1]


def nothing(_row: Row) -> tuple[Said, ...]:
    """Of no record anything was stored."""
    return ()


def has_said(past: Sequence[Said], name: str, value: Value) -> bool:
    """Whether this was ever stored of a field."""
    return any(normal(said.values[name]) == normal(value) for said in past)


def were_alike(name: str, value: Value, mine: Sequence[Said], theirs: Sequence[Said]) -> bool:
    """Whether two records were once stored alike in a field, of which the one had this value."""
    both = ((_at(mine, said.since), _at(theirs, said.since)) for said in (*mine, *theirs))
    return any(
        normal(a.values[name]) == normal(value) and equal(name, a.values[name], b.values[name])
        for a, b in both
        if a and b
    )


def _at(past: Sequence[Said], position: int) -> Said | None:
    return next((said for said in reversed(past) if said.since <= position), None)
