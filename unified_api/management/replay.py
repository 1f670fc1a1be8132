"""`manage.py bridge replay`: a plan of what another policy would have ended with; nothing is written by it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.policy import PolicyError
from unified_api.management.answering import Document, many, quoted, take_json
from unified_api.management.bridge.items import Names, named
from unified_api.management.bridge.standing import approving
from unified_api.management.bridge.verb import take_bridge
from unified_api.management.undo import made
from unified_api.models.fields import Malformed, parse_instant
from unified_api.sync import clock
from unified_api.sync.bridge import applying
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.bridge.file import FileRefused, parse
from unified_api.sync.bridge.marked import Unreadable, read
from unified_api.sync.memory import replaying
from unified_api.sync.memory.otherwise import otherwise
from unified_api.sync.memory.past import Span
from unified_api.sync.models_bridge import Bridge

_FLAGS: Final = {"true": True, "false": False}


def take(parser: CommandParser) -> None:
    """The bridge, the span and the policy."""
    take_bridge(parser)
    parser.add_argument("--from", dest="since", required=True, metavar="T", help="ISO 8601, with an offset")
    parser.add_argument("--to", dest="until", metavar="T", help="the same (now)")
    told = parser.add_mutually_exclusive_group(required=True)
    told.add_argument("--policy", metavar="FILE", help="a bridge file, or a mapping such as {winner: b}")
    told.add_argument(
        "--set",
        action="append",
        metavar="OPTION=VALUE",
        help="such as winner=b, or fields.status.winner=ask; may be repeated",
    )
    take_json(parser)


def answer(tenant: uuid.UUID, bridge_id: uuid.UUID, options: dict[str, Any]) -> Document:
    """Make the plan, and show it; raises CommandError."""
    span = Span(_moment(options["since"]), _moment(options["until"]) if options["until"] else clock.now())
    try:
        with scope(tenant), transaction.atomic():
            bridge = Bridge.objects.get(id=bridge_id)
            told, about = _told(bridge, options)
            return made(bridge, replaying.make(bridge, span, told, about, at_leisure=True), "replay")
    except (FileRefused, PolicyError, replaying.SpanRefused) as error:
        raise CommandError(str(error)) from error


def _moment(text: str) -> dt.datetime:
    try:
        return parse_instant(text)
    except Malformed as error:
        raise CommandError(f"{text!r}: {error}") from error


def _told(bridge: Bridge, options: Mapping[str, Any]) -> tuple[Configuration, str]:
    if options["set"]:
        return otherwise(bridge, _set(options["set"])), ", ".join(options["set"])
    path = Path(options["policy"])
    try:
        text = path.read_text(encoding="utf-8")
        data = read(text).data
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except Unreadable as error:
        raise FileRefused(path.name, error.faults) from error
    if isinstance(data, dict) and "models" in data:
        return applying.configured(parse(text, path.name), bridge), f"that of {path.name}"
    if not isinstance(data, dict):
        raise CommandError(f"{path} is neither a bridge file nor a mapping such as {{winner: b}}.")
    return otherwise(bridge, data), f"that of {path.name}"


def _set(given: list[str]) -> dict[str, Any]:
    """`fields.status.winner=ask` as a mapping."""
    told: dict[str, Any] = {}
    for one in given:
        path, is_told, value = one.partition("=")
        *steps, last = path.split(".")
        if not (is_told and last):
            raise CommandError(f"--set takes OPTION=VALUE, such as winner=b; {one!r} is not of this form.")
        inner = told
        for step in steps:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                raise CommandError(f"--set {one}: {step} was given as {inner!r} before.")
        inner[last] = _FLAGS.get(value, value)
    return told


def tell(document: Document) -> Iterator[str]:
    """A line an item."""
    yield f"plan_id: {document['plan_id']}"
    yield f"hash: {document['hash']}"
    yield document["reason"]
    for item in document["replay"]:
        yield f"{item['key'] or 'a record without a key'}: {_item(item, document['names'])}"
    updates = document["counts"].get("update", 0)
    yield f"{many(updates, 'record')} would say something else; nothing was sent."
    yield approving(document)


def _item(item: Document, names: Names) -> str:
    told = item["fields"]
    if item["action"] == "conflict":
        return f"{told['field']} would wait for a person: {quoted(told, 'a')} at side a, {quoted(told, 'b')} at side b"
    if item["action"] == "problem":
        side = f" of side {item['side']}" if item["side"] else ""
        return f"{told['field'] or 'the pair'}{side} is left alone: {told['reason']}"
    return ", ".join(
        f"{name} of side {item['side']}: {named(one, 'was', names)} -> {named(one, 'value', names)}"
        f" ({one['would'] or 'nothing written'})"
        for name, one in told["fields"].items()
    )
