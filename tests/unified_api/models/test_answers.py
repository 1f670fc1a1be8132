"""The judge of answers: what it lets pass, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from merge.resources.crm.types import PaginatedCustomObjectClassList
from merge.resources.ticketing.types import CommonModelScopeApi, PaginatedTicketList

from tests.unified_api.models.answers import problems

GOOD: dict[str, Any] = {"id": "1", "name": "Printer", "created_at": "2026-01-05T08:00:00Z", "tags": ["a"]}


def page(**changed: Any) -> dict[str, Any]:
    """A page with one ticket."""
    return {"next": None, "previous": None, "results": [{**GOOD, **changed}]}


def test_what_the_client_declares_passes() -> None:
    """A word that nobody declared too, since words are open; and what is free to have any keys."""
    permissions = {"READ": {"is_enabled": True}}
    scopes = {"common_models": [{"model_name": "Ticket", "model_permissions": permissions}]}

    assert (
        problems(
            page(status="OPEN", priority="soon", remote_data=[{"path": "/", "data": {"x": 1}}]),
            PaginatedTicketList,
        )
        == []
    )
    assert problems(scopes, CommonModelScopeApi) == []
    assert problems(None, type(None)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"name": 5},
        {"created_at": "yesterday"},
        {"tags": "a"},
        {"assignees": [7]},
        {"colour": "red"},
        {"attachments": [{"id": "1", "colour": "red"}]},
    ],
    ids=str,
)
def test_what_it_does_not_declare_is_named(changed: dict[str, Any]) -> None:
    """Another type, a moment that is none, a key that nobody knows, however deep it stands."""
    [wrong] = problems(page(**changed), PaginatedTicketList)

    assert next(iter(changed)) in wrong


def test_a_key_of_our_own_passes_where_we_declare_it() -> None:
    """What a model has beyond the contract, and no other one."""
    mine = {"next": None, "previous": None, "results": [{"id": "1", "remote_was_deleted": False}]}
    assert problems(mine, PaginatedCustomObjectClassList) == []
    mine["results"][0]["target_model"] = "crm.Contact"  # type: ignore[index]
    assert problems(mine, PaginatedCustomObjectClassList) != []
