"""What tests of commands share: calling one, and what it printed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.elsewhere import Elsewhere, elsewhere
from tests.unified_api.sync.conftest import desk, no_broker
from unified_api.management.answering import AnsweringCommand

__all__ = ["desk", "no_broker"]  # fixtures


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose shell the tests run in is not told."""
    monkeypatch.setattr(AnsweringCommand, "login", lambda _command: "")


@dataclass(frozen=True)
class Printed:
    """What a command printed. `error`: the sentence that it ended with, empty if it went well."""

    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)


Call = Callable[..., Printed]


@pytest.fixture
def call(database: psycopg.Connection, no_broker: None) -> Call:
    """Call a command as `manage.py` does."""

    def run(*words: str) -> Printed:
        out, err = io.StringIO(), io.StringIO()
        call_command(*words, stdout=out, stderr=err)
        return Printed(out.getvalue(), err.getvalue())

    return run


@dataclass(frozen=True)
class AtDesk:
    """Alice's customer, linked to the help desk by command."""

    account_id: str
    token: str


def link_words(alice: Person, desk: Desk, *more: str) -> tuple[str, ...]:
    """The words of a `link` command for the help desk; its secret comes last."""
    where = ("--tenant", str(alice.tenant_id), "--integration", "stub", "--end-user", "customer-1")
    return ("link", *where, "--set", f"base_url={desk.url}", *more)


@pytest.fixture
def linked(call: Call, alice: Person, desk: Desk) -> AtDesk:
    """An account at the help desk, not read yet."""
    document = call(*link_words(alice, desk, "--secret", f"token={desk.token}", "--json")).document
    return AtDesk(document["linked_account_id"], document["account_token"])


@pytest.fixture
def there(desk: Desk) -> Iterator[Elsewhere]:
    """A unified API elsewhere, which may be called, beside the help desk whose accounts it lists."""
    with elsewhere() as running:
        yield running
