"""Looking for a counterpart at the provider itself, before one is created, or made again.

The mirror may be as old as its last reading: what somebody made over there since then is found by the same
bounded search that settles lost creates. What is found is stored as any reading is, and matched like any
newcomer.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from integrations.kit.errors import NeedsReauthorisation, Rejected
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.engine.pair import State
from unified_api.engine.policy import UNMAPPED
from unified_api.engine.values import Side
from unified_api.sync import connect, job, store, values
from unified_api.sync.bridge import failing, siblings
from unified_api.sync.bridge.held import FREE, SEARCH
from unified_api.sync.bridge.matching import SEARCHED
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import let_rest
from unified_api.sync.limit import Purpose
from unified_api.sync.models_bridge import Pair

#: Records that one step searches for, and among how many it looks for these where some wait for others.
AT_ONCE: Final = 20
LOOKED_THROUGH: Final = 500
#: Creates that may be under way at once: edits share the way with them, and a search tells little of later.
MOST_CREATES: Final = 100


def search_some(frame: Frame, lease: job.Lease, searched: QuerySet[Pair]) -> int:
    """Search for what lacks of some of these pairs, outside of any transaction; how many.

    Raises ProviderError.
    """
    with transaction.atomic():
        pairs = _next(frame, searched)
        lost = _lost_at_a(frame, pairs)
    by_side: dict[Side, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_side[Side.A if pair.record_a is None or pair.record_a in lost else Side.B].append(pair)
    for to, lone in by_side.items():
        account = frame.accounts[to]
        assert account is not None  # noqa: S101 - rounds run only between living accounts
        try:
            _search(frame, to, lone, lease, account)
        except NeedsReauthorisation as error:
            connect.pause(account, str(error))
            raise
    return len(pairs)


def _next(frame: Frame, searched: QuerySet[Pair]) -> list[Pair]:
    """Whose counterparts are to be searched for now; nobody's while enough creates are under way.

    Of what belongs to one record that of the first, as the others wait for it: a search tells little of later.
    """
    mine = Pair.objects.filter(bridge_id=frame.bridge.id)
    creating = mine.filter(state=State.CREATING, held=FREE).exclude(write_id=None)
    rows = searched.exclude(siblings.behind(frame)).order_by("id")
    most = LOOKED_THROUGH if frame.within else AT_ONCE
    pairs = siblings.first_of_each(frame, list(rows[:most]))[:AT_ONCE]
    return pairs[: max(MOST_CREATES - creating.count(), 0)] if pairs else []


def _lost_at_a(frame: Frame, pairs: Iterable[Pair]) -> set[uuid.UUID]:
    """The records of side a that are gone: of pairs of two, of which one is to be made again."""
    lost = frame.model.objects.filter(
        id__in=[pair.record_a for pair in pairs if pair.record_b], remote_was_deleted=True
    )
    return set(lost.values_list("id", flat=True))


def _search(frame: Frame, to: Side, pairs: Iterable[Pair], lease: job.Lease, account: LinkedAccount) -> None:
    with connect.line(account, lease, purpose=Purpose.NEWS) as line:
        resource = line.client.provider.resource(frame.model)
        assert resource is not None  # noqa: S101 - a bridge is over a model of both
        for pair in pairs:
            wish = partial(_wanted, frame, to, pair, resource)
            wanted = failing.alone(partial(values.in_transaction, wish), pair=str(pair.id))
            if isinstance(wanted, failing.Failed):
                _set_aside(pair, lease, wanted)
                continue
            found = line.client.recent(resource, wanted) if wanted else []
            with store.entry(account.id, began=line.moments.time_of) as entry:
                job.hold(lease)
                if found:
                    entry.land(found, store.Cause("read"), mapping_version=resource.version)
                    entry.flush()  # the feed head before any pair, as the end of a write takes them
                _note(pair, searched=wanted is not None or bool(pair.record_a and pair.record_b))


def _wanted(frame: Frame, to: Side, pair: Pair, resource: Resource) -> dict[str, object] | None:
    """What the counterpart would say, as the provider says it, in the fields by which that can be searched.

    None where nobody can tell yet: a word is missing, or a record that is named has no id there.
    """
    seen = frame.seen([pair])
    told = seen.looks[pair.id].of(to.other)
    if told is None or told.gone or told.outside:
        return None
    fields = seen.policy.fields
    known = {n: fields[n].translate(told.values.get(n), to) for n in resource.recognise if n in fields}
    if UNMAPPED in known.values():
        return None
    try:
        return values.for_adapter(frame.model, values.from_json(frame.model, known), frame.account_id(to))
    except Rejected:
        return None


def _set_aside(pair: Pair, lease: job.Lease, failed: failing.Failed) -> None:
    """It is not searched for, and so not made, until its record changes."""
    let_rest(pair, failed)
    with transaction.atomic():
        job.hold(lease)
        unsearched = Pair.objects.filter(id=pair.id, held=SEARCH)
        unsearched.update(problems=pair.problems, dirty=pair.dirty)


def _note(pair: Pair, *, searched: bool) -> None:
    """The pair may be looked at; it is searched for again when its key changes, and when what it names is there."""
    memory = {**pair.memory, **({SEARCHED: pair.key} if searched else {})}
    Pair.objects.filter(id=pair.id, held=SEARCH).update(held=FREE, dirty=True, memory=memory)
