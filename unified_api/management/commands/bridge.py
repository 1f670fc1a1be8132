"""`manage.py bridge`: bridges between two linked accounts, from their file to what became of an edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.core.management.base import CommandParser

from unified_api.management import document, drift, replay, undo, why
from unified_api.management.answering import AnsweringCommand, Document
from unified_api.management.bridge import (
    approving,
    deciding,
    ending,
    filing,
    making,
    planning,
    reviewing,
    running,
    standing,
    steering,
)
from unified_api.management.bridge.verb import Verb, of_one

VERBS: Final = (
    filing.APPLY,
    filing.EXPORT,
    making.CREATE,
    planning.PLAN,
    approving.APPROVE,
    approving.REFUSE,
    planning.RESTORE,
    running.RUN,
    deciding.RESOLVE,
    deciding.GIVE,
    standing.STATUS,
    Verb(
        "why",
        "why a record's fields have their values",
        why.take,
        lambda options, _progress: why.answer(options),
        why.tell,
    ),
    Verb("drift", "compare both sides now, without writing", drift.take, of_one(drift.answer), drift.tell),
    Verb(
        "replay",
        "a plan of what another policy would have ended with",
        replay.take,
        of_one(replay.answer),
        replay.tell,
    ),
    Verb("undo", "a plan that puts back what a bridge did", undo.take, of_one(undo.answer), undo.tell),
    Verb(
        "document",
        "what it does, for whom, what to do when it fails",
        document.take,
        of_one(document.answer),
        document.tell,
    ),
    steering.PAUSE,
    steering.RESUME,
    reviewing.SEPARATE,
    reviewing.JOIN,
    filing.VERSIONS,
    ending.END,
)


class Command(AnsweringCommand):
    """Bridges between two accounts of one end user."""

    help = "Keep records of two linked accounts equal in both directions."
    called = "bridge"
    _verb: Verb

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="|".join(verb.name for verb in VERBS)
        )
        for verb in VERBS:
            verb.take(verbs.add_parser(verb.name, help=verb.help))

    def answer(self, **options: Any) -> Document:
        """What the sub-command asks for."""
        self._verb = next(verb for verb in VERBS if verb.name == options["verb"])
        return self._verb.answer(options, self.progress)

    def tell(self, document: Document) -> Iterable[str]:
        """The answer in lines."""
        return self._verb.tell(document)
