"""`bridge end`: bridges that are to write nothing any more, and whose pairs are to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, make_sure, take_json, take_yes
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import ending, stirring
from unified_api.sync.models_bridge import Bridge


def _take(parser: CommandParser) -> None:
    take_bridge(parser)
    take_yes(parser)
    take_json(parser)


def _answer(options: Options, progress: Progress) -> Document:
    """All of a name or none, those that follow others first."""
    about = meant(options)
    make_sure(f"End {_called(about)}? {ending.WARNING}", options, progress)
    with scope(about.tenant), transaction.atomic():
        bridges = list(Bridge.objects.filter(id__in=about.bridges).order_by("-created_at", "-id"))
        stirring.overtake({bridge.id for bridge in bridges})
        leaders = {bridge.follows for bridge in bridges}
        for bridge in sorted(bridges, key=lambda one: one.id in leaders):
            _end(bridge)
    return {"ended": [{"bridge_id": str(one.id), "name": one.name, "model": one.model} for one in bridges]}


def _called(about: Meant) -> str:
    with scope(about.tenant), transaction.atomic():
        bridges = Bridge.objects.filter(id__in=about.bridges).order_by("created_at", "id")
        return " and ".join(f"{one.name} of {one.model}".removeprefix(" of ") for one in bridges)


def _end(bridge: Bridge) -> None:
    try:
        ending.end(bridge.id)
    except ending.NotEnded as error:
        raise CommandError(f"{bridge.model}: {error}") from error


def _tell(document: Document) -> Iterator[str]:
    for one in document["ended"]:
        yield f"{one['model']}: ended ({one['bridge_id']}); the records of both sides stay as they are"


END = Verb("end", "write nothing any more, and forget what was agreed", _take, _answer, _tell)
