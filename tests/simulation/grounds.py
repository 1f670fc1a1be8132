"""What a write that leaves is for must be so at that moment, whatever was so when it was journalled.

Its pair still waits for it and for no other. A delete answers the loss of the other record, which is gone; a create is
made of the other record, which is there.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.stage import Stage
from unified_api.sync import word
from unified_api.sync.models import Write, WriteState


@dataclass(frozen=True)
class Ground:
    """Of the pair of a write at a moment: whether it waits for the write, and whether its other record is there."""

    is_awaited: bool
    other_is_there: bool

    def lacks(self, operation: str) -> str:
        """Why a write may not leave; empty if it may."""
        if not self.is_awaited:
            return "its pair did not wait for it"
        if operation == "delete" and self.other_is_there:
            return "the other record was there"
        if operation == "create" and not self.other_is_there:
            return "the other record was gone"
        return ""


class Grounds:
    """Who judges that in one history. owner: a connection that sees all that is committed."""

    def __init__(self, books: Bookkeeper, owner: Any) -> None:
        self.books, self.owner = books, owner

    def left(self, table: str, write: Write) -> None:
        """A write leaves; `table`: of its records."""
        if why := self._ground(table, write).lacks(write.operation):
            self.books.wrongs.append(f"the {write.operation} {write.id} left, though {why}")

    def _ground(self, table: str, write: Write) -> Ground:
        row = self.owner.execute(
            f"""
            SELECT p.write_id = %(write)s, EXISTS (
                SELECT FROM {table} r WHERE r.id IN (p.record_a, p.record_b)
                AND r.linked_account_id <> %(account)s AND NOT r.remote_was_deleted
            ) FROM sync_pair p WHERE p.id = %(pair)s
            """,  # noqa: S608 - a table of ours
            {"write": write.id, "account": write.linked_account_id, "pair": write.pair_id},
        ).fetchone()
        return Ground(bool(row and row[0]), bool(row and row[1]))


def look_again(stage: Stage, chance: Random) -> bool:
    """A person has Isthmus look once more at a write of which nobody knows what became; whether there is one."""
    unknown = stage.of(_unknown)
    if unknown:
        with suppress(word.CannotSettle):
            stage.of(lambda: word.look_again(chance.choice(unknown)))
    return bool(unknown)


def _unknown() -> list[uuid.UUID]:
    rows = Write.objects.filter(state=WriteState.UNCERTAIN).order_by("journalled_at", "id")
    return list(rows.values_list("id", flat=True))
