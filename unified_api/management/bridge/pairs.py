"""Which pair a command means."""

from __future__ import annotations

import uuid

from django.core.management.base import CommandError
from django.db.models import Q

from unified_api.sync.models_bridge import Pair


def pair_of(given: str, bridges: tuple[uuid.UUID, ...]) -> uuid.UUID:
    """The pair of these bridges with this id, or with a record that has it, within the transaction that is open.

    Raises CommandError.
    """
    try:
        named = uuid.UUID(given)
    except ValueError as error:
        raise CommandError(
            f"{given!r} is no id: a pair is named by its own id or by that of one of its records, each a UUID, as"
            " `bridge status NAME` shows them."
        ) from error
    means = Q(id=named) | Q(record_a=named) | Q(record_b=named)
    pair = Pair.objects.filter(means, bridge_id__in=bridges).first()
    if pair is None:
        raise CommandError(
            f"The bridge has no pair {given!r}, nor one with a record of this id; `bridge status NAME` shows those with"
            " problems."
        )
    pair_id: uuid.UUID = pair.id
    return pair_id
