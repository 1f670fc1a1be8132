"""`manage.py bridge undo`: a plan that puts back what a bridge did; nothing is written before it is approved."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Iterator
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, many, quoted, take_json
from unified_api.management.bridge.items import Names, named
from unified_api.management.bridge.pairs import TAKES, pair_of
from unified_api.management.bridge.standing import approving
from unified_api.management.bridge.verb import take_bridge
from unified_api.sync import withheld
from unified_api.sync.bridge import naming, plans, showing
from unified_api.sync.memory import undo
from unified_api.sync.memory.deeds import CHOICES, NoDeed
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

#: Items that are shown.
MOST: Final = 100
_DEEDS: Final = {"delete": "deleted", "create": "made again"}
_ABOUT: Final = {
    "write": "one write",
    "pair": f"all writes to the two records of a pair: {TAKES}",
    "plan": "all writes of a plan",
    "run": "all writes that carried to the other side what a run had read",
}

#: Where the ids are that are asked for.
_FOUND: Final = {
    "write": "`bridge why RECORD` names the write of a value",
    "plan": "`bridge plan` shows those of plans",
    "run": "`bridge why RECORD --json` names the run that read a value",
}


def take(parser: CommandParser) -> None:
    """The bridge, and what of its doings."""
    take_bridge(parser)
    chosen = parser.add_mutually_exclusive_group(required=True)
    for name in CHOICES:
        chosen.add_argument(f"--{name}", metavar="ID", help=_ABOUT[name])
    take_json(parser)


def answer(tenant: uuid.UUID, bridge_id: uuid.UUID, options: dict[str, Any]) -> Document:
    """Make the plan, and show it; raises CommandError."""
    (name,) = (name for name in CHOICES if options[name])
    try:
        with scope(tenant), transaction.atomic():
            bridge = Bridge.objects.get(id=bridge_id)
            named = _named(name, options[name], bridge_id)
            return made(
                bridge, undo.make(bridge, CHOICES[name](bridge, named), f"Undo of {name} {named}."), "undo"
            )
    except NoDeed as error:
        raise CommandError(str(error)) from error


def _named(name: str, given: str, bridge_id: uuid.UUID) -> uuid.UUID:
    if name == "pair":
        return pair_of(given, (bridge_id,))
    try:
        return uuid.UUID(given)
    except ValueError as error:
        raise CommandError(f"--{name} takes an id, a UUID, not {given!r}; {_FOUND[name]}.") from error


def made(bridge: Bridge, plan: Plan, called: str) -> Document:
    """A plan that was just made, with its first items under this name."""
    items, secret = (
        PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal")[:MOST],
        withheld.of_bridge(bridge),
    )
    shown = [_shown(bridge, item, secret) for item in items]
    return {
        "bridge_id": str(bridge.id),
        "plan_id": str(plan.id),
        "hash": plan.hash,
        "state": plan.state,
        "reason": plan.reason,
        "counts": plan.counts,
        called: shown,
        "names": naming.called(bridge, (item["fields"].get("fields", {}) for item in shown)),
    }


def _shown(bridge: Bridge, item: PlanItem, secret: Container[str]) -> Document:
    return {
        "action": item.action,
        "side": item.side,
        "key": showing.key(bridge, item.key, secret),
        "fields": showing.said(item.fields, secret),
        "pair_id": item.pair_id,
    }


def tell(document: Document) -> Iterator[str]:
    """A line an item."""
    yield f"plan_id: {document['plan_id']}"
    yield f"hash: {document['hash']}"
    for item in document["undo"]:
        yield f"{item['key'] or 'a record without a key'}: {', '.join(_item(item, document['names']))}"
    left = sum(document["counts"].get(name, 0) for name in plans.WRITES)
    yield f"{many(left, 'record')} would be written to, nothing was sent."
    yield approving(document)


def _item(item: Document, names: Names) -> Iterable[str]:
    told = item["fields"]
    if item["action"] == "problem":
        return [f"{told['field'] or 'the record'} of side {item['side']} is left alone: {told['reason']}"]
    if item["action"] == "conflict":
        return [
            f"{told['field']} is {quoted(told, 'a')} at side a and {quoted(told, 'b')} at side b: {told['reason']}"
        ]
    if item["action"] != "update":
        return [f"the record of side {item['side']} would be {_DEEDS[item['action']]}"]
    return [
        f"{name} of side {item['side']}: {named(one, 'was', names)} -> {named(one, 'value', names)}"
        for name, one in told["fields"].items()
    ]
