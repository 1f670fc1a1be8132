"""From the change log to dirty pairs: what changed marks its pair, what no pair knows gets one of its own, alone.

A change only marks: values are read when the pair is looked at. The first time, when the log says nothing of what
was there before, all records of both sides are listed. That is done in portions, and where it stands is kept with
them: nobody waits for long, and who dies on the way is taken up from there. The log is read from the position at
which the listing began, so what changes meanwhile is not missed.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import uuid
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from tenants.scope import current_tenant
from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.models.base import CommonModel
from unified_api.sync.bridge import merging, references, retrying
from unified_api.sync.bridge.failing import Failed
from unified_api.sync.bridge.held import CLOSED, COLUMN, FREE, KEYED, NEW, one_sided
from unified_api.sync.bridge.records import Frame, place
from unified_api.sync.bridge.stirring import awaken, awaken_parts
from unified_api.sync.models import Change, FeedHead
from unified_api.sync.models_bridge import Bridge, Pair

#: Changes, or records, that one transaction takes in.
AT_ONCE: Final = 2_000
_NUMBER: Final = re.compile(r"[0-9]{1,9}$")
_ADD = """
    INSERT INTO sync_pair
        (id, tenant_id, bridge_id, {column}, state, base_a, base_b, memory, dirty, key, held, problems, awaits)
    SELECT pair, %s, %s, record, %s, '{{}}', '{{}}', '{{}}', true, key, %s, '[]', %s AND key IS NULL
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS lone (pair, record, key)
    ON CONFLICT DO NOTHING
"""


def take_in(frame: Frame) -> bool:
    """Mark what changed since the cursor, which moves; True when there may be more."""
    bridge = frame.bridge
    if bridge.cursor is None:
        return _list_some(frame)
    head = _head()
    accounts = {bridge.account_a: Side.A, bridge.account_b: Side.B}
    people = references.people(frame)
    entries = Change.objects.filter(
        position__gt=bridge.cursor, linked_account_id__in=accounts, model__in=[bridge.model, *people]
    ).order_by("position")
    found = list(entries.values_list("position", "linked_account_id", "record_id", "model")[:AT_ONCE])
    for side in Side:
        mine = [one for one in found if accounts[one[1]] is side and one[3] == bridge.model]
        _mark(frame, side, {record for _, _, record, _ in mine})
    if any(model in people for *_, model in found):
        awaken(bridge.id)
    more = len(found) == AT_ONCE
    _move(bridge, found[-1][0] if more else max(head, *(position for position, *_ in found), 0))
    return more


def _head() -> int:
    return FeedHead.objects.values_list("position", flat=True).first() or 0


def _move(bridge: Bridge, cursor: int) -> None:
    if cursor != bridge.cursor:
        bridge.cursor = cursor
        bridge.save(update_fields=["cursor"])


def _mark(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> None:
    if not records:
        return
    pairs = Pair.objects.filter(Q(**{f"{COLUMN[side]}__in": records}), bridge_id=frame.bridge.id)
    known = dict(pairs.values_list(COLUMN[side], "state"))
    pairs.update(dirty=True)
    retrying.follow(frame, side, known.keys())
    pairs.filter(held=CLOSED).update(held=FREE)  # the way to the other side may be open
    pairs.filter(one_sided(), state=State.ALONE).update(held=NEW)
    _add(frame, side, list(frame.telling().filter(id__in=set(records) - known.keys())))
    awaken_parts(frame.bridge, {one for one in records if known.get(one) not in references.TOGETHER})
    merging.follow(frame, side, records)


def _list_some(frame: Frame) -> bool:
    """Some of the records that are there, side by side; always more, as the log comes after it."""
    bridge = frame.bridge
    stands: dict[str, Any] = bridge.listing or {"head": _head(), "side": Side.A, "after": None}
    side = Side(stands["side"])
    found = list(frame.listing(side, stands["after"])[:AT_ONCE])
    _add(frame, side, found)
    if len(found) == AT_ONCE:
        bridge.listing = {**stands, "after": place(found[-1])}
    elif side is Side.A:
        bridge.listing = {**stands, "side": Side.B, "after": None}
    else:
        bridge.listing, bridge.cursor = None, stands["head"]
    bridge.save(update_fields=["listing", "cursor"])
    return True


def _add(frame: Frame, side: Side, records: Sequence[CommonModel]) -> None:
    """A lone pair for each living record of these that is no shell, with its key."""
    records = [record for record in records if not (record.is_shell or record.remote_was_deleted)]
    if not records:
        return
    # What has none, as making it failed, is found out to have none where all keys are noted.
    keys = {i: key for i, key in frame.keys(records, side).items() if not isinstance(key, Failed)}
    told: list[Any] = [
        current_tenant(),
        frame.bridge.id,
        State.ALONE,
        KEYED if len(keys) == len(records) and not frame.has_alternatives else NEW,
        frame.refers_in_key,
        [pair_id(frame.made(record, side), record.remote_id or "") for record in records],
        [record.id for record in records],
        [keys.get(record.id) for record in records],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(column=COLUMN[side]), told)


def pair_id(made: dt.datetime, remote_id: str) -> uuid.UUID:
    """An id for the pair of a record that was made then: a UUID of version 7, whose order is that of the records.

    All that a bridge does with many pairs it does in the order of their ids, so what it makes anew leaves in the order
    in which it was made, whenever and in whatever portions it was taken in. Of one millisecond, ids at the provider
    that end in a number count up, as far as their last nine digits tell.
    """
    number = _NUMBER.search(remote_id)
    milliseconds = max(int(made.timestamp() * 1000), 0)
    rest = int(number[0] if number else 0) << 44 | secrets.randbits(44)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | rest >> 62 << 64 | 2 << 62 | rest & (1 << 62) - 1)
