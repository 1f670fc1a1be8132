"""Deals as opportunities, and the stages that they go through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.kit.endpoints import GET, PATCH, Api
from integrations.kit.lenses import at, choice, compute, instant, on_day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.archived import with_archived
from integrations.providers.pipedrive.deleted import with_deleted
from integrations.providers.pipedrive.records import PAGES, resource
from unified_api.models.crm import Opportunity, Stage

_DEALS = "/api/v2/deals"
_STATUS = {"OPEN": "open", "WON": "won", "LOST": "lost"}


def _with_pipeline(api: Api, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a deal; of a stage the pipeline as well."""
    if fields.get("stage_id") is None:
        return fields
    stage = api.get(f"/api/v2/stages/{int(fields['stage_id'])}")["data"]
    return {**fields, "pipeline_id": stage["pipeline_id"]}


def _create(api: Api, fields: dict[str, Any]) -> str:
    return str(api.send("POST", _DEALS, _with_pipeline(api, fields))["data"]["id"])


def _change(api: Api, remote_id: str, fields: dict[str, Any], _current: Any) -> None:
    api.send("PATCH", f"{_DEALS}/{int(remote_id)}", _with_pipeline(api, fields), repeatable=True)


def _amount(deal: Any) -> Any:
    """A whole number; what stands there may have a fraction, which is rounded."""
    found = dig(deal, "value")
    return found if found is MISSING or found is None else round(found)


def _is_gone(deal: Any) -> bool:
    return dig(deal, "is_deleted") is True or dig(deal, "status") == "deleted"


def _of_status(words: Sequence[str]) -> dict[str, str]:
    """Deals of one status are asked for; of several, or of one that there is not, all are read."""
    told = {_STATUS[word] for word in words if word in _STATUS}
    return {"status": told.pop()} if len({*words}) == len(told) == 1 else {}


_live = resource(
    "deals",
    "dealFields",
    Mapping(
        Opportunity,
        version="update_time",
        gone=compute(_is_gone),
        name="title",
        amount=compute(_amount, lambda value, _deal: {"value": value}),
        owner=ref("owner_id", whole=True),
        account=ref("org_id", whole=True),
        stage=ref("stage_id", whole=True),
        status=choice("status", _STATUS),
        lost_reason="lost_reason",
        close_date=on_day("expected_close_date"),
        remote_created_at=instant("add_time", read_only=True),
    ),
    create=_create,
    create_calls=2,
    update=PATCH(f"{_DEALS}/{{remote_id}}", send=_change, calls=2),
    recognise=("name",),
    selects={("status", "EQUALS"): lambda word: _of_status([word]), ("status", "IS_ONE_OF"): _of_status},
)
opportunities = with_deleted(with_archived(_live))
stages = Resource(
    mapping=Mapping(Stage, gone="is_deleted", name=at("name", read_only=True)),
    list=GET("/api/v2/stages", items="data", paging=PAGES),
    get=GET("/api/v2/stages/{remote_id}", item="data"),
    frequency=3_600.0,
)
