"""Where people live and work, and what parts of the company they belong to.

An address of an employee is part of the employee; here it is a place of its own, `home-104`. Where the company works is
listed with addresses, which a key may not be allowed to read [?]: then by names alone, as the words of a list. The
company is the account itself, and has no id there.
"""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Forbidden, Gone, Misconfigured, NeedsReauthorisation
from integrations.kit.lenses import at, choice
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.countries import code_of
from integrations.providers.bamboohr.reading import HOME, home_of
from integrations.providers.bamboohr.values import is_employee, plain
from integrations.providers.bamboohr.walking import REPORT, ids, walk
from unified_api.models.hris import Company, Group, Location

_PLACES = "/hris/org/locations"
_LISTS = "/meta/lists"
_EXPAND = "state,country"
_HOME_KIND, _WORK_KIND = "Home", "Work"
_COMPANY = "/company_information"
_SIZE = 100
#: Pages of offices: some ten thousand of them.
_MOST_PAGES = 20
#: Lists whose words are parts of the company.
_PARTS = {"department": "DEPARTMENT", "division": "BUSINESS_UNIT"}


def _homes(api: Api, wanted: list[str]) -> list[Any]:
    asked = {**ids(None), "fields": list(HOME), "filters": {"employeeIds": [int(one) for one in wanted]}}
    return [place for one in api.ask(REPORT, asked)["employees"] for place in _home(plain(one))]


def _home(told: dict[str, Any]) -> list[Any]:
    """The address of an employee, if there is one."""
    known = home_of(told)
    if known in (None, MISSING):
        return []
    parts = {part: told[part] for part in HOME if part in told}
    where = {"country": code_of(told["country"])} if "country" in told else {}
    return [{**parts, **where, "id": known, "name": None, "kind": _HOME_KIND}]


def _work(api: Api) -> list[Any]:
    try:
        answer = api.get(_PLACES, {"expand": _EXPAND, "pageSize": "500"})
        rest = range(1, _told_pages(answer))
        pages = [api.get(_PLACES, {"expand": _EXPAND, "pageSize": "500", "page": str(one)}) for one in rest]
        return [_office(one) for page in (answer, *pages) for one in page["data"] if not one.get("archived")]
    except (Forbidden, Gone, NeedsReauthorisation):
        lists = api.get(_LISTS)
        return [
            {"id": one["id"], "name": one["name"], "kind": _WORK_KIND} for one in _words(lists, "location")
        ]


def _told_pages(answer: Any) -> int:
    told = dig(answer, "meta.totalPages") or 1
    if told > _MOST_PAGES:
        raise Misconfigured(
            f"{told} pages of offices are told, more than {_MOST_PAGES}", request=f"GET {_PLACES}"
        )
    return int(told)


def _office(told: dict[str, Any]) -> dict[str, Any]:
    where = plain(told.get("address") or {})
    return {
        **{part: where[part] for part in ("address1", "address2", "city", "zipcode") if part in where},
        "id": told["id"],
        "name": told["label"],
        "state": dig(where, "state.abbreviation") or None,
        "country": dig(where, "country.isoCode") or None,
        "kind": _WORK_KIND,
    }


def _words(lists: Any, alias: str) -> list[Any]:
    """The words of a list that are in use."""
    found = [one for told in lists if told.get("alias") == alias for one in told["options"]]
    return [one for one in found if one.get("archived") != "yes"]


def _find(api: Api, remote_id: str) -> Any:
    kind, _, employee = remote_id.rpartition("-")
    if not kind:
        return next((one for one in _work(api) if str(one["id"]) == remote_id), None)
    if kind != "home" or not is_employee(employee):
        return None
    told = api.get(f"/employees/{int(employee)}", {"fields": ",".join(HOME)})
    return next(iter(_home(plain(told))), None)


def _parts(_api: Api, lists: list[Any]) -> list[Any]:
    return [
        {"id": f"{alias}-{one['id']}", "name": one["name"], "kind": alias}
        for alias in _PARTS
        for one in _words(lists, alias)
    ]


def _part(api: Api, remote_id: str) -> Any:
    return next((one for one in _parts(api, api.get(_LISTS)) if one["id"] == remote_id), None)


def _company(_api: Api, told: list[Any]) -> list[Any]:
    """The only one, under an id of ours."""
    return [{**plain(one), "id": "company"} for one in told]


def _named(api: Api, remote_id: str) -> Any:
    return next((one for one in _company(api, [api.get(_COMPANY)]) if one["id"] == remote_id), None)


companies = Resource(
    mapping=Mapping(
        Company,
        legal_name=at("legalName", read_only=True),
        display_name=at("displayName", read_only=True),
    ),
    list=GET(_COMPANY, items="", sole=True, then=_company),
    get=GET(f"{_COMPANY}/{{remote_id}}", find=_named),
    frequency=86_400.0,
)
locations = Resource(
    mapping=Mapping(
        Location,
        name=at("name", read_only=True),
        street_1=at("address1", read_only=True),
        street_2=at("address2", read_only=True),
        city=at("city", read_only=True),
        state=at("state", read_only=True),
        zip_code=at("zipcode", read_only=True),
        country=at("country", read_only=True),
        location_type=choice("kind", {"HOME": _HOME_KIND, "WORK": _WORK_KIND}, read_only=True),
    ),
    list=walk(_SIZE, _homes, calls=3, others=_work),
    get=GET(f"{_PLACES}/{{remote_id}}", find=_find, calls=2),
    frequency=3_600.0,
)
groups = Resource(
    mapping=Mapping(
        Group,
        name=at("name", read_only=True),
        type=choice("kind", {word: alias for alias, word in _PARTS.items()}, read_only=True),
    ),
    list=GET(_LISTS, items="", paging=Whole(), then=_parts),
    get=GET(f"{_LISTS}/{{remote_id}}", find=_part),
    frequency=3_600.0,
)
