"""Components of bridges: how one stands, its plans and their items, its pairs and conflicts.

The `…_COLUMNS` are what the endpoints show as it is stored, and so what the document says that they show.
"""

from __future__ import annotations

from typing import Final

from unified_api.api.openapi.bridge_files import DIFFERENCE
from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    INSTANT,
    NUMBER,
    TEXT,
    WHOLE,
    Schema,
    columns,
    keyed,
    many,
    maybe,
    more,
    named,
    record,
    word,
)
from unified_api.engine.events import Kind
from unified_api.engine.merge import Rule
from unified_api.engine.pair import State
from unified_api.engine.policy import FirstContact, Winner
from unified_api.engine.values import Side
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.held import HELD
from unified_api.sync.bridge.plans import WRITES
from unified_api.sync.models_bridge import Bridge, Conflict, Overruled, Pair
from unified_api.sync.models_plan import Plan, PlanItem

PLAN_COLUMNS: Final = (
    *("id", "bridge_id", "purpose", "state", "hash", "version", "counts", "cost", "reason", "made_by"),
    *("approved_by", "created_at", "approved_at", "finished_at"),
)
ITEM_COLUMNS: Final = (
    *("id", "pair_id", "record_a", "record_b", "write_id"),
    *("ordinal", "key", "action", "side", "state", "reason"),
)
PAIR_COLUMNS: Final = (
    *("id", "bridge_id", "record_a", "record_b", "write_id"),
    *("state", "held", "key", "problems", "paused_by", "dirty"),
)
CONFLICT_COLUMNS: Final = (
    *(
        "id",
        "bridge_id",
        "pair_id",
        "field",
        "value_a",
        "value_b",
        "base_a",
        "base_b",
        "edited_a",
        "edited_b",
    ),
    *("state", "opened_at", "closed_at", "resolution", "resolved_by"),
)

_SIDE: Final = word(*Side)
_COUNTS: Final = keyed(WHOLE)
_IS_HIDDEN: Final[dict[str, Schema]] = {
    "is_hidden": {
        **FLAG,
        "description": "The field is sensitive, or disabled at an account; none of its values shows.",
    }
}

# --- plans ------------------------------------------------------------------------------------------------

_COST: Final = named(
    "PlanCost",
    record(
        {
            "calls": WHOLE,
            "per_second": NUMBER,
            "remaining": maybe(WHOLE),
            "resets_at": maybe(INSTANT),
            "blocked_until": maybe(INSTANT),
        }
    ),
)
_PLAN: Final = record(columns(Plan, *PLAN_COLUMNS, counts=_COUNTS, cost=keyed(_COST)))
#: A plan without its items.
PLAN: Final = named("Plan", _PLAN)
_OF_ALL: Final = {
    "winner": word(*map(str, Winner)),
    "otherwise": word(*map(str, Side)),
    "first": word(*map(str, FirstContact)),
}
#: What a replay tells the bridge otherwise: all its fields, and single ones by their names.
POLICY: Final[Schema] = {
    "type": "object",
    "properties": {**_OF_ALL, "fields": maybe(keyed({"type": "object"}))},
    "minProperties": 1,
    "additionalProperties": False,
}
#: A plan, and how many of its items are in which state.
PLAN_WITH_ITEMS: Final = named("PlanWithItems", more(_PLAN, {"items": _COUNTS}))
#: What keeps a field from being equal.
_PROBLEM_KEYS: Final[dict[str, Schema]] = {
    "kind": word(*Kind),
    "side": _SIDE,
    "field": TEXT,
    "value": ANY,
    "reason": TEXT,
    **_IS_HIDDEN,
}
_PROBLEM: Final = named("PairProblem", record(_PROBLEM_KEYS))
_CONTEST: Final = named("PlanConflict", record({"field": TEXT, "a": ANY, "b": ANY, **_IS_HIDDEN}))
_VALUE: Final = named(
    "PlanField",
    record(
        {
            "was": ANY,
            "value": ANY,
            "rule": word(*Rule, "deletes"),
            "overrules": FLAG,
            **_IS_HIDDEN,
            "would": {
                **maybe(word(*Rule)),
                "description": "Of a replay: the rule by which it would have come there.",
            },
        },
        optional=("would",),
    ),
)
#: One thing that a plan would do: with `fields`; or what it cannot do: with `problem`. `held`: both, see there.
ITEM: Final = named(
    "PlanItem",
    record(
        {
            **columns(PlanItem, *ITEM_COLUMNS, side=maybe(_SIDE)),
            "fields": keyed(_VALUE),
            "follows": {**WHOLE, "description": "How many items of the pair are executed before it."},
            "held": {
                **word(*sorted(WRITES)),
                "description": "What would be written; `reason` says what keeps it.",
            },
            "content": record({"files": word(*Files), "cap": WHOLE}, optional=("cap",)),
            "problem": {"anyOf": [_PROBLEM, _CONTEST]},
        },
        optional=("fields", "follows", "held", "content", "problem"),
    ),
)

# --- pairs and conflicts ----------------------------------------------------------------------------------

_PAIR: Final = record(
    columns(Pair, *PAIR_COLUMNS, state=word(*State), held=word("", *HELD), problems=many(_PROBLEM))
)
PAIR: Final = named("Pair", _PAIR)
_BASE: Final = {**keyed(ANY), "description": "By field; null for one that is sensitive or disabled."}
#: A pair, with what either side last agreed to.
PAIR_WITH_BASES: Final = named("PairWithBases", more(_PAIR, {"base_a": _BASE, "base_b": _BASE}))
_EDITED: Final = named(
    "ConflictEdit",
    record({"at": INSTANT, "source": TEXT, "actor": maybe(TEXT)}, optional=("at", "source", "actor")),
)
CONFLICT: Final = named(
    "Conflict",
    record(
        columns(Conflict, *CONFLICT_COLUMNS, edited_a=_EDITED, edited_b=_EDITED)
        | columns(Pair, "key", "record_a", "record_b")
        | _IS_HIDDEN
    ),
)

#: What is on its way to a side of a conflict; see `writes/{id}`.
GIVEN: Final = named("GivenValue", record({"write_id": ID}))

# --- bridges ----------------------------------------------------------------------------------------------

_ACCOUNT: Final = {"linked_account_id": ID, "integration": maybe(TEXT), "end_user": maybe(TEXT)}
_SIDE_OF_BRIDGE: Final = named("BridgeSide", record(_ACCOUNT))
_BRIDGE: Final = record(
    {
        "bridge_id": ID,
        "name": TEXT,
        "plan_id": maybe(ID),
        **columns(Bridge, "model", "mode", "version"),
        "closed": {**keyed(TEXT), "description": "By side, who closed the way to it."},
        "disabled": {
            **many(TEXT),
            "description": "What the scopes of its accounts keep out of it, in sentences.",
        },
        "a": _SIDE_OF_BRIDGE,
        "b": _SIDE_OF_BRIDGE,
        "fields": many(TEXT),
        **columns(Bridge, "status", "reason", "paused_by", "frequency", "last_round"),
    }
)
#: A bridge in a list.
BRIDGE: Final = named("Bridge", _BRIDGE)
_NAMES: Final[dict[str, Schema]] = {
    "pair_id": ID,
    "key": maybe(TEXT),
    "record_a": maybe(ID),
    "record_b": maybe(ID),
}
_GAVE_WAY: Final = named(
    "Overruled",
    record(
        columns(
            Overruled,
            *("pair_id", "record_id", "field", "side", "value", "by", "rule", "write_id", "at"),
            side=_SIDE,
        )
        | _IS_HIDDEN
    ),
)
_OPEN_CONFLICT: Final = named(
    "OpenConflict",
    record({"conflict_id": ID, **_NAMES, "field": TEXT, "value_a": ANY, "value_b": ANY, **_IS_HIDDEN}),
)
_UNCERTAIN: Final = named(
    "UncertainWrite",
    record(
        {
            "write_id": ID,
            "pair_id": maybe(ID),
            "operation": word(*sorted(WRITES)),
            "side": _SIDE,
            "error": maybe(TEXT),
        }
    ),
)
_STANDING_PLAN: Final = named(
    "StandingPlan",
    record({"plan_id": ID, **columns(Plan, "purpose", "state", "hash", "reason"), "items": _COUNTS}),
)
#: How a bridge stands.
STANDING: Final = named(
    "BridgeStanding",
    more(
        _BRIDGE,
        {
            "plans": {
                **many(_STANDING_PLAN),
                "description": "Those that wait for approval or are carried out; `items`: by state.",
            },
            "pairs": {**_COUNTS, "description": "By state."},
            "held": {**_COUNTS, "description": "By reason."},
            "dirty": WHOLE,
            "in_flight": WHOLE,
            "writes": {**_COUNTS, "description": "By state."},
            "problem_count": WHOLE,
            "problems": many(
                named("BridgeProblem", record({**_NAMES, "write_id": maybe(ID), **_PROBLEM_KEYS}))
            ),
            "gone": {
                **WHOLE,
                "description": "Pairs of which one record was deleted and the other one is kept.",
            },
            "paused_pair_count": WHOLE,
            "paused_pairs": many(named("PausedPair", record({**_NAMES, "paused_by": TEXT}))),
            "review": many(named("PairNames", record(_NAMES))),
            "overruled": many(_GAVE_WAY),
            "conflicts": WHOLE,
            "open_conflicts": many(_OPEN_CONFLICT),
            "uncertain": many(_UNCERTAIN),
        },
    ),
)
_VERSION: Final = record(
    {
        "version": WHOLE,
        "at": INSTANT,
        "by": TEXT,
        "is_current": {**FLAG, "description": "What the bridge goes by now."},
        "differences": {
            **many(DIFFERENCE),
            "description": "What it changed of the version before; nothing, where it is the first.",
        },
    }
)
#: What a bridge was told at a time.
VERSION: Final = named("BridgeVersion", _VERSION)
_CONFIGURATION: Final[Schema] = {
    "type": "object",
    "description": "All that it was told, as it is stored; `about`: what is said of the bridge as a whole.",
}
VERSION_WITH_CONFIGURATION: Final = named(
    "BridgeVersionWithConfiguration", more(_VERSION, {"configuration": _CONFIGURATION})
)
