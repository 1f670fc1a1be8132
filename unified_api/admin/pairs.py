"""Pages of pairs: both records side by side, with what was last agreed, and what keeps them from being equal."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from django.http import HttpRequest

from unified_api.admin import naming
from unified_api.admin.deeds import DecidingPage, Deed
from unified_api.engine.pair import State
from unified_api.engine.values import MISSING, Both, Side
from unified_api.models.fields import Malformed, parse_id
from unified_api.sync import withheld
from unified_api.sync.bridge import reviewing, showing, steering
from unified_api.sync.bridge.held import REVIEW
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.models_bridge import Bridge


def _is_lone(pair: Any) -> bool:
    return bool(pair.state == State.ALONE and not (pair.record_a and pair.record_b))


def _join(pair: Any, form: Mapping[str, str]) -> object:
    """Raises Malformed, NotTwoHalves."""
    return reviewing.join(pair.id, parse_id(form["with"].strip()))


class PairPage(DecidingPage):
    """Pairs, by bridge."""

    change_form_template = "console/pair.html"
    listed = ("id", "bridge_id", "key", "state", "held", "dirty", "problems", "paused_by", "write_id")
    ids = ("id", "bridge_id", "record_a", "record_b")
    texts = ("key",)
    list_filter = ("state", "held")
    ordering = ("bridge_id", "id")
    deeds = (
        Deed(
            "pause",
            "Pause this pair",
            "The two records are left alone, whatever changes on either side. A write that left is seen through.",
            lambda pair, _form: steering.pause_pair(pair.id),
            when=lambda pair: not pair.paused_by,
        ),
        Deed(
            "resume",
            "Resume this pair",
            "The two records are kept equal again, by what they say now and what was agreed when it was paused.",
            lambda pair, _form: steering.resume_pair(pair.id),
            when=lambda pair: bool(pair.paused_by),
        ),
        Deed(
            "separate",
            "It is one of its own",
            "Its counterpart is created at the other side, although others there or here have its key.",
            lambda pair, _form: reviewing.separate(pair.id),
            when=lambda pair: pair.held == REVIEW,
        ),
        Deed(
            "join",
            "It belongs together with",
            "Both lone records become one pair, or this one comes in the place of one that was deleted. What they"
            " disagree about follows the policy of first contact.",
            _join,
            carries=("with",),
            when=_is_lone,
        ),
    )
    refusals = (reviewing.NotInReview, reviewing.NotTwoHalves, Malformed)

    def told(self, request: HttpRequest, row: Any) -> dict[str, Any]:  # noqa: ARG002 - as the base has it
        """Both records; nothing of a pair whose bridge is gone."""
        bridge = Bridge.objects.filter(id=row.bridge_id).first()
        if bridge is None:
            return {}
        frame = Frame.of(bridge)
        [turn] = turns_of(frame, [row])
        secret = withheld.of_bridge(bridge)
        known = naming.records(frame, (row.record_a, row.record_b), secret)
        names = naming.sides(frame)
        return {
            "bridge": bridge,
            "key": showing.key(bridge, row.key, secret),
            "heads": [(names[side], known.get(record_of(row, side))) for side in Side],  # type: ignore[arg-type]
            "fields": [_field(turn, name, secret) for name in turn.policy.fields],
            "others": [one for one in row.problems if not one.get("field")],
        }


def _field(turn: Turn, name: str, secret: Container[str]) -> dict[str, Any]:
    """One bridged field: what either side says now, what it last agreed to, and how that stands."""
    look, pair = turn.look, turn.pair
    now = Both(*(one.values.get(name, MISSING) if one else MISSING for one in (look.a, look.b)))
    base = Both(pair.base_a.get(name, MISSING), pair.base_b.get(name, MISSING))
    shown = {
        f"{what}_{side}": None if both[side] is MISSING else naming.value(name, both[side], secret)
        for what, both in (("now", now), ("base", base))
        for side in Side
    }
    conflict = next((one for one in turn.known if one.field == name), None)
    problems = [one for one in pair.problems if one.get("field") == name]
    return {
        "name": name,
        **shown,
        "state": _state(turn, name, now, base),
        "conflict": conflict,
        "problems": problems,
    }


def _state(turn: Turn, name: str, now: Both[Any], base: Both[Any]) -> str:
    one = turn.policy.fields[name]
    if name in turn.frame.scopes.apart:
        return "no part of the bridge, by the scopes of its accounts"
    if now.a is MISSING or now.b is MISSING:
        return "one side only"
    if one.agree(now):
        return "equal"
    moved = [s.value for s in Side if base[s] is MISSING or not one.same(now[s], base[s])]
    return f"moved at {' and '.join(moved)}" if moved else "as agreed"
