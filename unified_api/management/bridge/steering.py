"""`bridge pause` and `resume`: stopping bridges at three grains, and going on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from django.core.management.base import CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge import standing
from unified_api.management.bridge.pairs import TAKES, pair_of
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import showing, steering
from unified_api.sync.models_bridge import Bridge, Pair


def _take(parser: CommandParser) -> None:
    take_bridge(parser)
    grain = parser.add_mutually_exclusive_group()
    grain.add_argument("--to", choices=["a", "b"], help="only the way to this side")
    grain.add_argument("--pair", metavar="ID", help=f"only the two records of a pair: {TAKES}")
    take_json(parser)


def _pause(options: Options, _progress: Progress) -> Document:
    return _steer(options, steering.pause, steering.close, steering.pause_pair)


def _resume(options: Options, _progress: Progress) -> Document:
    return _steer(options, steering.resume, steering.reopen, steering.resume_pair)


def _steer(
    options: Options,
    bridge: Callable[[uuid.UUID], None],
    way: Callable[[uuid.UUID, Side], None],
    pair: Callable[[uuid.UUID], None],
) -> Document:
    """What was asked for; how the bridges stand then, of a pair the one that it is of."""
    about = meant(options)
    if options["pair"]:
        with scope(about.tenant), transaction.atomic():
            named = pair_of(options["pair"], about.bridges)
            pair(named)
            of = Pair.objects.values_list("bridge_id", flat=True).get(id=named)
            return showing.standing(Bridge.objects.get(id=of))

    def steered(one: Bridge) -> Document:
        if options["to"]:
            way(one.id, Side(options["to"]))
        else:
            bridge(one.id)
        return showing.standing(Bridge.objects.get(id=one.id))

    return about.each(steered)


def _tell(document: Document) -> Iterable[str]:
    return standing.tell(document) if "bridge_id" in document else standing.tell_all(document)


PAUSE = Verb("pause", "write nothing until it is resumed", _take, _pause, _tell)
RESUME = Verb("resume", "go on where it stopped", _take, _resume, _tell)
