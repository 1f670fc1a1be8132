"""`bridge resolve`: a person's word on fields that both sides edited."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import conflicts
from unified_api.sync.models_bridge import Conflict


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
            ends = [conflicts.resolve_all(one, options["field"], resolution) for one in about.bridges]
        return {"resolved": sum(ends)}
    with scope(about.tenant), transaction.atomic():
        one = _conflict(options["conflict"], about.bridges)
        try:
            conflicts.resolve(one, resolution)
        except conflicts.ConflictClosed as error:
            raise CommandError(str(error)) from error
        return {"resolved": 1}


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
    yield f"{document['resolved']} conflicts are resolved; the bridge writes what follows from it."


RESOLVE = Verb("resolve", "say who prevails where both sides edited a field", _take, _answer, _tell)
