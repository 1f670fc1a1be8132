"""Deals as opportunities, and the stages that they go through."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.hubspot.associations import Link
from integrations.providers.hubspot.lenses import WholeLens, first, of, when
from integrations.providers.hubspot.people import SHARED, version
from integrations.providers.hubspot.records import Kind, resource
from unified_api.models.crm import Opportunity, Stage

_PIPELINES = "/crm/v3/pipelines/deals"
_STAGE, _PIPELINE = "dealstage", "pipeline"


def _stages(_api: Api, pipelines: list[Any]) -> list[Any]:
    return [
        {**stage, "pipeline": {"id": one["id"], "label": one["label"]}}
        for one in pipelines
        for stage in one["stages"]
    ]


def _with_pipeline(api: Api, properties: dict[str, Any], _current: Any) -> dict[str, Any]:
    """A stage is one of a pipeline, so both are sent."""
    stage = properties.get(_STAGE)
    if stage is None or _PIPELINE in properties:
        return properties
    for one in api.get(_PIPELINES)["results"]:
        if any(str(known["id"]) == stage for known in one["stages"]):
            return {**properties, _PIPELINE: one["id"]}
    raise Rejected("no pipeline has this stage", fields={_STAGE: f"there is no stage {stage!r} there"})


def _status(deal: Any) -> Any:
    """What its stage means."""
    won, closed = dig(deal, of("hs_is_closed_won")), dig(deal, of("hs_is_closed"))
    if closed is MISSING:
        return MISSING
    if won in (True, "true"):
        return "WON"
    return "LOST" if closed in (True, "true") else "OPEN"


stages = Resource(
    mapping=Mapping(Stage, gone="archived", name=at("label", read_only=True)),
    list=GET(_PIPELINES, items="results", paging=ByCursor("after", path="paging.next.after"), then=_stages),
    frequency=3_600.0,
)
opportunities = resource(
    Kind(
        name="deals", links={"companies": Link(5, primary=True)}, prepare=_with_pipeline, calls_to_prepare=1
    ),
    Mapping(
        Opportunity,
        version=compute(version),
        gone="archived",
        name=of("dealname"),
        description=of("description"),
        amount=WholeLens(path=of("amount")),
        owner=ref(of("hubspot_owner_id")),
        account=first("companies", primary=True),
        stage=ref(of(_STAGE)),
        status=compute(_status),
        lost_reason=of("closed_lost_reason"),
        last_activity_at=when(of("notes_last_updated"), read_only=True),
        close_date=when(of("closedate")),
        remote_created_at=when("createdAt", read_only=True),
    ),
    (*SHARED, *("dealname", "description", "amount", _STAGE, "closed_lost_reason", "closedate")),
    required=("stage",),
    recognise=("name",),
)
