"""Leads that were accepted: each became a deal, and left its list. Its deal says of which lead it came.

Such a lead is shown as its deal is, with what is said nowhere else left out: when it was made, and where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Forbidden
from integrations.providers.pipedrive.records import NEWEST, PAGES, since
from integrations.providers.pipedrive.walking import walk

#: Lists of deals, archived ones as well.
_DEALS = ("/api/v2/deals", "/api/v2/deals/archived")
_SOURCE = "source_lead_id"
#: Deals of each list among which that of a lead is looked for. No question to them names a lead.
_MOST = 10_000
#: Requests for the deal of a lead that is shown still, by whom both are about. One that is not shown, to which no write
#: goes, may take a page of each list for every 500 deals.
CALLS = 2 * len(_DEALS)


def converted(api: Api, moment: datetime | None = None) -> list[Any]:
    """The leads of which deals were made; moment: whose deals have changed since."""
    return [_lead(deal) for deal in _deals(api, {"updated_since": since(moment)} if moment else {})]


def found(api: Api, remote_id: str, lead: Any) -> Any:
    """A lead, or what became of it; None where there is neither.

    lead: as it is shown by its id, None where it is not. One that became a deal may be shown so still [?]. Raises
    Forbidden where there are deals that were not looked at, so that nobody knows.
    """
    about = ("person_id", "organization_id")
    known = {
        name.replace("organization", "org"): str(lead[name]) for name in about if lead and lead.get(name)
    }
    asked = known or {name: NEWEST[name] for name in ("sort_by", "sort_direction")}
    beyond = False
    for path in _DEALS:
        listed = _listed(api, path, asked)
        deal = next((one for one in islice(listed, _MOST) if one.get(_SOURCE) == remote_id), None)
        if deal is not None:
            return _lead(deal)
        beyond = beyond or next(listed, None) is not None
    if lead is None and beyond:
        told = f"the lead is not shown, and no deal of the newest {_MOST} came of it: a complete reading tells more"
        raise Forbidden(told, request=f"GET {_DEALS[0]}")
    return lead


def _deals(api: Api, asked: dict[str, str]) -> Iterator[Any]:
    """Deals that came of leads."""
    for path in _DEALS:
        yield from (one for one in _listed(api, path, asked) if one.get(_SOURCE))


def _listed(api: Api, path: str, asked: dict[str, str]) -> Iterator[Any]:
    return walk(api, path, {"include_fields": _SOURCE, **asked}, PAGES)


def _lead(deal: Any) -> Any:
    same = {name: deal[name] for name in ("title", "owner_id", "person_id", "update_time") if name in deal}
    return {**same, "id": deal[_SOURCE], "organization_id": deal.get("org_id"), "deal": deal}
