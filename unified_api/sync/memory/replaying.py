"""Replay: what would be different today had a bridge been told otherwise in a span of its past, as a plan.

The entries of the change log of both sides in the span go through the engine again, pair by pair; which fields would
say something else becomes an item, from what they say today to what that policy would have ended with. Nothing is
written: the plan waits for approval like any other, and an item is written only over the value that it shows. What was
edited since is left alone, and said. It is about fields: records that would have been created or deleted are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from unified_api.engine.merge import Rule
from unified_api.engine.replay import Difference, Replayed, Rules, replay
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Terms
from unified_api.models.base import CommonModel
from unified_api.sync import clock, values
from unified_api.sync.bridge import asked, plans
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.bridge.records import Frame
from unified_api.sync.memory import place
from unified_api.sync.memory.past import NoPast, Past, Span, past
from unified_api.sync.memory.undo import LEFT_ALONE
from unified_api.sync.models import Change
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Pairs that one plan goes through at most: it is made in one transaction, with some 20 statements a pair. MOST: while
#: somebody waits for an answer over HTTP.
MOST: Final = 100
MOST_AT_LEISURE: Final = 2_000
#: Pairs that are looked at together.
AT_ONCE: Final = 50
_MOVED: Final = "It was changed since."
_UNCLEAR: Final = "What the bridge did to it does not follow from the log and the journal."
_READ_ONLY: Final = "The account cannot write this field."


class SpanRefused(ValueError):
    """The span cannot be gone through, or not in one plan; the sentence says why."""


def make(
    bridge: Bridge, span: Span, otherwise: Configuration, about: str, *, at_leisure: bool = False
) -> Plan:
    """A plan of what would be different, within the transaction that is open; raises SpanRefused.

    It is open; or done, where nothing is to be written. otherwise: what the bridge would have been told in the span.
    about: that, in a few words. at_leisure: nobody's request waits for it.
    """
    if span.since > span.until:
        raise SpanRefused(f"The span ends at {span.until.isoformat()}, before it begins.")
    reason = f"From {span.since.isoformat()} to {span.until.isoformat()} under another policy: {about}"
    plan = asked.begin(bridge, Plan.Purpose.REPLAY, reason)
    frames = Frame.of(bridge), Frame.of(_told(bridge, otherwise))
    most = MOST_AT_LEISURE if at_leisure else MOST
    pairs, span = _concerned(bridge, span, most), replace(span, began=place.first_at(bridge.created_at))
    for first in range(0, len(pairs), AT_ONCE):
        done = PlanItem.objects.filter(plan_id=plan.id).count()
        items = list(_items(frames, pairs[first : first + AT_ONCE], span))
        plans.add(frames[0], plan, items, done)
    return asked.complete(frames[0], plan, about=about)


def _told(bridge: Bridge, otherwise: Configuration) -> Bridge:
    """The bridge as it would have been told, not stored."""
    copy = Bridge(**{one.attname: getattr(bridge, one.attname) for one in Bridge._meta.concrete_fields})
    copy.configuration = otherwise.as_data()
    return copy


def _concerned(bridge: Bridge, span: Span, most: int) -> list[Pair]:
    """Pairs of which a record changed in the span, or that waited for a person; raises SpanRefused."""
    accounts = (bridge.account_a, bridge.account_b)
    first, last = place.first_at(span.since), place.first_at(span.until) if span.until < clock.now() else None
    entries = Change.objects.filter(
        linked_account_id__in=accounts, model=bridge.model, position__gte=first
    ).exclude(kind="created")
    entries = entries if last is None else entries.filter(position__lt=last)
    records = entries.values("record_id")
    waited = Conflict.objects.filter(bridge_id=bridge.id, state=Conflict.State.OPEN)
    both = Pair.objects.filter(bridge_id=bridge.id).exclude(record_a=None).exclude(record_b=None)
    some = [{"record_a__in": records}, {"record_b__in": records}, {"id__in": waited.values("pair_id")}]
    one, *others = (both.filter(**which).values_list("id", flat=True) for which in some)
    found = list(one.union(*others)[: most + 1])
    if len(found) > most:
        more = "" if most >= MOST_AT_LEISURE else f" `manage.py bridge replay` takes {MOST_AT_LEISURE}."
        raise SpanRefused(f"More than {most} pairs changed in this span; choose a shorter one.{more}")
    return list(Pair.objects.filter(id__in=found).order_by("id"))


def _items(frames: tuple[Frame, Frame], pairs: Sequence[Pair], span: Span) -> Iterator[PlanItem]:
    names = sorted(frames[0].configuration.reads() | frames[1].configuration.reads())
    wanted = [record for pair in pairs for record in (pair.record_a, pair.record_b)]
    found = frames[0].model.objects.in_bulk(wanted)
    for pair in pairs:
        a, b = (found.get(record) for record in (pair.record_a, pair.record_b))
        if a is None or b is None:
            continue  # it was erased with its account
        yield from plans.of_pair(pair, _of_pair(frames, pair, Both(a, b), span, names))


def _of_pair(
    frames: tuple[Frame, Frame], pair: Pair, records: Both[CommonModel], span: Span, names: Sequence[str]
) -> Iterator[PlanItem]:
    if any(one.remote_was_deleted or one.is_shell for one in (records.a, records.b)):
        return
    try:
        happened = past(frames[0], pair, records, span, names)
    except NoPast as error:
        yield _left(pair, None, "", str(error))
        return
    rules = _rules(frames[0], happened), _rules(frames[1], happened)
    seen = replay(happened.memory, happened.start, happened.happened, happened.before, rules)
    yield from _differing(frames[1], pair, records, seen)
    for field in seen.unclear:
        yield _left(pair, None, field, _UNCLEAR)
    for one in seen.contests:
        told = {"field": one.field, "a": one.now.a, "b": one.now.b}
        yield plans.item_of(pair, "conflict", None, told, PlanItem.State.SHOWN)


def _rules(frame: Frame, happened: Past) -> Rules:
    """The policy in the words of all that is referred to. What is closed now was not always so."""
    policy = frame.speaking(Both(*(list(happened.told(side)) for side in Side)), list(frame.policy.fields))
    filters = frame.configuration.filter

    def outside(side: Side, held: Values) -> bool:
        return not filters[side].wants(held)

    return Rules(Terms(policy, frame.access), outside)


def _differing(frame: Frame, pair: Pair, records: Both[CommonModel], seen: Replayed) -> Iterator[PlanItem]:
    for side in Side:
        mine = [one for one in seen.differences if one.side is side]
        record = records.a if side is Side.A else records.b
        today = values.to_json({one.field: getattr(record, one.field) for one in mine})
        puts = {}
        for one in mine:
            if one.field not in frame.access[side].update:
                yield _left(pair, side, one.field, _READ_ONLY)
            elif today[one.field] != one.was:
                yield _left(pair, side, one.field, _MOVED)
            else:
                puts[one.field] = _put(one)
        if puts:
            yield plans.item_of(pair, "update", side.value, {"fields": puts})


def _put(one: Difference) -> dict[str, Any]:
    """By `would` a person sees by which rule; None: nothing would have been written over it."""
    return {
        "was": one.was,
        "value": one.value,
        "rule": Rule.REPLAY.value,
        "overrules": False,
        "would": None if one.rule is None else one.rule.value,
    }


def _left(pair: Pair, side: Side | None, field: str, reason: str) -> PlanItem:
    """What is left alone; its side is None where it is about both."""
    told = {"kind": LEFT_ALONE, "side": side and side.value, "field": field, "value": None, "reason": reason}
    return plans.item_of(pair, "problem", side and side.value, told, PlanItem.State.SHOWN)
