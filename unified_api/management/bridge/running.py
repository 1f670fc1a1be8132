"""`bridge run`: both sides read now, and what differs settled, or only shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, quoted, take_json
from unified_api.management.bridge import standing
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models_bridge import Bridge

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
    before = _standing(about, number)
    if before["paused_by"]:
        raise CommandError(f"The bridge is paused by {before['paused_by']}; `bridge resume` goes on with it.")
    turn = Round(about.tenant, about.bridges[number])
    outcomes = turn.read(lambda: progress("No worker is running; this process does the work itself."))
    progress("Both sides are read.")
    when_read()
    over = turn.settle(reporter(about, number, progress))
    after = _standing(about, number)
    unread = [o.stream.model for o in outcomes if o.run is None or o.run.result == "FAILED"]
    after["written"] = sum(after["writes"].values()) - sum(before["writes"].values())
    after["failed"] = _failure(after, unread, over=over)
    return after


def reporter(about: Meant, number: int, progress: Progress) -> Callable[[], None]:
    """Something that says now and then how much is left, when it is called often."""
    last = [time.monotonic()]

    def report() -> None:
        if time.monotonic() - last[0] < PAUSE:
            return
        last[0] = time.monotonic()
        left = _standing(about, number)
        progress(f"{left['dirty']} pairs to look at, {left['in_flight']} writes under way.")

    return report


def _failure(after: Document, unread: list[str], *, over: bool) -> str | None:
    if unread:
        return f"{len(unread)} of 2 sides could not be read; see `manage.py status`."
    if after["status"] == Bridge.Status.WAITING:
        return f"The bridge waits: {after['reason']}"
    return None if over else f"{after['in_flight']} writes are still under way; they go on by themselves."


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
        yield f"{item['action']} at side {item['side']}: {changes(item['fields'])}"
    yield f"{sum(item['action'] != 'problem' for item in document['plan'])} writes, nothing was sent."
    if document["left_out"]:
        yield document["left_out"]


def changes(fields: Document) -> str:
    """What a write changes: old and new values, each with its rule."""
    return ", ".join(
        f"{n}: {quoted(c, 'was')} -> {quoted(c, 'value')} ({c['rule']})" for n, c in fields.items()
    )


RUN = Verb("run", "read both accounts now, and settle what differs", _take, _answer, _tell)
