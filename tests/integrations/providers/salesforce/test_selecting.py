"""What Salesforce is asked for where only some records are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce import acts
from tests.integrations.providers.salesforce.org import questions, resource_of
from unified_api.models.crm import Account, Contact, Lead, Opportunity


def _found(client: Client, model: Any, name: str, told: Any, operator: str = "EQUALS") -> list[Any]:
    asked = resource_of(model).selected([(name, operator, told)])
    return [one.remote_id for page in client.pages(asked, None) for one in page.observations]


@pytest.mark.parametrize(
    ("model", "name", "told"),
    [
        (Account, "name", "O'Brien {Sons}"),
        (Lead, "last_name", "O'Brien {Sons}"),
        (Lead, "company", "O'Brien {Sons}"),
        (Contact, "last_name", "O'Brien {Sons}"),
        (
            Lead,
            "email_addresses",
            [{"email_address": "no@acme.example"}, {"email_address": "o'b@acme.example"}],
        ),
        (Contact, "email_addresses", [{"email_address": "o'b@acme.example", "email_address_type": "WORK"}]),
    ],
)
def test_only_who_says_so_is_asked_for(
    org: Emulator, client: Client, model: Any, name: str, told: Any
) -> None:
    """By the field there, whatever signs are in what it is to say; of several addresses one is enough."""
    kind, said, mail = model.__name__, "O'Brien {Sons}", {"Email": "o'b@acme.example"}
    names = {"Account": {"Name": said}, "Lead": {"LastName": said, "Company": said, **mail}}
    wanted = acts.new(org.world, kind, **names.get(kind, {"LastName": said, **mail}))
    acts.new(
        org.world, kind, **{field: "other" for field in wanted if field in ("Name", "LastName", "Company")}
    )

    assert _found(client, model, name, told) == [wanted["id"]]


def test_sales_are_asked_for_by_what_their_stage_means(org: Emulator, client: Client) -> None:
    """Open, won and lost are told by two flags; a word that is none of these finds nothing."""
    day = {"CloseDate": "2026-03-01"}
    stages = {"OPEN": "Prospecting", "WON": "Closed Won", "LOST": "Closed Lost"}
    made = {
        word: acts.new(org.world, "Opportunity", Name=word, StageName=stage, **day)["id"]
        for word, stage in stages.items()
    }
    found = {word: _found(client, Opportunity, "status", word) for word in (*stages, "OTHER")}

    assert found == {**{word: [one] for word, one in made.items()}, "OTHER": []}
    assert _found(client, Opportunity, "status", ["WON", "WON"], "IS_ONE_OF") == [made["WON"]]
    assert len(_found(client, Opportunity, "status", ["WON", "OPEN"], "IS_ONE_OF")) == len(made)
    assert _found(client, Opportunity, "stage", "Closed Won") == [made["WON"]]


def test_an_address_that_is_none_is_not_asked_for(org: Emulator, client: Client) -> None:
    """SOQL knows no list of nothing: all are read, and none is wanted."""
    _found(client, Lead, "email_addresses", [])

    assert "Email" not in questions(org)[-1]
