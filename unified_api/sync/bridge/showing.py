"""How a bridge stands, and what it would do now, as data for people and scripts."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Container, Iterator, Mapping
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Func, IntegerField, QuerySet, Sum

from unified_api.engine.events import Kind, Problem
from unified_api.engine.forecast import Forecast, forecast
from unified_api.engine.values import Side
from unified_api.engine.weigh import Terms
from unified_api.models import hidden
from unified_api.sync.bridge import conflicts, failing, plans, standing_plans, turns
from unified_api.sync.bridge.held import FREE, REVIEW, UNDER_WAY
from unified_api.sync.bridge.intake import take_in
from unified_api.sync.bridge.matching import match_some, note_some_keys
from unified_api.sync.bridge.records import Frame, record_of, remembered
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.bridge.work import in_flight, obstacle
from unified_api.sync.bridge.writing import shown, told
from unified_api.sync.models import Job, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Overruled, Pair

Document = dict[str, Any]
#: Entries of a list that are shown.
MOST: Final = 100
#: Of a look ahead, which keeps the bridge from all else: pairs that are shown, and seconds of taking in before them.
MOST_PAIRS: Final = 500
PATIENCE: Final = 2.0
#: What it says where it shows nothing.
TOO_MUCH: Final = (
    "More is new than a short look can take in. Have a plan made: it does so step by step, and shows all."
)
_QUOTED: Final = ("field", "value_a", "value_b")
_PROBLEMS: Final = Sum(Func("problems", function="jsonb_array_length"), output_field=IntegerField())


def standing(bridge: Bridge) -> Document:
    """How it stands, within the transaction that is open."""
    frame = Frame.of(bridge)
    secret = frame.scopes.secret
    pairs = Pair.objects.filter(bridge_id=bridge.id)
    gave_way = Overruled.objects.filter(bridge_id=bridge.id)
    troubled = pairs.exclude(problems=[])
    paused = pairs.exclude(paused_by=None)
    return {
        **_about(frame),
        "plans": _plans(bridge),
        "pairs": _counts(pairs, "state"),
        "held": _counts(pairs.exclude(held=FREE), "held"),
        "dirty": pairs.filter(dirty=True, held__in=UNDER_WAY, write_id=None, paused_by=None).count(),
        "in_flight": in_flight(bridge.id).count(),
        "writes": _counts(Write.objects.filter(bridge_id=bridge.id), "state"),
        "problem_count": troubled.aggregate(count=_PROBLEMS)["count"] or 0,
        "problems": [
            {**_names(bridge, pair, secret), "write_id": _text(pair.write_id), **problem_of(problem, secret)}
            for pair in troubled[:MOST]
            for problem in pair.problems
        ],
        "gone": gone(troubled).count(),
        "paused_pair_count": paused.count(),
        "paused_pairs": [
            {**_names(bridge, pair, secret), "paused_by": pair.paused_by}
            for pair in paused.order_by("key")[:MOST]
        ],
        "review": [_names(bridge, pair, secret) for pair in pairs.filter(held=REVIEW).order_by("key")[:MOST]],
        "overruled": [_gave_way(one, secret) for one in gave_way.order_by("-at")[:MOST]],
        "conflicts": conflicts.of_bridge(bridge).count(),
        "open_conflicts": _conflicts(bridge, secret),
        "uncertain": _uncertain(bridge),
    }


def gone(pairs: QuerySet[Pair]) -> QuerySet[Pair]:
    """Those of some pairs of which one record was deleted, and the other one is kept until a person says what is so."""
    return pairs.filter(problems__contains=[{"kind": Kind.GONE.value}])


def preview(bridge_id: uuid.UUID) -> Document:
    """What a round would do now, by the records as they are mirrored: nothing is kept of it, and nothing sent.

    It holds the bridge's turn, for which the ends of writes wait, and behind them the tenant: so it is a short look.
    `left_out`: what it does not show, in a sentence; empty where it shows all.
    """
    with transaction.atomic(durable=True):
        # No worker takes in the same newcomers meanwhile.
        list(Job.objects.filter(kind=KIND, reference=bridge_id).select_for_update())
        frame = Frame.of(Bridge.objects.get(id=bridge_id))
        document = {**_about(frame), "obstacle": obstacle(frame), "plan": [], "review": [], "left_out": ""}
        if not frame.scopes.obstacle:
            document |= _foreseen(frame)
        transaction.set_rollback(True)
    return document


def _foreseen(frame: Frame) -> Document:
    """What is owed and what waits for a person, once all is taken in."""
    turns.take(frame.bridge.id)
    until = time.monotonic() + PATIENCE
    for piece in (take_in, note_some_keys, match_some):
        while piece(frame):
            if time.monotonic() > until:
                return {"left_out": TOO_MUCH}
    pairs, secret = Pair.objects.filter(bridge_id=frame.bridge.id), frame.scopes.secret
    rows = pairs.filter(dirty=True, held__in=UNDER_WAY, write_id=None, paused_by=None).order_by("id")
    more = rows.count() - MOST_PAIRS
    return {
        "plan": [item for turn in turns_of(frame, list(rows[:MOST_PAIRS])) for item in _items(turn)],
        "review": [_names(frame.bridge, pair, secret) for pair in pairs.filter(held=REVIEW)[:MOST]],
        "left_out": f"{more} more pairs would be looked at; a plan shows all." if more > 0 else "",
    }


def key(bridge: Bridge, told: str | None, secret: Container[str]) -> str | None:
    """The key of a pair as it is shown: not where it is made of a sensitive or secret field."""
    return hidden.key(bridge.configuration["match"], told, secret)


def in_words(key: str | None) -> str | None:
    """A key as it is shown, for people: its parts; what has none, as a hidden one, as it is."""
    try:
        parts = json.loads(key or "")
    except ValueError:
        return key
    return " · ".join(part if isinstance(part, str) else json.dumps(part) for part in parts)


def said(item: Mapping[str, Any], secret: Container[str]) -> Document:
    """What an item of a plan says, without the values of hidden fields; what its hash is of stays as it is."""
    if "fields" not in item:
        return problem_of(item, secret)
    fields = {name: hidden.about(name, one, secret) for name, one in item["fields"].items()}
    return {**item, "fields": fields}


def problem_of(told: Mapping[str, Any], secret: Container[str]) -> Document:
    """What keeps a field from being equal, without the value of a hidden one."""
    return hidden.about(told["field"], told, secret)


def about(bridge: Bridge) -> Document:
    """What it is, without its pairs; within the transaction that is open."""
    return _about(Frame.of(bridge))


def _about(frame: Frame) -> Document:
    bridge = frame.bridge
    plan = plans.current(bridge.id)
    return {
        "bridge_id": str(bridge.id),
        "name": bridge.name,
        "plan_id": str(plan.id) if plan else None,
        "model": bridge.model,
        "mode": bridge.mode,
        "version": bridge.version,
        "closed": dict(bridge.closed),
        "disabled": list(frame.scopes.sentences()),
        **{side.value: _account(frame, side) for side in Side},
        "fields": list(frame.policy.fields),
        "status": bridge.status,
        "reason": bridge.reason,
        "paused_by": bridge.paused_by,
        "frequency": bridge.frequency,
        "last_round": bridge.last_round.isoformat() if bridge.last_round else None,
    }


def _plans(bridge: Bridge) -> list[Document]:
    """The plans that wait for approval or are carried out, whatever they are for, oldest first."""
    return [
        {
            "plan_id": str(plan.id),
            "purpose": plan.purpose,
            "state": plan.state,
            "hash": plan.hash,
            "reason": plan.reason,
            "items": standing_plans.progress(plan),
        }
        for plan in standing_plans.of_bridge(bridge.id)
    ]


def _account(frame: Frame, side: Side) -> Document:
    account = frame.accounts[side]
    return {
        "linked_account_id": str(frame.account_id(side)),
        "integration": account.integration if account else None,
        "end_user": account.end_user_origin_id if account else None,
    }


def _items(turn: Turn) -> Iterator[Document]:
    """What is owed either side, and the problems that stay."""
    pair, secret = turn.pair, turn.frame.scopes.secret
    terms = Terms(turn.policy, turn.frame.access, turn.frame.closed)
    foreseen = failing.alone(partial(forecast, remembered(pair), turn.look, terms), pair=str(pair.id))
    if isinstance(foreseen, failing.Failed):
        foreseen = Forecast((), (foreseen.problem(pair),))
    names = _names(turn.frame.bridge, pair, secret)
    yield from ({**names, **said(told(one.write), secret)} for one in foreseen.writes)
    problems = (one for one in foreseen.remains if isinstance(one, Problem))
    yield from ({**names, "action": "problem", **problem_of(shown(one), secret)} for one in problems)


def _names(bridge: Bridge, pair: Pair, secret: Container[str]) -> Document:
    return {
        "pair_id": str(pair.id),
        "key": key(bridge, pair.key, secret),
        "record_a": _text(record_of(pair, Side.A)),
        "record_b": _text(record_of(pair, Side.B)),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _conflicts(bridge: Bridge, secret: Container[str]) -> list[Document]:
    """What waits for a person's word, oldest first."""
    found = list(conflicts.of_bridge(bridge)[:MOST])
    pairs = Pair.objects.in_bulk([one.pair_id for one in found])
    return [
        {
            "conflict_id": str(one.id),
            **_names(bridge, pairs[one.pair_id], secret),
            **hidden.about(one.field, {name: getattr(one, name) for name in _QUOTED}, secret),
        }
        for one in found
    ]


def _uncertain(bridge: Bridge) -> list[Document]:
    """The writes of which nobody knows yet whether they were carried out, oldest first."""
    rows = Write.objects.filter(bridge_id=bridge.id, state=WriteState.UNCERTAIN).order_by("journalled_at")
    return [
        {
            "write_id": str(one.id),
            "pair_id": _text(one.pair_id),
            "operation": one.operation,
            "side": (Side.A if one.linked_account_id == bridge.account_a else Side.B).value,
            "error": one.error,
        }
        for one in rows[:MOST]
    ]


def _gave_way(one: Overruled, secret: Container[str]) -> Document:
    names = ("field", "side", "value", "by", "rule")
    return {
        "pair_id": str(one.pair_id),
        "record_id": _text(one.record_id),
        **hidden.about(one.field, {name: getattr(one, name) for name in names}, secret),
        "write_id": _text(one.write_id),
        "at": one.at.isoformat(),
    }


def _counts(rows: Any, column: str) -> dict[str, int]:
    return dict(rows.values_list(column).annotate(Count("id")).order_by(column))
