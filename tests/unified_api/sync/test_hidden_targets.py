"""Custom fields of an account whose scopes disable something: those that read it, or may, are hidden with it."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.models import LinkedAccount
from tests.people import Person
from unified_api.sync import targets

TICKET = "ticketing.Ticket"
ADDED = {"risk": "risk", "word": "followup_set[0].comment", "all": "@"}


def custom(alice: Person, permissions: dict[str, Any], *, gone: bool = False) -> set[str]:
    """Which of three custom fields are hidden at an account; gone: its adapter is not there any more."""
    account, _ = alice.link(integration="django-helpdesk", settings={"base_url": "https://desk.example"})
    with alice.at_work():
        for name, path in ADDED.items():
            targets.add(account, TICKET, name, jmes_path=path)
        LinkedAccount.objects.update(
            permissions=permissions, integration="nowhere" if gone else account.integration
        )
        found = LinkedAccount.objects.get()
        return {name.rpartition(".")[2] for name in targets.hidden(found, TICKET)} & ADDED.keys()


@pytest.mark.parametrize(
    ("permissions", "hidden"),
    [
        ({}, set()),
        ({TICKET: {"hidden": ["name"]}}, {"all"}),
        ({"ticketing.Comment": {"read": False}}, {"word", "all"}),
        ({"ticketing.Comment": {"hidden": ["body"]}}, {"word", "all"}),
    ],
)
def test_what_reads_something_disabled_is_hidden(
    alice: Person, permissions: dict[str, Any], hidden: set[str]
) -> None:
    """Also where that belongs to a record inside of the one that is read; others are shown as ever."""
    assert custom(alice, permissions) == hidden


def test_without_its_adapter_nobody_knows_what_a_custom_field_reads(alice: Person) -> None:
    """So all of them are hidden where anything is, and nothing fails."""
    assert custom(alice, {TICKET: {"hidden": ["name"]}}, gone=True) == ADDED.keys()
