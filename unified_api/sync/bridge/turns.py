"""One at a time: a round of a bridge, and the ends of its writes, which come from other processes.

A round lists records that no pair knows, matches lone pairs and joins them; the end of a write gives its pair a
record. Beside each other, both would give one record to two pairs, or wait for each other's rows in a circle. So each
takes this lock before its first pair. A write's end holds records and the feed head by then; a round that has it
touches neither. A search stores what it finds without it, and touches one pair, as its last act.

The bridges between two accounts have one turn together: what pairs a ticket wakes the comments that wait for it in the
same transaction, and accounts and opportunities may wait for each other. With a turn for each, two of them could wait
for each other. A worker has its bridge's job before the turn, so who changes several bridges at once has struck out the
jobs of all of them first, see `stirring.overtake`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

#: In one order, whoever takes several.
_TAKE = """
    SELECT pg_advisory_xact_lock(turn) FROM (
        SELECT DISTINCT hashtextextended(
            least(account_a, account_b)::text || greatest(account_a, account_b)::text, 2
        ) AS turn
        FROM sync_bridge WHERE id = ANY(%s) ORDER BY turn
    ) AS turns
"""


def take(bridge_id: uuid.UUID) -> None:
    """Wait for the pairs of a bridge, and have them until the end of the transaction that is open."""
    take_all([bridge_id])


def take_all(bridges: Iterable[uuid.UUID]) -> None:
    """The same, of several bridges."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [list(bridges)])
