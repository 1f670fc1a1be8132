"""`manage.py sync`: have an account read now or from the start, pause, resume, change how often."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount
from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, moment, table
from unified_api.models.base import common_model, model_id
from unified_api.sync import steer
from unified_api.sync.models import Run, Stream
from unified_api.sync.waiting import Outcome, Waiting, now

RUN_FIGURES = ("seen", "added", "changed", "unchanged", "removed", "set_aside", "requests")


class Command(AnsweringCommand):
    """Steers the streams of one linked account."""

    help = (
        "Have a linked account read now. With --wait, until that is done: by the workers, or, where none is"
        " running, in this process. Exit status 1 when a run failed."
    )
    called = "sync"

    def take(self, parser: CommandParser) -> None:
        """Which streams, and what to do with them."""
        parser.add_argument("account", help="id or token of the linked account")
        parser.add_argument(
            "--model", metavar="M", help="one model only, such as ticketing.Ticket or tickets"
        )
        parser.add_argument("--wait", action="store_true", help="until what was asked for is read")
        parser.add_argument(
            "--frequency", type=float, metavar="SECONDS", help="read every so often from now on"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--full", action="store_true", help="from the start, which also finds deletions")
        what.add_argument(
            "--allow-removals",
            action="store_true",
            help="let this complete read remove all that is gone, however much",
        )
        what.add_argument("--pause", action="store_true", help="stop reading until --resume")
        what.add_argument("--resume", action="store_true")

    def answer(self, **options: Any) -> Document:
        """Steer, and wait if asked to."""
        if options["pause"] and options["wait"]:
            raise CommandError("--pause and --wait exclude each other: what is paused is not read.")
        tenant, account = _located(options["account"])
        with scope(tenant), transaction.atomic():
            streams = _steer(_streams(account, options), options)
            since = now()  # a run that began before, and was overtaken by this, is not the one to wait for
        outcomes = [Outcome(stream, None) for stream in streams]
        if options["wait"]:
            waiting = Waiting(tenant, [stream.id for stream in streams], since)
            outcomes = self._wait(waiting)
        return {
            "tenant_id": str(tenant),
            "linked_account_id": str(account),
            "streams": [_stream(outcome) for outcome in sorted(outcomes, key=lambda o: o.stream.model)],
            "failed": _failure(outcomes) if options["wait"] else None,
        }

    def _wait(self, waiting: Waiting) -> list[Outcome]:
        ended = []
        for outcome in waiting.outcomes(
            lambda: self.progress("No worker is running; this process does the work itself.")
        ):
            result = outcome.run.result if outcome.run else "not read"
            self.progress(f"{outcome.stream.model}: {result}")
            ended.append(outcome)
        return ended

    def tell(self, document: Document) -> Iterable[str]:
        """A line per stream, then what went wrong."""
        yield from table(
            [("MODEL", "STATUS", "EVERY", "LAST END", "RUN"), *(_row(s) for s in document["streams"])]
        )
        yield from (f"{s['model']}: {s['error']}" for s in document["streams"] if s["error"])


def _located(account: str) -> tuple[uuid.UUID, uuid.UUID]:
    found = accounts.locate(account)
    if found is None:
        raise CommandError(
            "There is no linked account with this id or token; `manage.py status` shows those there are."
        )
    return found


def _streams(account_id: uuid.UUID, options: dict[str, Any]) -> list[Stream]:
    """The account's streams that are meant; CommandError when they cannot be read."""
    account = LinkedAccount.objects.get(id=account_id)
    if account.status == LinkedAccount.Status.RELINK_NEEDED and not options["pause"]:
        raise CommandError(
            f"The provider refuses the credential of {account} ({account.status_detail});"
            " link it again with `manage.py link`."
        )
    streams = list(Stream.objects.filter(linked_account_id=account_id).order_by("model"))
    if options["model"]:
        streams = _of_model(streams, options["model"])
    paused = [stream.model for stream in streams if stream.paused_by]
    if paused and not (options["resume"] or options["pause"]):
        raise CommandError(f"{', '.join(paused)} is paused; --resume goes on with it.")
    return streams


def _of_model(streams: Sequence[Stream], name: str) -> list[Stream]:
    found = [stream for stream in streams if name.lower() in _names(stream.model)]
    if not found:
        known = ", ".join(stream.model for stream in streams)
        raise CommandError(f"The account has no stream of {name!r}; it has: {known or 'none'}.")
    return found


def _names(model: str) -> set[str]:
    declared = common_model(model)
    return {model_id(declared).lower(), declared.__name__.lower(), declared.wire.path}


def _steer(streams: Sequence[Stream], options: dict[str, Any]) -> list[Stream]:
    step = next((s for name, s in _STEPS.items() if options[name]), steer.read_now)
    if options["frequency"] is not None:
        try:
            streams = [steer.set_frequency(stream.id, options["frequency"]) for stream in streams]
        except ValueError as error:
            raise CommandError(str(error)) from error
    return [step(stream.id) for stream in streams]


_STEPS = {
    "full": steer.read_everything,
    "allow_removals": steer.allow_removals,
    "pause": steer.pause,
    "resume": steer.resume,
}


def _failure(outcomes: Sequence[Outcome]) -> str | None:
    bad = [o.stream.model for o in outcomes if o.run is None or o.run.result == "FAILED"]
    return f"{len(bad)} of {len(outcomes)} streams were not read: {', '.join(bad)}." if bad else None


def _stream(outcome: Outcome) -> Document:
    stream = outcome.stream
    names = ("model", "status", "frequency", "paused_by", "held_removals", "error", "last_result")
    times = ("last_finished", "next_due")
    return {
        "stream_id": str(stream.id),
        **{name: getattr(stream, name) for name in names},
        **{name: at.isoformat() if (at := getattr(stream, name)) else None for name in times},
        "run": _run(outcome.run) if outcome.run else None,
    }


def _run(run: Run) -> Document:
    return {"result": run.result, "error": run.error, **{name: getattr(run, name) for name in RUN_FIGURES}}


def _row(stream: Document) -> tuple[Any, ...]:
    run = stream["run"]
    figures = ", ".join(f"{run[name]} {name}" for name in RUN_FIGURES if run[name]) if run else ""
    ended = moment(stream["last_finished"])
    return (stream["model"], stream["status"], f"{stream['frequency']:g} s", ended, figures)
