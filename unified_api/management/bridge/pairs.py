"""Which pair a command means."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from django.core.management.base import CommandError
from django.db.models import Q

from unified_api.models.base import common_model
from unified_api.sync import withheld
from unified_api.sync.bridge import showing
from unified_api.sync.models_bridge import Bridge, Pair

#: How `--pair` says what it takes.
TAKES: Final = "its id, or that of one of its records, here or at its provider (a ticket's number)"
#: Pairs that are told where several are meant.
_MOST: Final = 10


def pair_of(given: str, bridges: tuple[uuid.UUID, ...]) -> uuid.UUID:
    """The pair of these bridges that a person means, within the transaction that is open.

    By its id, or by that of one of its records: here, or at the record's provider, whichever side that is at.
    Raises CommandError where there is none, and where there are several, with all of them.
    """
    found = [one for bridge in Bridge.objects.filter(id__in=bridges) for one in _meant(given, bridge)]
    if not found:
        raise CommandError(
            f"The bridge has no pair {given!r}: none has this id, and none a record of this id, here or at its"
            " provider. `bridge status NAME` shows pairs with problems; a record that is new is known once it is read"
            " (`bridge run NAME`)."
        )
    if len(found) > 1:
        told = "\n".join(f"  {pair.id}: {_called(bridge, pair)}" for bridge, pair in found[:_MOST])
        raise CommandError(f"{given!r} is at several pairs; say which by the id of the pair:\n{told}")
    pair_id: uuid.UUID = found[0][1].id
    return pair_id


def _meant(given: str, bridge: Bridge) -> Iterator[tuple[Bridge, Pair]]:
    rows = common_model(bridge.model).objects.filter(
        linked_account_id__in=(bridge.account_a, bridge.account_b), remote_id=given
    )
    records = list(rows.values_list("id", flat=True))
    means = Q(record_a__in=records) | Q(record_b__in=records)
    if (named := _id(given)) is not None:
        means |= Q(id=named) | Q(record_a=named) | Q(record_b=named)
    yield from ((bridge, pair) for pair in Pair.objects.filter(means, bridge_id=bridge.id).order_by("id"))


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _called(bridge: Bridge, pair: Pair) -> str:
    """A pair as a person knows it: by its model, its key, and the ids of its records at their providers."""
    rows = common_model(bridge.model).objects.filter(id__in=[pair.record_a, pair.record_b])
    ids = dict(rows.values_list("id", "remote_id"))
    both = (("a", pair.record_a), ("b", pair.record_b))
    at = ", ".join(f"{ids.get(record)} at side {side}" for side, record in both if record)
    key = showing.in_words(showing.key(bridge, pair.key, withheld.of_bridge(bridge)))
    return f"{bridge.model} {key or 'without a key'} ({at})"
