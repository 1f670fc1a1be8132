"""One at a time: a round of a bridge, and the ends of its writes, which come from other processes.

A round lists records that no pair knows, matches lone pairs and joins them; the end of a write gives its pair a
record. Beside each other, both would give one record to two pairs, or wait for each other's rows in a circle. So each
takes this lock before its first pair. A write's end holds records and the feed head by then; a round that has it
touches neither. A search stores what it finds without it, and touches one pair, as its last act.
"""

from __future__ import annotations

import uuid

from django.db import connection

_TAKE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"


def take(bridge_id: uuid.UUID) -> None:
    """Wait for the pairs of a bridge, and have them until the end of the transaction that is open."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [str(bridge_id)])
