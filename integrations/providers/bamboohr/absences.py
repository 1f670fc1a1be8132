"""Time off: what was asked for, and what is left of it.

Requests have no feed of changes. Those that end in the last year or later are read again each time, all of them daily.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.kit.endpoints import GET, Api, Since
from integrations.kit.errors import Gone
from integrations.kit.lenses import at, choice, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State, Turn, Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.values import is_employee, on_day
from integrations.providers.bamboohr.walking import walk
from unified_api.models.hris import Employee, TimeOff, TimeOffBalance

_REQUESTS = "/time_off/requests"
_FIRST, _LAST = "1900-01-01", "9999-12-31"
#: What ended longer ago is not looked at between complete reads.
_SETTLED = timedelta(days=366)
#: Years that are a page each; what lies before and behind them is one, too.
_YEARS = (2015, 2035)
_SIZE = 25
_REASONS = {
    "VACATION": "Vacation",
    "SICK": ("Sick", "Sick Leave"),
    "PERSONAL": "Personal",
    "JURY_DUTY": "Jury Duty",
    "VOLUNTEER": "Volunteer",
    "BEREAVEMENT": "Bereavement",
}
_STATES = {
    "REQUESTED": "requested",
    "APPROVED": "approved",
    "DECLINED": ("denied", "declined"),
    "CANCELLED": ("canceled", "cancelled"),
    "DELETED": ("superceded", "superseded"),
}


@dataclass(frozen=True)
class ByYear:
    """A page for each year."""

    def params(self, state: State | None) -> dict[str, str]:
        """From which day to which."""
        first, last = _YEARS
        year = state["year"] if state else first
        begin = _FIRST if year == first else f"{year}-01-01"
        return {"start": begin, "end": _LAST if year == last else f"{year}-12-31"}

    def next(self, state: State | None, turn: Turn) -> State | None:  # noqa: ARG002 - see Paging
        """The year after."""
        first, last = _YEARS
        year = state["year"] if state else first
        return None if year == last else {"year": year + 1}


def _since(moment: datetime) -> str:
    return (moment - _SETTLED).date().isoformat()


def _number(path: str) -> Callable[[Any], Any]:
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


#: What the name of whose request it is tells.
_NAMES = ("first_name", "last_name", "display_full_name")
absences = Resource(
    mapping=Mapping(
        TimeOff,
        employee=ref("employeeId", read_only=True),
        status=choice("status.status", _STATES, read_only=True),
        employee_note=at("notes.employee", read_only=True),
        units=choice("amount.unit", {"HOURS": "hours", "DAYS": "days"}, read_only=True),
        amount=compute(_number("amount.amount")),
        request_type=choice("type.name", _REASONS, read_only=True),
        start_time=on_day("start", read_only=True),
        end_time=on_day("end", read_only=True),
    ),
    list=GET(_REQUESTS, items="", paging=ByYear()),
    changes=GET(
        _REQUESTS,
        items="",
        params={"end": _LAST},
        paging=Whole(),
        since=Since("start", spell=_since),
    ),
    get=GET(_REQUESTS, items="", first=True, params={"id": "{remote_id}", "start": _FIRST, "end": _LAST}),
    quotes={"name": Mapping(Employee, **dict.fromkeys(_NAMES, at((), read_only=True)))},
    frequency=900.0,
)
balances = Resource(
    mapping=Mapping(
        TimeOffBalance,
        employee=ref("employeeId", read_only=True),
        balance=compute(_number("balance")),
        used=compute(_number("usedYearToDate")),
        policy_type=choice("name", _REASONS, read_only=True),
    ),
    list=walk(_SIZE, _balances, calls=_SIZE),
    get=GET("/employees/{employee}/time_off/calculator", find=_balance),
    frequency=21_600.0,
)
