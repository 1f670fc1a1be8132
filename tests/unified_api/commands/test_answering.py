"""What commands have in common: who is on record, and what they say beside their answer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

import pytest
import structlog
from django.core.management import call_command

from tenants.audit import current_actor
from unified_api.management.answering import AnsweringCommand, Document


class Asking(AnsweringCommand):
    """Tells who acts, and logs on the way."""

    called = "ask"

    def answer(self, **_options: object) -> Document:
        """Log a line of each kind."""
        structlog.get_logger("asking").info("a call was made")
        structlog.get_logger("asking").warning("something is amiss")
        return {"actor": current_actor().name}

    def tell(self, document: Document) -> Iterable[str]:
        """The actor."""
        return [str(document["actor"])]


def told() -> str:
    """What is answered."""
    out = io.StringIO()
    call_command(Asking(), stdout=out)
    return out.getvalue().strip()


def nameless() -> str:
    """The login of a user that the system does not know, as in a container."""
    raise KeyError("uid 1234")


@pytest.mark.parametrize(
    ("login", "actor"),
    [(lambda: "grace", "manage.py ask of grace"), (lambda: "", "manage.py ask"), (nameless, "manage.py ask")],
)
def test_on_record_is_who_typed_a_command(
    monkeypatch: pytest.MonkeyPatch, login: Callable[[], str], actor: str
) -> None:
    """By the login of the shell, where there is one."""
    monkeypatch.setattr(AnsweringCommand, "login", staticmethod(login))

    assert told() == actor


def test_a_command_logs_beside_its_answer_only_what_is_amiss(capsys: pytest.CaptureFixture[str]) -> None:
    """Calls and the like are logged by what runs all the time."""
    told()
    logged = capsys.readouterr().err

    assert "something is amiss" in logged
    assert "a call was made" not in logged
