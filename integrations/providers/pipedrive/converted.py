"""Leads that were accepted: each became a deal, and left its list. Its deal says of which lead it came.

Such a lead is shown as its deal is, with what is said nowhere else left out: when it was made, and where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from integrations.kit.endpoints import Api
from integrations.providers.pipedrive.records import NEWEST, PAGES, since
from integrations.providers.pipedrive.walking import walk

#: Lists of deals, archived ones as well.
_DEALS = ("/api/v2/deals", "/api/v2/deals/archived")
_SOURCE = "source_lead_id"
#: Deals among which that of a lead is looked for, of which nothing is known but its id.
_LATELY = 1_000
#: Requests that takes, and one more for each list where a lead is still shown.
CALLS = len(_DEALS) * _LATELY // PAGES.size


def converted(api: Api, moment: datetime | None = None) -> list[Any]:
    """The leads of which deals were made; moment: whose deals have changed since."""
    return [_lead(deal) for deal in _deals(api, {"updated_since": since(moment)} if moment else {})]


def found(api: Api, remote_id: str, lead: Any) -> Any:
    """A lead, or what became of it; None where there is neither.

    lead: as it is shown by its id, None where it is not. One that became a deal may be shown so still [?].
    """
    about = ("person_id", "organization_id")
    known = {
        name.replace("organization", "org"): str(lead[name]) for name in about if lead and lead.get(name)
    }
    asked = known or {name: NEWEST[name] for name in ("sort_by", "sort_direction")}
    came = (one for one in _deals(api, asked, _LATELY) if one[_SOURCE] == remote_id)
    deal = next(came, None)
    return lead if deal is None else _lead(deal)


def _deals(api: Api, asked: dict[str, str], most: int | None = None) -> Iterator[Any]:
    """Deals that came of leads. most: so many of each list are looked at."""
    told = {"include_fields": _SOURCE, **asked}
    for path in _DEALS:
        yield from (one for one in islice(walk(api, path, told, PAGES), most) if one.get(_SOURCE))


def _lead(deal: Any) -> Any:
    same = {name: deal[name] for name in ("title", "owner_id", "person_id", "update_time") if name in deal}
    return {**same, "id": deal[_SOURCE], "organization_id": deal.get("org_id"), "deal": deal}
