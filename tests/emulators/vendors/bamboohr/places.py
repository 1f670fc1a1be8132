"""Where the company works."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.bamboohr.common import API, KEYS_SEE_NO_PLACES, formatted, has_quirk
from tests.emulators.world import Record, World

on: Final = Routes()
_PLACES: Final = f"{API}/hris/org/locations"
#: Places on a page at the most.
PAGE = 500
_STATE: Final = {"id": "45", "name": "Utah", "abbreviation": "UT"}
_COUNTRY: Final = {"id": "1", "name": "United States", "isoCode": "US"}


def add_place(world: World, label: str, **told: Any) -> Record:
    """A place, and the word for it in the list of places."""
    number = world.next_id("option")
    word = {"name": label, "archived": "no", "createdDate": None, "archivedDate": None}
    world.add("option", {"id": number, **word, "_list": "location"})
    usual = {"address1": "1 Office Park", "address2": None, "city": "Lindon", "zipcode": "84042"}
    where = {**usual, "stateId": "45", "countryId": "1", "timezone": None, "remoteLocation": False, **told}
    facts = {"archived": False, "manageable": True, "createdAt": None, "archivedAt": None}
    return world.add("place", {"id": str(number), "label": label, "address": where, **facts})


@on("GET", _PLACES)
def list_places(world: World, request: Request) -> Answer:
    """Those in use, by pages that begin with zero."""
    _may_see(world, request)
    page, size = request.number("page", 0), min(request.number("pageSize", 500), PAGE)
    rows = [_shown(one, request) for one in world.rows("place")]
    pages = max(1, -(-len(rows) // size))
    meta = {"page": page, "pageSize": size, "totalPages": pages, "totalItems": len(rows)}
    return Answer(200, {"data": rows[page * size : (page + 1) * size], "meta": meta, "_links": None})


def _may_see(world: World, request: Request) -> None:
    by_key = request.headers.get("authorization", "").startswith("Basic ")
    if by_key and has_quirk(world, KEYS_SEE_NO_PLACES):
        told = {"title": "Forbidden", "status": 403, "detail": "API keys may not read locations"}
        raise Refused(403, told)


def _shown(place: Record, request: Request) -> Record:
    wanted = (request.asked("expand") or "").split(",")
    more = {name: told for name, told in (("state", _STATE), ("country", _COUNTRY)) if name in wanted}
    return {**place, "address": {**place["address"], **more}}


@on("GET", f"{API}/company_information")
def company(_world: World, request: Request) -> Answer:
    """The account itself."""
    told = {"line1": "1 Office Park", "line2": "", "city": "Lindon", "state": "UT", "zip": "84042"}
    names = {"legalName": "Acme Incorporated", "displayName": "Acme"}
    return formatted(request, {**names, "address": told, "phone": "801-724-6600"})
