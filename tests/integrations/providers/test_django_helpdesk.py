"""Which follow-ups of a django-helpdesk are comments, where no running desk can be brought to say it at will."""

from __future__ import annotations

from typing import Any

import pytest

from unified_api import registry
from unified_api.models.ticketing import Ticket


def _comments(*followups: tuple[str | None, str, str | None], description: str = "It smokes.") -> list[int]:
    """The numbers of those that are, of a ticket with follow-ups of this text, title and message id."""
    resource = registry.by_slug("django-helpdesk").resource(Ticket)
    assert resource is not None
    [inside] = resource.embedded
    assert inside.those is not None
    told = [
        {"id": number, "comment": text, "title": title, "message_id": message}
        for number, (text, title, message) in enumerate(followups)
    ]
    ticket: dict[str, Any] = {"description": description, "followup_set": told}
    return [one["id"] for one in inside.those(ticket)]


@pytest.mark.parametrize(
    "first",
    [
        ("It smokes.", "Printer", None),
        ("It smoked.", "Ticket Opened & Assigned to ada", None),
        ("It smoked.", "Ticket geöffnet", None),
        ("It smokes.\n> Does it work?", "E-Mail Received from ada@example.com", "<1@example.com>"),
    ],
)
def test_the_description_is_no_comment(first: tuple[str, str, str | None]) -> None:
    """Known by its text or its title, or as the e-mail that it came by; what follows is one, also in its words."""
    assert _comments(first, ("It smokes.", "Printer", None), ("Still.", "Printer", None)) == [1, 2]


def test_what_only_looks_like_the_description_is_a_comment() -> None:
    """A ticket without such a follow-up loses none; an answer by e-mail that quotes the description is one."""
    assert _comments(("Which one?", "Printer", None), ("It smokes here, too.", "Printer", None)) == [0, 1]
    mail = ("Still.\n> It smokes.", "E-Mail Received from ada@example.com", "<2@example.com>")
    assert _comments(("Which one?", "Printer", None), mail) == [0, 1]
    assert _comments(
        ("Hello", "E-Mail Received from ada@example.com", "<1@example.com>"), description=""
    ) == [0]


def test_a_followup_without_a_text_is_no_comment() -> None:
    """Such as one that tells of a change, or that only carries a file."""
    assert _comments(
        (None, "Closed in bulk update", None), (" ", "Printer", None), ("Yes", "Printer", None)
    ) == [2]
