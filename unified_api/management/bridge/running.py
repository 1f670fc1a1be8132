"""`bridge run`: both sides read now, and what differs settled, or only shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, many, take_json
from unified_api.management.bridge import items, standing
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import leading, references, showing, steering
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Stream
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan

#: Seconds between two words about how it goes.
PAUSE: Final = 5.0


def _take(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what a round would do now")
    take_json(parser)


def _answer(options: Options, progress: Progress) -> Document:
    about = meant(options)
    answers = [
        _preview(about, n) if options["dry_run"] else run(about, n, progress)
        for n in range(len(about.bridges))
    ]
    return together(answers) if about.named else answers[0]


def together(answers: list[Document]) -> Document:
    """The answers about several bridges as one, and all that failed."""
    failed = [one.pop("failed", None) for one in answers]
    return {"bridges": answers, "failed": " ".join(filter(None, failed)) or None}


def run(
    about: Meant, number: int, progress: Progress, when_read: Callable[[], object] = lambda: None
) -> Document:
    """One round of one bridge; how it stands then. when_read: called when both sides were read, before they settle."""
    refuse_paused(about, number)
    before = _standing(about, number)
    turn = Round(about.tenant, about.bridges[number])
    outcomes = turn.read(lambda: progress("No worker is running; this process does the work itself."))
    unasked = _unasked(about, number)
    progress(unasked or "Both sides are read.")
    when_read()
    with scope(about.tenant), transaction.atomic():
        steering.look_now(about.bridges[number])
    over = turn.settle(reporter(about, number, progress))
    after = _standing(about, number)
    unread = [o.stream.model for o in outcomes if o.run is None or o.run.result == "FAILED"]
    after["written"] = sum(after["writes"].values()) - sum(before["writes"].values())
    after["failed"] = unasked or _failure(after, unread, over=over, behind=_is_behind(about, number))
    return after


def refuse_paused(about: Meant, number: int) -> None:
    """Refuse to have a bridge do anything that somebody stopped; CommandError."""
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
    if bridge.paused_by:
        raise CommandError(
            f"{bridge.model}: the bridge is paused by {bridge.paused_by}; `bridge resume {bridge.id}` goes on with it."
        )


def _unasked(about: Meant, number: int) -> str:
    """The sentence about sides whose reading somebody has paused, so that nothing new came from there; else empty."""
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        sides = {bridge.account_a: "a", bridge.account_b: "b"}
        paused = Stream.objects.filter(linked_account_id__in=sides, model=bridge.model).exclude(
            paused_by=None
        )
        rows = paused.order_by("linked_account_id").values_list("linked_account_id", "paused_by")
        return " ".join(
            f"Side {sides[account]} was not read: its reading was paused by {who};"
            f" `manage.py sync {account} --model {bridge.model} --resume` goes on with it."
            for account, who in rows
        )


def reporter(about: Meant, number: int, progress: Progress) -> Callable[[], None]:
    """Something that says now and then how much is left, when it is called often, and that has become another."""
    last, said = [time.monotonic()], [""]

    def report() -> None:
        if time.monotonic() - last[0] < PAUSE:
            return
        last[0] = time.monotonic()
        told = _left(_standing(about, number))
        if told != said[0]:
            progress(f"Going on: {told}.")
        said[0] = told

    return report


def _left(stands: Document) -> str:
    """How much is left: of the plan that is carried out, or of what a live bridge looks at."""
    under_way = f"{many(stands['in_flight'], 'write')} under way"
    carried_out = [plan["items"] for plan in stands["plans"] if plan["state"] == Plan.State.APPROVED]
    if carried_out:
        return f"of the plan {standing.done_of(carried_out[0])}, {under_way}"
    return f"{many(stands['dirty'], 'pair')} to look at, {under_way}"


def _failure(after: Document, unread: list[str], *, over: bool, behind: bool) -> str | None:
    """Why it is no whole round; that it follows a bridge whose plan comes first is in the course of things."""
    if unread:
        return f"{len(unread)} of 2 sides could not be read; see `manage.py status`."
    if after["status"] == Bridge.Status.WAITING and not behind:
        return f"The bridge waits: {after['reason']}"
    return None if over else f"Not all is done yet: {_left(after)}. What is left goes on by itself."


def _is_behind(about: Meant, number: int) -> bool:
    """Whether it waits for nothing but the bridge that it follows, whose plan has to be carried out first."""
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        return bool(bridge.reason) and bridge.reason == leading.is_unsettled(references.followed(bridge))


def _standing(about: Meant, number: int) -> Document:
    with scope(about.tenant), transaction.atomic():
        return showing.standing(Bridge.objects.get(id=about.bridges[number]))


def _preview(about: Meant, number: int) -> Document:
    with scope(about.tenant):
        return showing.preview(about.bridges[number])


def _tell(document: Document) -> Iterator[str]:
    for one in document.get("bridges", [document]):
        yield from _tell_plan(one) if "plan" in one else standing.tell(one)


def _tell_plan(document: Document) -> Iterator[str]:
    if document["obstacle"]:
        yield f"It could not run now: {document['obstacle']}"
    for item in document["plan"]:
        if item["action"] == "problem":
            yield f"problem: {standing.which(item)}: {standing.problem(item)}"
            continue
        yield f"{item['action']} at side {item['side']}: {items.changes(item['action'], item['fields'], {})}"
    writes = sum(item["action"] != "problem" for item in document["plan"])
    yield f"{many(writes, 'write')}, nothing was sent."
    if document["left_out"]:
        yield document["left_out"]


RUN = Verb("run", "read both accounts now, and settle what differs", _take, _answer, _tell)
