"""`manage.py history`: what happened to a record, who and what was behind it, and what it was at any time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management import why
from unified_api.management.answering import AnsweringCommand, Document
from unified_api.management.bridge.verb import one_tenant
from unified_api.models.base import common_model, model_id, wire_fields
from unified_api.models.fields import Malformed, parse_instant
from unified_api.sync import feed
from unified_api.sync.memory import history, shown
from unified_api.sync.memory.as_of import as_of
from unified_api.sync.memory.subject import Subject


class Command(AnsweringCommand):
    """The past of one record."""

    help = "Show what happened to a record, newest first, or what it was at a time."
    called = "history"

    def take(self, parser: CommandParser) -> None:
        """The record, and what of it."""
        why.take_record(parser)
        parser.add_argument("--as-of", metavar="TIME", help="only show what it was then, ISO 8601")
        parser.add_argument("--before", type=int, metavar="POSITION", help="entries older than that one")
        parser.add_argument("--limit", type=int, default=30, metavar="N", help="at most so many (30)")

    def answer(self, **options: Any) -> Document:
        """The entries, or the record as it was."""
        moment = _moment(options["as_of"])
        with scope(one_tenant(options["tenant"])):
            feed.wait_for_commits_in_flight()
            with transaction.atomic():
                subject = why.asked(options["record"], options["field"])
                about = {"record_id": str(subject.record_id), "model": model_id(subject.model)}
                if moment is not None:
                    return about | _sight(subject, options["field"], moment)
                return about | _entries(subject, options)

    def tell(self, document: Document) -> Iterable[str]:
        """A line a fact."""
        return _tell_entries(document) if "entries" in document else _tell_sight(document)


def _moment(text: str | None) -> dt.datetime | None:
    try:
        return None if text is None else parse_instant(text)
    except Malformed as error:
        raise CommandError(f"--as-of: {error}") from error


def _sight(subject: Subject, field: str | None, moment: dt.datetime) -> Document:
    sight = as_of(subject, moment)
    values = shown.image(subject.model, sight.image.values, subject.hidden)
    return {
        "as_of": shown.instant(moment),
        "presence": sight.image.presence,
        "known_from": sight.known_from and shown.instant(sight.known_from),
        "values": {name: value for name, value in values.items() if field in {None, name}},
    }


def _entries(subject: Subject, options: dict[str, Any]) -> Document:
    field, limit = options["field"], max(1, options["limit"])
    found = history.entries(subject, field, beyond=options["before"], backwards=False, limit=limit + 1)
    return {
        "entries": history.told(subject, found[:limit], field),
        "has_more": len(found) > limit,
    }


def _tell_sight(document: Document) -> Iterator[str]:
    known = f"; the log tells of it from {document['known_from']} on" if document["known_from"] else ""
    yield f"{document['model']} {document['record_id']} as of {document['as_of']}: {document['presence']}{known}"
    yield from (f"  {name}: {value}" for name, value in document["values"].items() if value is not None)


def _tell_entries(document: Document) -> Iterator[str]:
    known = wire_fields(common_model(document["model"]))
    for entry in document["entries"]:
        yield f"{entry['at']} {entry['kind']} {history.cause(entry)}  [{entry['position']}]"
        for name, one in entry["fields"].items():
            is_apart = one["by"] != entry["by"] and known[name].write != "never"
            yield f"  {_field(name, one)}{' by the ' + one['by'] if is_apart else ''}"
    if document["has_more"]:
        yield f"Older ones: --before {document['entries'][-1]['position']}"
    elif document["entries"]:
        yield "In brackets: the position in the change log, which --before takes."


def _field(name: str, one: Document) -> str:
    if one["is_hidden"]:
        return f"{name}: changed, not shown"
    rule = f" ({one['rule']})" if one["rule"] else ""
    gave_way = f", overruling {one['overruled']!r}" if one["is_overruling"] else ""
    return f"{name}: {one['old']!r} -> {one['new']!r}{rule}{gave_way}"
