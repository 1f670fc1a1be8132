"""What the product took each field for, and when: its change log, as spans of time.

What two sides have agreed on goes by that. They may have said the same without ever having done so at one time: one was
read before it changed, and the other one after.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

_LOG: Final = """
    SELECT c.linked_account_id, t.remote_id, f.key, f.value ->> 0, f.value ->> 1, extract(epoch FROM c.at)::float
    FROM sync_change c JOIN ticketing_ticket t ON t.tenant_id = c.tenant_id AND t.id = c.record_id,
        jsonb_each(c.fields) f
    WHERE c.tenant_id = %s ORDER BY c.position
"""


@dataclass(frozen=True)
class Span:
    """A value of a field, from when and until when the product took the field for it."""

    value: str | None
    since: float
    until: float


#: By side, ticket and field. A field that never changed is not among them.
Shown: TypeAlias = Mapping[tuple[str, str, str], list[Span]]


def shown(stage: Stage, scene: Scene, names: dict[str, dict[str, str]]) -> Shown:
    """All of them. names: by side, under which a ticket was made, by remote id."""
    side = {account.id: side for side, account in scene.accounts.items()}
    ahead = time.time() - time.monotonic()
    changes: dict[tuple[str, str, str], list[tuple[float, str | None]]] = defaultdict(list)
    first: dict[tuple[str, str, str], str | None] = {}
    for account, remote_id, field, old, new, at in stage.sql(_LOG, scene.tenant):
        place = (side[account], names[side[account]][remote_id], field)
        first.setdefault(place, old)
        changes[place].append((at - ahead, new))
    return {place: spans(found, first[place]) for place, found in changes.items()}


def spans(changes: Sequence[tuple[float, str | None]], first: str | None) -> list[Span]:
    """Of a field that began as `first`, and its changes, in their order: when, and to what."""
    begun = [(float("-inf"), first), *changes]
    ends = [*(at for at, _ in changes), float("inf")]
    return [Span(value, since, until) for (since, value), until in zip(begun, ends, strict=True)]
