"""Employees as they are read: with the customer's own fields, where they belong, and what holds today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.paths import MISSING
from integrations.providers.bamboohr.values import is_employee, plain
from integrations.providers.bamboohr.walking import REPORT, ids

#: Below which the customer's own fields stand here.
OWN = "own"
FIELDS = "fields"
#: What a request can ask for.
_MOST = 400
_IDS = ("departmentId", "divisionId", "locationId", "reportsToId")
HOME = ("address1", "address2", "city", "state", "zipcode", "country")
_ASKED = (
    *("employeeNumber", "firstName", "lastName", "preferredName", "displayName", "workEmail", "homeEmail"),
    *("mobilePhone", "ssn", "gender", "ethnicity", "maritalStatus", "dateOfBirth", "hireDate"),
    *("originalHireDate", "terminationDate", "status", "photoUrl"),
    *HOME,
    *_IDS,
)


def own_key(told: Any) -> str | None:
    """By what a field of the customer's own is asked for; None for one of the system, in a table, or no more in use.

    One without an alias has its number, and a table's a number of two parts.
    """
    if told.get("deprecated"):
        return None
    alias, number = told.get("alias"), str(told["id"])
    if alias:
        return alias if alias.startswith("custom") else None
    return number if number.isdigit() else None


def _portions(names: list[str]) -> Iterator[list[str]]:
    """All fields that are asked for, as many at a time as a request takes: first those that are mapped."""
    asked = [*_ASKED, *names]
    for start in range(0, len(asked), _MOST):
        yield asked[start : start + _MOST]


def details(api: Api, wanted: list[str]) -> list[Any]:
    """Employees by their ids, at most a hundred, in a request or two; one by one where reports know no ids."""
    if not wanted:
        return []
    names = api.known(FIELDS)
    first, *others = _portions(names)
    found = _reported(api, wanted, first)
    if any(not set(_IDS) <= set(shown) for shown in found.values()):
        return [_whole(api, one, names) for who in wanted if (one := _look(api, who, names))]
    for fields in others:
        more = _reported(api, wanted, fields)
        found = {who: {**more.get(who, {}), **shown} for who, shown in found.items()}
    return [_whole(api, one, names) for one in found.values()]


def _reported(api: Api, wanted: list[str], fields: list[str]) -> dict[str, dict[str, Any]]:
    asked = {**ids(None), FIELDS: fields, "filters": {"employeeIds": [int(one) for one in wanted]}}
    return {str(one["id"]): one for one in api.ask(REPORT, asked)["employees"]}


def _look(api: Api, remote_id: str, names: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for fields in _portions(names):
        told |= api.get(f"/employees/{int(remote_id)}", {FIELDS: ",".join(fields)})
    return told


def find(api: Api, remote_id: str) -> Any:
    """One by its id; that of zero would be whoever has the key."""
    if not is_employee(remote_id):
        return None
    names = api.known(FIELDS)
    return _whole(api, _look(api, remote_id, names), names)


def _whole(api: Api, told: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """With the customer's own fields in a place of theirs, and with what its days mean today."""
    found = plain(told)
    own = {name: found.pop(name) for name in names if name in found}
    shown = {**found, OWN: own, "home": home_of(found), "groups": _groups(found)}
    return {**shown, "standing": _standing(found, api.now().date().isoformat())}


def home_of(told: dict[str, Any]) -> Any:
    """The id of the address of an employee; None where there is none, MISSING where nobody may see it."""
    seen = [told[part] for part in HOME if part in told]
    if not seen:
        return MISSING
    return f"home-{told['id']}" if any(seen) else None


def _groups(told: dict[str, Any]) -> Any:
    """Those of the lists that may be seen; MISSING where that is none."""
    seen = [kind for kind in ("department", "division") if f"{kind}Id" in told]
    return [f"{kind}-{told[f'{kind}Id']}" for kind in seen if told[f"{kind}Id"]] if seen else MISSING


def _standing(told: dict[str, Any], today: str) -> Any:
    """Whether somebody works there, has left, or is to begin."""
    if "status" not in told:
        return MISSING
    if told["status"] != "Active":
        return told["status"]
    return "Pending" if str(told.get("hireDate") or "") > today else "Active"
