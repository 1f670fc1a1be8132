"""Pages of conflicts: fields that both sides changed, with all that a person needs to say who prevails."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Container
from typing import Any, Final

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from unified_api.admin import naming, show
from unified_api.admin.actions import action
from unified_api.admin.deeds import DecidingPage, Deed
from unified_api.engine.values import Side
from unified_api.models.base import common_model, wire_fields
from unified_api.models.fields import Day, Instant, Malformed, Ref, Text
from unified_api.models.hidden import HIDDEN
from unified_api.sync import withheld
from unified_api.sync.bridge import conflicts, showing
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.models_bridge import Bridge, Conflict, Pair

#: What a person may say, and what comes of it.
_RESOLUTIONS: Final = {
    "a": (
        "Side a prevails",
        "The value of side a is written to side b, and the edit there gives way, on record.",
    ),
    "b": (
        "Side b prevails",
        "The value of side b is written to side a, and the edit there gives way, on record.",
    ),
    conflicts.BOTH: ("Both stay as they are", "Nothing is written until one of the values changes again."),
}


#: Sources of changes that were only read.
_READ: Final = frozenset({"pull", "read", "sweep", "resync"})


def _is_open(conflict: Conflict) -> bool:
    return bool(conflict.state == Conflict.State.OPEN)


def _one(resolution: str) -> Callable[[Any], object]:
    return lambda conflict: conflicts.resolve(conflict.id, resolution)


def _this(resolution: str) -> Deed:
    title, follows = _RESOLUTIONS[resolution]
    return Deed(
        f"take-{resolution}",
        title,
        f"{follows} It is about the values that are shown here: who edits one of them meanwhile asks anew.",
        lambda conflict, _form: conflicts.resolve(conflict.id, resolution),
        when=_is_open,
    )


def _all(resolution: str) -> Deed:
    title, follows = _RESOLUTIONS[resolution]
    return Deed(
        f"all-{resolution}",
        f"{title}, in all open conflicts of this field",
        f"In every open conflict of this field in this bridge, {conflicts.AT_ONCE} at once: {follows}",
        lambda conflict, _form: conflicts.resolve_some(conflict.bridge_id, conflict.field, resolution),
        when=_is_open,
    )


def _give(side: Side) -> Deed:
    return Deed(
        f"give-{side}",
        f"Write another value at side {side}",
        "It is written there as an edit like any other, unless somebody edits the field there meanwhile. When it is"
        f" there, this conflict shows it: then say that side {side} prevails.",
        lambda conflict, form: conflicts.give(conflict.id, side, _given(conflict, form["value"])),
        carries=("value",),
        when=_is_open,
    )


def _given(conflict: Conflict, typed: str) -> Any:
    """What was typed, as the API takes it: a text as it is, all else as JSON; raises Malformed."""
    model = common_model(Bridge.objects.get(id=conflict.bridge_id).model)
    if isinstance(wire_fields(model)[conflict.field], Text | Instant | Day | Ref):
        return typed
    try:
        return json.loads(typed)
    except ValueError as error:
        raise Malformed(f"{conflict.field} takes JSON, such as true, 3 or a list: {error}") from error


class ConflictPage(DecidingPage):
    """Conflicts, the newest first."""

    change_form_template = "console/conflict.html"
    listed = ("opened_at", "bridge_id", "field", "state", "value_a", "value_b", "resolution", "resolved_by")
    ids = ("id", "bridge_id", "pair_id")
    texts = ("field",)
    list_filter = ("state",)
    ordering = ("-opened_at",)
    refusals = (conflicts.ConflictClosed, conflicts.NotWritable, Malformed)
    deeds = (*map(_this, _RESOLUTIONS), *map(_all, _RESOLUTIONS), *map(_give, Side))
    actions = tuple(
        action(
            f"take_{resolution}",
            title,
            f"Resolved, {title[0].lower()}{title[1:]}",
            _one(resolution),
            warning=follows,
            refusals=(conflicts.ConflictClosed,),
        )
        for resolution, (title, follows) in _RESOLUTIONS.items()
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the key of each pair."""
        pairs = Pair.objects.filter(id=OuterRef("pair_id"))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(pair_key=Subquery(pairs.values("key")))
        return rows

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns of the list, and after the bridge what the records are known by."""
        first, bridge, *others = super().get_list_display(request)
        known = withheld.Lookup()

        @admin.display(description="records")
        def records(row: Any) -> Any:
            key = HIDDEN if known.hides_key(row) else showing.in_words(row.pair_key)
            return show.link(Pair, row.pair_id, key or str(row.pair_id))

        return [first, bridge, records, *others]

    def told(self, request: HttpRequest, row: Any) -> dict[str, Any]:  # noqa: ARG002 - as the base has it
        """Both values with their records; nothing of a conflict whose bridge or pair is gone."""
        bridge = Bridge.objects.filter(id=row.bridge_id).first()
        pair = Pair.objects.filter(id=row.pair_id).first()
        if bridge is None or pair is None:
            return {}
        frame = Frame.of(bridge)
        secret = withheld.of_bridge(bridge)
        known = naming.records(frame, (pair.record_a, pair.record_b), secret)
        alike = Conflict.objects.filter(bridge_id=bridge.id, field=row.field, state=Conflict.State.OPEN)
        return {
            "bridge": bridge,
            "pair": pair,
            "alike": alike.count(),
            "both": [
                _side(frame, row, side, known.get(record_of(pair, side)), secret)  # type: ignore[arg-type]
                for side in Side
            ],
        }


def _by(source: str | None, actor: str | None) -> str:
    """Who edited it, as far as the change log knows: what was read is the doing of the account's own people."""
    if source is None:
        return "not known"
    return f"people or programs there ({source})" if source in _READ else f"{source} {actor or ''}".rstrip()


def _side(
    frame: Frame, conflict: Conflict, side: Side, record: naming.Named | None, secret: Container[str]
) -> dict[str, Any]:
    edited = getattr(conflict, f"edited_{side}")
    return {
        "name": naming.sides(frame)[side.value],
        "record": record,
        "value": naming.value(conflict.field, getattr(conflict, f"value_{side}"), secret),
        "base": naming.value(conflict.field, getattr(conflict, f"base_{side}"), secret),
        "at": dt.datetime.fromisoformat(edited["at"]) if edited.get("at") else None,
        "by": _by(edited.get("source"), edited.get("actor")),
    }
