"""What belongs to one record is made in turn: each create waits until the one before it has ended.

So the comments of a ticket stand over there in the order in which they were made here, however many workers send, and
however long one of them takes. It is for records that are known within what they belong to: the field that names that
is part of their key, and of the bridge that theirs follows. Pairs come in the order of their ids, see
`unified_api.sync.bridge.intake`. A plan that has to leave one to the next plan leaves those behind it to that as well.
An edit waits for nobody, and nobody waits for a create that a person has to tell of, that was tried several times in
vain, or that is held up for long: what is said later arrives before it then.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from unified_api.engine.events import Look
from unified_api.engine.pair import State
from unified_api.models.base import CommonModel
from unified_api.sync.bridge.held import COLUMN, DROPPED, FREE, NEW, SEARCH, UNDER_WAY, one_sided
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Pair
from unified_api.sync.models_plan import Plan, PlanItem

if TYPE_CHECKING:
    from unified_api.sync.bridge.rounds import Turn

#: Creates in a row that changed nothing, and how long one is under way, until nobody waits for it any more.
_TRIES: Final = 3
_LONG: Final = dt.timedelta(minutes=15)
#: Why a plan leaves alone what it shows behind one that it left alone.
BEHIND: Final = "It comes after one of the same record that is left to the next plan; nothing was written."


def behind(frame: Frame) -> Q:
    """The pairs that wait, as something is being made that belongs to the same record as theirs."""
    name = frame.within
    if name is None:
        return Q(pk__in=())
    wholes = set(_wholes(frame.model, name, _making(frame)).values())
    if not wholes:
        return Q(pk__in=())
    return _of(frame.model, name, wholes) & (Q(state=State.GONE) | Q(one_sided(), state=State.ALONE))


def _of(model: type[CommonModel], name: str, wholes: Collection[uuid.UUID]) -> Q:
    """Pairs and items with a record that belongs to one of these."""
    parts = model.objects.filter(**{f"{name}__in": wholes})
    a, b = (Exists(parts.filter(id=OuterRef(column))) for column in COLUMN.values())
    return Q(a | b)


def _making(frame: Frame) -> QuerySet[Pair]:
    """The pairs whose records are being made, and may be waited for."""
    lately = Write.objects.filter(id=OuterRef("write_id"), journalled_at__gt=Now() - _LONG)
    rows = Pair.objects.filter(Exists(lately), bridge_id=frame.bridge.id, state=State.CREATING, held=FREE)
    return rows.filter(~Q(memory__has_key=DROPPED) | Q(**{f"memory__{DROPPED}__lt": _TRIES}))


def in_turn(turns: Iterable[Turn]) -> Iterator[Turn]:
    """These turns, each considered before the next is asked for, without those behind what is to be made first."""
    making: set[Any] = set()
    for turn in turns:
        name = turn.frame.within
        both = (turn.look.a, turn.look.b)
        wholes = {one.values.get(name) for one in both if one} - {None} if name else set()
        if _may_be_made(turn.pair) and wholes & making:
            continue
        yield turn
        is_made = turn.pair.state == State.CREATING and turn.pair.memory.get(DROPPED, 0) < _TRIES
        if is_made or turn.pair.held in {NEW, SEARCH}:
            making |= wholes


def _may_be_made(pair: Pair) -> bool:
    """Whether a record may have to be made for it."""
    return pair.state == State.GONE or (pair.state == State.ALONE and not (pair.record_a and pair.record_b))


def in_front(frame: Frame, pairs: Sequence[Pair], searched_for: Collection[uuid.UUID]) -> list[Pair]:
    """Of these pairs, in their order, those that come behind none that is still searched for: that is made first."""
    wholes = _wholes(frame.model, frame.within, pairs) if frame.within else {}
    waited_for: set[uuid.UUID] = set()
    found = []
    for pair in pairs:
        whole = wholes.get(pair.record_a or pair.record_b)
        if pair.id in searched_for:
            waited_for |= {whole} if whole else set()
        elif whole not in waited_for or not _may_be_made(pair):
            found.append(pair)
    return found


def ready(frame: Frame, pairs: Sequence[Pair]) -> list[Pair]:
    """Of these pairs, in their order, those that come behind none that is looked at later, and made first all the same.

    That is one which is still to be matched or searched for, as somebody has edited it; or that somebody else has now.
    """
    may_be = [pair for pair in pairs if _may_be_made(pair)] if frame.within else []
    wholes = set(_wholes(frame.model, frame.within, may_be).values()) if frame.within and may_be else set()
    if not wholes:
        return list(pairs)
    found = Pair.objects.filter(
        Q(state=State.GONE) | Q(one_sided(), state=State.ALONE),
        _of(frame.model, str(frame.within), wholes),
        bridge_id=frame.bridge.id,
        dirty=True,
        held__in=UNDER_WAY,
        write_id=None,
        paused_by=None,
        id__lt=max(pair.id for pair in may_be),
    )
    later = list(found.exclude(id__in=[pair.id for pair in pairs]))
    return in_front(frame, sorted([*pairs, *later], key=lambda one: one.id), {pair.id for pair in later})


def leave_behind(frame: Frame, item: PlanItem, pair: Pair, look: Look) -> set[uuid.UUID]:
    """Leave to the next plan what a plan shows behind a create that it leaves to that; the pairs of these items.

    Nobody waits for what was tried often enough in vain, nor for what a person stopped or has to look at, nor for what
    takes no part any more. Plans that a person asked for (undo, restore) have no next one.
    """
    if not any(one is not None and not one.gone and not one.outside for one in (look.a, look.b)):
        return set()
    name, is_tried = frame.within, pair.memory.get(DROPPED, 0) >= _TRIES
    is_stopped = pair.paused_by is not None or pair.held not in UNDER_WAY
    if name is None or item.action != "create" or not _may_be_made(pair) or is_tried or is_stopped:
        return set()
    round_ = Plan.objects.filter(id=item.plan_id, purpose=Plan.Purpose.ROUND)
    later = PlanItem.objects.filter(
        Exists(round_), plan_id=item.plan_id, ordinal__gt=item.ordinal, action="create"
    )
    wholes = set(_wholes(frame.model, name, [pair]).values())
    rows = later.filter(_of(frame.model, name, wholes), state=PlanItem.State.WAITING)
    left = set(rows.values_list("pair_id", flat=True))
    rows.filter(pair_id__in=left).update(state=PlanItem.State.MOVED, reason=BEHIND)
    return left


def first_of_each(frame: Frame, pairs: Sequence[Pair]) -> list[Pair]:
    """Of these lone pairs, in their order, only the first of what belongs to one record."""
    if frame.within is None:
        return list(pairs)
    wholes = _wholes(frame.model, frame.within, pairs)
    first: dict[uuid.UUID, Pair] = {}
    for pair in pairs:
        first.setdefault(wholes.get(pair.record_a or pair.record_b, pair.id), pair)
    return list(first.values())


def _wholes(model: type[CommonModel], name: str, pairs: Iterable[Pair]) -> dict[uuid.UUID | None, uuid.UUID]:
    """What the records of some pairs belong to by that field, by record; nothing of one that does not say."""
    named = {record for pair in pairs for record in (pair.record_a, pair.record_b) if record}
    told = model.objects.filter(id__in=named, **{f"{name}__isnull": False})
    return dict(told.values_list("id", name))
