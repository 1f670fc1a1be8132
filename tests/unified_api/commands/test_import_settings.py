"""Settings that `manage.py import_merge` brings: scopes and field mappings."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final

from tenants.models import LinkedAccount
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import Call
from tests.unified_api.commands.elsewhere import Elsewhere, accredit, row
from unified_api.sync.models import FieldMapping


def scoped(model: str, *, read: bool = True, off: tuple[str, ...] = ()) -> dict[str, Any]:
    """A model's scope as it is told there. off: fields that may not be read."""
    permissions = {"READ": {"is_enabled": read}, "WRITE": {"is_enabled": True}}
    return {
        "model_name": model,
        "model_permissions": permissions,
        "field_permissions": {"disabled_fields": off},
    }


#: A field mapping as it is told there, and one that cannot be brought.
MAPPINGS: Final[list[dict[str, Any]]] = [
    {
        "id": str(uuid.UUID(int=1)),
        "is_integration_wide": False,
        "target_field": {"name": "churn_risk", "description": "of sales", "is_organization_wide": False},
        "remote_field": {
            "remote_key_name": "risk",
            "remote_endpoint_info": {
                "method": "GET",
                "url_path": "/tickets",
                "field_traversal_path": ["x_more", "risk"],
            },
        },
    },
    {"target_field": {"name": "Not A Name"}, "remote_field": {}},
]
#: By path what holds for all, where the account differs, and custom fields.
SETTINGS: Final[dict[str, Any]] = {
    "default-scopes": {"common_models": [scoped("Tag", read=False), scoped("Ticket", off=("priority",))]},
    "linked-account-scopes": {
        "common_models": [scoped("Tag"), scoped("Ticket", off=("priority", "description"))]
    },
    "field-mappings": {"Ticket": MAPPINGS},
}


def test_scopes_and_mappings_come_along(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """What holds for all, where the account differs, and custom fields; each is in force before anything is read."""
    there.objects = SETTINGS
    there.account()
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]
    number = desk.add(title="T", text="secret", priority="p1", x_more={"risk": "high"})
    linked = accredit(alice, desk)
    linked.work()

    with alice.at_work():
        account = LinkedAccount.objects.get()
        mapping = FieldMapping.objects.get()
    assert account.permissions == {"ticketing.Ticket": {"hidden": ["description", "priority"]}}
    assert (mapping.target, mapping.steps, mapping.description) == (
        "churn_risk",
        ["x_more", "risk"],
        "of sales",
    )
    assert (told["limited"], told["mapped"]) == (2, 1)
    assert "Not A Name" in told["problems"][0]
    [shown] = linked.get("tickets", {"remote_id": number}).json()["results"]
    assert (shown["field_mappings"]["linked_account_defined_targets"], shown.get("description")) == (
        {"churn_risk": {"value": "high"}},
        None,
    )


def test_settings_that_are_not_to_be_had_are_told(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """Plans there differ in what they show; ids are brought all the same."""
    there.account()
    there.scripted = {path: [(403, {}, "{}")] for path in ("linked-account-scopes", "field-mappings", "tags")}
    there.rows = {"tickets": [row("1")]}
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]

    assert told["state"] == "imported"
    assert [problem.split(" could")[0] for problem in told["problems"]] == [
        "scopes",
        "field mappings",
        "ticketing.Tag",
    ]
