"""`bridge resolve`, `bridge give`: a person's word on fields that both sides edited."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, many, take_json
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, take_bridge
from unified_api.models.fields import Malformed
from unified_api.sync.bridge import conflicts
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Conflict


def _take(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument(
        "resolution", choices=["a", "b", conflicts.BOTH], help="who prevails; both: they stay as they are"
    )
    about = parser.add_mutually_exclusive_group(required=True)
    about.add_argument("--conflict", metavar="ID", help="one, by its id as `bridge status` tells it")
    about.add_argument("--field", metavar="F", help="all that wait about this field")
    about.add_argument("--all", action="store_true", help="all that wait")
    take_json(parser)


def _answer(options: Options, _progress: Progress) -> Document:
    about, resolution = meant(options), options["resolution"]
    if not options["conflict"]:
        with scope(about.tenant):
            _refuse_strange(options["field"], about.bridges)
            ends = [conflicts.resolve_all(one, options["field"], resolution) for one in about.bridges]
        return {"resolved": sum(ends)}
    with scope(about.tenant), transaction.atomic():
        one = _conflict(options["conflict"], about.bridges)
        try:
            conflicts.resolve(one, resolution)
        except conflicts.ConflictClosed as error:
            raise CommandError(str(error)) from error
        return {"resolved": 1}


def _refuse_strange(field: str | None, bridges: tuple[uuid.UUID, ...]) -> None:
    """Refuse a field that none of the bridges carries: who misspelt it would wait for what never comes."""
    with transaction.atomic():
        told = Bridge.objects.filter(id__in=bridges).values_list("configuration", flat=True)
        carried = sorted({name for one in told for name in one["policy"]["fields"]})
    if field is not None and field not in carried:
        raise CommandError(
            f"The bridge carries no field {field!r}, but {', '.join(carried)}; nothing was resolved."
        )


def _conflict(given: str, bridges: tuple[uuid.UUID, ...]) -> uuid.UUID:
    try:
        found = Conflict.objects.filter(id=uuid.UUID(given), bridge_id__in=bridges).first()
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"The bridge has no conflict {given!r}; `bridge status` shows those that wait.")
    conflict_id: uuid.UUID = found.id
    return conflict_id


def _tell(document: Document) -> Iterator[str]:
    if not document["resolved"]:
        yield "No conflict waits for that; nothing was changed. `bridge status` shows those that wait."
    else:
        yield f"{many(document['resolved'], 'conflict')} resolved; the bridge writes what follows from it."


RESOLVE = Verb("resolve", "say who prevails where both sides edited a field", _take, _answer, _tell)


def _take_value(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("side", choices=[*Side], help="where it is written")
    parser.add_argument(
        "value", help="the value as the API takes it: a text, or JSON where the field is no text"
    )
    parser.add_argument("--conflict", metavar="ID", required=True, help="as `bridge status` tells it")
    take_json(parser)


def _give(options: Options, _progress: Progress) -> Document:
    about, side = meant(options), Side(options["side"])
    with scope(about.tenant), transaction.atomic():
        one = _conflict(options["conflict"], about.bridges)
        try:
            write = _given(one, side, options["value"])
        except (conflicts.ConflictClosed, conflicts.NotWritable) as error:
            raise CommandError(str(error)) from error
        return {"write": str(write.id), "conflict": str(one), "side": side.value}


def _given(conflict_id: uuid.UUID, side: Side, told: str) -> Write:
    """Written as the text that was typed, else as the JSON that it is."""
    try:
        return conflicts.give(conflict_id, side, told)
    except Malformed as error:
        try:
            value: Any = json.loads(told)
            return conflicts.give(conflict_id, side, value)
        except ValueError:
            raise CommandError(f"{told!r} cannot be given: {error}.") from error


def _tell_given(document: Document) -> Iterator[str]:
    yield f"Write {document['write']} brings it to side {document['side']}; once it is there, the conflict shows it:"
    yield f"then `bridge resolve … {document['side']} --conflict {document['conflict']}` has it prevail."


GIVE = Verb(
    "give",
    "have a value of your own written where both sides edited a field",
    _take_value,
    _give,
    _tell_given,
)
