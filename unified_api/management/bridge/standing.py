"""`bridge status`, `pause` and `resume`: how bridges stand, and stopping them at three grains."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, counted, quoted, table, take_json
from unified_api.management.bridge.verb import (
    Options,
    Progress,
    Verb,
    meant,
    one_tenant,
    take_bridge,
    take_tenant,
)
from unified_api.sync.bridge import showing, steering
from unified_api.sync.models_bridge import Bridge, Pair

#: What a person can say of records that share their key, and of how many pairs.
_CHOICES: Final = (("separate", "PAIR"), ("join", "PAIR PAIR"))


def _take_status(parser: CommandParser) -> None:
    parser.add_argument("bridge", nargs="?", help="name, or id; by default all bridges of the tenant")
    take_tenant(parser)
    take_json(parser)


def _status(options: Options, _progress: Progress) -> Document:
    if options["bridge"]:
        return meant(options).each(showing.standing)
    with scope(one_tenant(options["tenant"])), transaction.atomic():
        return {
            "bridges": [showing.standing(bridge) for bridge in Bridge.objects.order_by("created_at", "id")]
        }


def _tell_status(document: Document) -> Iterable[str]:
    return tell(document) if "bridge_id" in document else tell_all(document)


def tell_all(document: Document) -> Iterable[str]:
    """Several bridges, a line each."""
    rows = [
        (b["name"], b["model"], b["mode"], b["status"], counted(b["pairs"]), _waits(b), b["bridge_id"])
        for b in document["bridges"]
    ]
    return table([("NAME", "MODEL", "MODE", "STATUS", "PAIRS", "WAITS FOR YOU", "BRIDGE"), *rows])


def _waits(document: Document) -> str:
    """How much of a bridge waits for a person, or may come to."""
    return counted(
        {
            "conflicts": document["conflicts"],
            "to review": document["held"].get("review", 0),
            "uncertain writes": document["writes"].get("uncertain", 0),
        }
    )


def tell(document: Document) -> Iterator[str]:
    """One bridge in lines."""
    yield f"bridge_id: {document['bridge_id']}"
    yield f"{document['model']}, {', '.join(document['fields'])}: {document['status']} {document['reason']}".rstrip()
    for side, who in document["closed"].items():
        yield f"nothing is written at side {side}: closed by {who}"
    yield from document["disabled"]
    yield f"pairs: {counted(document['pairs'])}; writes: {counted(document['writes'])}"
    if "written" in document:
        yield f"written in this round: {document['written']}"
    yield from document.get("limits", ())
    if document["problems"]:
        yield f"{document['problem_count']} problems keep fields, or whole records, from being equal:"
    for one in document["problems"]:
        write = f", write {one['write_id']}" if one["write_id"] else ""
        yield f"  {which(one)}: {problem(one)} [pair {one['pair_id']}{write}]"
    yield from _more(document["problem_count"], document["problems"])
    yield from _tell_waiting(document)
    for one in document["overruled"]:
        gave_way = f"{one['field']} {quoted(one, 'value')} of side {one['side']} by {quoted(one, 'by')}"
        yield f"overruled ({one['rule']}): {gave_way}"
    if document["review"]:
        yield f"{document['held']['review']} records share their key with others, and wait for a person:"
        yield from (f"  {which(one)}: pair {one['pair_id']}" for one in document["review"])
        yield from _more(document["held"]["review"], document["review"])
        said = [f"`bridge {verb} {document['bridge_id']} {pairs}`" for verb, pairs in _CHOICES]
        yield f"  one is one of its own: {said[0]}; two belong together: {said[1]}"


def _tell_waiting(document: Document) -> Iterator[str]:
    """Conflicts, and writes of which nobody knows: with the ids by which a person says what is so."""
    if document["conflicts"]:
        yield f"{document['conflicts']} conflicts wait for a person; `bridge resolve` says which side prevails:"
    for one in document["open_conflicts"]:
        both = f"{quoted(one, 'value_a')} at side a and {quoted(one, 'value_b')} at side b"
        yield f"  {which(one)}: {one['field']} is {both} [conflict {one['conflict_id']}]"
    yield from _more(document["conflicts"], document["open_conflicts"])
    if document["uncertain"]:
        yield f"{document['writes']['uncertain']} writes of which nobody knows yet whether they were carried out:"
    for one in document["uncertain"]:
        yield f"  {one['operation']} at side {one['side']}: {one['error']} [write {one['write_id']}]"
    yield from _more(document["writes"].get("uncertain", 0), document["uncertain"])


def _more(count: int, shown: Sized) -> Iterator[str]:
    """How many a list leaves out."""
    if count > len(shown):
        yield f"  and {count - len(shown)} more"


def which(one: Document) -> str:
    """A pair, as a person knows it: by its key, such as the title, and the ids of its records."""
    records = [f"{side} {one[f'record_{side}']}" for side in "ab" if one[f"record_{side}"]]
    return f"{one['key'] or 'without a key'} ({', '.join(records)})"


def problem(one: Document) -> str:
    """A problem in a few words."""
    value = "nothing" if one["value"] is None and not one["is_hidden"] else quoted(one, "value")
    of = f" {one['field']} is {value} at side {one['side']}" if one["field"] else ""
    return f"{one['kind']}{of}{': ' if one['reason'] else ''}{one['reason']}"


def _take_steering(parser: CommandParser) -> None:
    take_bridge(parser)
    grain = parser.add_mutually_exclusive_group()
    grain.add_argument("--to", choices=["a", "b"], help="only the way to this side")
    grain.add_argument("--pair", metavar="ID", help="only these two records")
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
    about = meant(options)
    if options["pair"]:
        with scope(about.tenant), transaction.atomic():
            pair(pair_of(options["pair"], about.bridges))
        return about.each(showing.standing)

    def steered(one: Bridge) -> Document:
        if options["to"]:
            way(one.id, Side(options["to"]))
        else:
            bridge(one.id)
        return showing.standing(Bridge.objects.get(id=one.id))

    return about.each(steered)


def pair_of(given: str, bridges: tuple[uuid.UUID, ...]) -> uuid.UUID:
    """The pair of these bridges that has this id, within the transaction that is open; CommandError."""
    try:
        pair = Pair.objects.filter(id=uuid.UUID(given), bridge_id__in=bridges).first()
    except ValueError:
        pair = None
    if pair is None:
        raise CommandError(
            f"The bridge has no pair {given!r}; `bridge status --json` shows those with problems."
        )
    pair_id: uuid.UUID = pair.id
    return pair_id


STATUS = Verb(
    "status", "pairs, problems, records to review, edits that gave way", _take_status, _status, _tell_status
)
PAUSE = Verb("pause", "write nothing until it is resumed", _take_steering, _pause, _tell_status)
RESUME = Verb("resume", "go on where it stopped", _take_steering, _resume, _tell_status)
