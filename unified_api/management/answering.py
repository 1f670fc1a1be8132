"""What the commands of `manage.py` have in common: who acts, JSON or lines for people, plain errors."""

from __future__ import annotations

import getpass
import sys
import uuid
from abc import abstractmethod
from argparse import SUPPRESS
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from tenants.audit import acting
from tenants.models import Tenant
from tenants.vault import VaultError
from unified_api.models.hidden import HIDDEN
from unified_api.serve import logs

Document = dict[str, Any]


class AnsweringCommand(BaseCommand):
    """A command that answers with one document: lines, or by `--json` JSON and nothing else on stdout."""

    #: As it is called, for the audit trail.
    called: str
    #: Who typed it, by the login of the shell.
    login: Callable[[], str] = staticmethod(getpass.getuser)

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--json`, and then what the command takes."""
        take_json(parser, default=False)
        self.take(parser)

    def take(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    def handle(self, *_args: Any, **options: Any) -> None:
        """Answer and print; a document with `failed` ends with exit status 1 and that sentence."""
        with logs.at(settings.COMMAND_LOG_LEVEL), acting("command", self._named()), plain_errors():
            document = self.answer(**options)
        failed = document.pop("failed", None)
        lines = [orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode()]
        for line in lines if options["json"] else self.tell(document):
            self.stdout.write(line)
        if failed:
            raise CommandError(failed)

    def _named(self) -> str:
        try:
            login = self.login()
        except (KeyError, OSError, ImportError):  # a user without a name, as in a container
            login = ""
        return f"manage.py {self.called} of {login}" if login else f"manage.py {self.called}"

    @abstractmethod
    def answer(self, **options: Any) -> Document:
        """Do what was asked for; raises CommandError."""

    @abstractmethod
    def tell(self, document: Document) -> Iterable[str]:
        """The document in lines for people."""

    def progress(self, sentence: str) -> None:
        """Tell how it goes, beside the answer."""
        self.stderr.write(sentence, self.style.HTTP_INFO)


def take_json(parser: Any, *, default: Any = SUPPRESS) -> None:
    """Add `--json`; sub-commands take it too, and leave it alone when it is not given there."""
    parser.add_argument("--json", action="store_true", default=default, help="print one JSON document")


def take_yes(parser: CommandParser) -> None:
    """Add `--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask; without a terminal nobody is asked")


def make_sure(question: str, options: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Have whoever sits at a terminal say yes to what cannot be undone; CommandError if they do not."""
    if options["yes"] or not sys.stdin.isatty():
        return
    tell(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was done.")


@contextmanager
def plain_errors() -> Iterator[None]:
    """The states of database and keys that a user of the command line can do something about."""
    try:
        yield
    except OperationalError as error:
        first = str(error).strip().split("\n", 1)[0]
        raise CommandError(f"The database does not answer: {first}") from error
    except ProgrammingError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError("The database lacks tables: run `manage.py migrate` first.") from error
    except VaultError as error:
        raise CommandError(str(error)) from error


def tenant_id(name_or_id: str) -> uuid.UUID:
    """The tenant of this name or id; CommandError if there is none."""
    found = Tenant.find(name_or_id)
    if found is None:
        raise CommandError(
            f"There is no tenant {name_or_id!r}; `manage.py tenant list` shows those there are."
        )
    return found


def moment(told: str | None) -> str:
    """A moment in ISO 8601 and UTC, as lines show it; empty for none."""
    return f"{told[:19].replace('T', ' ')} UTC" if told else ""


def table(rows: Sequence[Sequence[Any]], *, indent: str = "") -> Iterator[str]:
    """Rows of cells as lines with aligned columns."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield (indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))).rstrip()


def quoted(told: Mapping[str, Any], name: str) -> str:
    """A value that a document quotes of a field, or that it does not show."""
    return HIDDEN if told["is_hidden"] else repr(told[name])


def many(number: int, noun: str) -> str:
    """`1 conflict`, `2 conflicts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counted(counts: Mapping[str, int]) -> str:
    """`3 COMPLETE, 1 IDLE`, or `none`."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()) if number) or "none"
