"""Opportunities, and the stages that they go through."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET
from integrations.kit.lenses import at, compute, on_day
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.salesforce.lenses import WholeLens, owner, when
from integrations.providers.salesforce.records import Kind, is_gone, resource
from integrations.providers.salesforce.selecting import is_sale, says
from integrations.providers.salesforce.soql import QUERY, STAMP, ById, asks
from unified_api.models.crm import Opportunity, Stage


def _status(sale: Any) -> Any:
    """What its stage means."""
    won, closed = dig(sale, "IsWon"), dig(sale, "IsClosed")
    if MISSING in (won, closed):
        return MISSING
    return "WON" if won else "LOST" if closed else "OPEN"


opportunities = resource(
    Kind(name="Opportunity"),
    Mapping(
        Opportunity,
        remote_id="Id",
        version=STAMP,
        gone=compute(is_gone),
        name="Name",
        description="Description",
        amount=WholeLens(path="Amount"),
        owner=owner(),
        account="AccountId",
        stage="StageName",
        status=compute(_status),
        last_activity_at=on_day("LastActivityDate", read_only=True),
        close_date=on_day("CloseDate"),
        remote_created_at=when("CreatedDate", read_only=True),
    ),
    ("Name", "Description", "Amount", "OwnerId", "AccountId", "StageName", "CloseDate"),
    required=("stage", "close_date"),
    recognise=("name",),
    sought={"Name": "{name}"},
    selects={**says(name="Name", stage="StageName"), **is_sale()},
)
stages = Resource(
    # Sales name their stage by this word, not by an id.
    mapping=Mapping(Stage, remote_id="ApiName", name=at("MasterLabel", read_only=True)),
    list=GET(
        QUERY,
        items="records",
        query=asks(
            "OpportunityStage", "Id", "ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon", "SortOrder"
        ),
        paging=ById(),
    ),
    frequency=3_600.0,
)
