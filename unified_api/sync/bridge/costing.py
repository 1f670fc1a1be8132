"""What the items of a plan cost in requests at either side, by what the adapters say; see `integrations.kit.costs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from integrations.kit import costs
from integrations.kit.provider import Resource
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge import writing
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.records import Frame, resource_of
from unified_api.sync.models_plan import Plan, PlanItem


def add(frame: Frame, plan: Plan, items: Iterable[PlanItem]) -> None:
    """Add what some more items that are written cost, and note what either side takes now; saving is the caller's."""
    model, accounts = frame.bridge.model, frame.accounts
    sides = Both(resource_of(accounts.a, model), resource_of(accounts.b, model))
    calls = Counter({side: plan.cost.get(side.value, {}).get("calls", 0) for side in Side})
    for item in items:
        for side, count in _calls(item, sides):
            calls[side] += count
    plan.cost = {side.value: {"calls": calls[side], **writing.quota(frame, side)} for side in Side}


def _calls(item: PlanItem, sides: Both[Resource | None]) -> Iterator[tuple[Side, int]]:
    """Requests by side; what is made, also what is made again, is looked for before."""
    to = Side(str(item.side))
    here, there = sides[to], sides[to.other]
    if here is not None:
        yield to, costs.of_write(here, item.action, item.fields["fields"])
    if here is not None and item.action == "create":
        yield to, costs.of_search(here)
    if there is not None and item.fields.get("content", {}).get("files") == Files.COPY:
        yield to.other, costs.of_download(there)
