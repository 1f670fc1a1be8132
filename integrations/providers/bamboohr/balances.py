"""What is left of time off, of each kind and for each employee."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Gone
from integrations.kit.lenses import choice, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.values import is_employee
from integrations.providers.bamboohr.walking import walk
from unified_api.models.hris import TimeOffBalance

#: Employees of a page, of whom each takes a request.
_SIZE = 25
#: The usual names of kinds of time off.
REASONS = {
    "VACATION": "Vacation",
    "SICK": ("Sick", "Sick Leave"),
    "PERSONAL": "Personal",
    "JURY_DUTY": "Jury Duty",
    "VOLUNTEER": "Volunteer",
    "BEREAVEMENT": "Bereavement",
}


def number(path: str) -> Callable[[Any], Any]:
    """A number, which may be a text there."""

    def read(record: Any) -> Any:
        found = dig(record, path)
        return found if found in (None, MISSING) else float(found) if found != "" else None

    return read


def _balances(api: Api, employees: list[str]) -> list[Any]:
    return [one for who in employees for one in _of_employee(api, who)]


def _of_employee(api: Api, employee: str) -> list[Any]:
    """What somebody has left of each kind; who has no time off at all is not known there."""
    with suppress(Gone):
        told = api.get(f"/employees/{int(employee)}/time_off/calculator")
        return [{**one, "id": f"{employee}-{one['timeOffType']}", "employeeId": employee} for one in told]
    return []


def _balance(api: Api, remote_id: str) -> Any:
    employee = remote_id.partition("-")[0]
    if not is_employee(employee):
        return None
    return next((one for one in _of_employee(api, employee) if one["id"] == remote_id), None)


balances = Resource(
    mapping=Mapping(
        TimeOffBalance,
        employee=ref("employeeId", read_only=True),
        balance=compute(number("balance")),
        used=compute(number("usedYearToDate")),
        policy_type=choice("name", REASONS, read_only=True),
    ),
    list=walk(_SIZE, _balances, calls=_SIZE),
    get=GET("/employees/{employee}/time_off/calculator", find=_balance),
    frequency=21_600.0,
)
