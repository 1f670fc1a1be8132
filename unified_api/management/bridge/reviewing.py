"""`bridge separate` and `join`: what only a person can say of records that share their key."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge.pairs import TAKES, pair_of
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, take_bridge
from unified_api.sync import withheld
from unified_api.sync.bridge import reviewing, showing
from unified_api.sync.models_bridge import Bridge, Pair


def _take_one(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("pair", nargs=1, help=TAKES)
    take_json(parser)


def _take_two(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("pair", nargs=2, help=f"both: {TAKES}")
    take_json(parser)


def _said(say: Callable[..., Pair]) -> Callable[[Options, Progress], Document]:
    """Say it of the pairs that are given; the pair as it is then."""

    def answer(options: Options, _progress: Progress) -> Document:
        about = meant(options)
        with scope(about.tenant), transaction.atomic():
            pairs: list[uuid.UUID] = [pair_of(one, about.bridges) for one in options["pair"]]
            try:
                pair = say(*pairs)
            except (reviewing.NotInReview, reviewing.NotTwoHalves) as error:
                raise CommandError(str(error)) from error
            bridge = Bridge.objects.get(id=pair.bridge_id)
            ids = {
                name: str(one) if (one := getattr(pair, name)) else None
                for name in ("id", "record_a", "record_b")
            }
            return {**ids, "key": showing.key(bridge, pair.key, withheld.of_bridge(bridge))}

    return answer


def _tell_separate(document: Document) -> Iterator[str]:
    record = document["record_a"] or document["record_b"]
    yield f"{record} is one of its own; the next round creates its counterpart, where the bridge may"


def _tell_joined(document: Document) -> Iterator[str]:
    yield f"{document['record_a']} and {document['record_b']} belong together: pair {document['id']}"


SEPARATE = Verb(
    "separate",
    "a record in review is one of its own",
    _take_one,
    _said(reviewing.separate),
    _tell_separate,
)
JOIN = Verb(
    "join",
    "a lone record belongs together with another one, that is lone too or has lost its counterpart",
    _take_two,
    _said(reviewing.join),
    _tell_joined,
)
