"""Time off that was asked for.

Requests have no feed of changes. Those that end in the last year or later are read again each time, all of them daily.
What was asked for stays as it is; whether it is approved is decided at an address of its own. Other days are another
request there, which takes the place of the first one, and are not written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.kit.endpoints import GET, PUT, Api, Since, Table
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, compute, on_day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State, Turn, Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.balances import REASONS, number
from integrations.providers.bamboohr.values import is_employee
from unified_api.models.hris import Employee, TimeOff

_REQUESTS = "/time_off/requests"
_TYPES = "/meta/time_off/types"
#: The table of kinds of time off.
KINDS = "kinds_of_time_off"
KINDS_TABLE = Table(GET(_TYPES, items="timeOffTypes"))
_FIRST, _LAST = "1900-01-01", "9999-12-31"
#: What ended longer ago is not looked at between complete reads.
_SETTLED = timedelta(days=366)
#: Years that are a page each; what lies before and behind them is one, too.
_YEARS = (2015, 2035)
_STATES = {
    "REQUESTED": "requested",
    "APPROVED": "approved",
    "DECLINED": ("denied", "declined"),
    "CANCELLED": ("canceled", "cancelled"),
    "DELETED": ("superceded", "superseded"),
}
_UNITS = {"HOURS": "hours", "DAYS": "days"}
_ASKED = "requested"
#: What a new request can be.
_BEGINS = (_ASKED, "approved", "denied")


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


def _ask(api: Api, fields: dict[str, Any]) -> str:
    """A create: PUT at the employee's address, which makes another request each time."""
    status, amount = dig(fields, "status.status") or MISSING, fields.get("amount", {})
    kind = int(fields["timeOffTypeId"])
    faults = _faults(api, fields["employeeId"], status, kind, amount.get("unit"))
    if faults:
        raise Rejected("the time off cannot be asked for like this", fields=faults)
    told = {
        "status": _ASKED if status is MISSING else status,
        "start": fields["start"],
        "end": fields["end"],
        "timeOffTypeId": kind,
        **({"amount": amount["amount"]} if amount.get("amount") is not None else {}),
        **_noted(dig(fields, "notes.employee")),
    }
    return str(api.send("PUT", f"/employees/{int(fields['employeeId'])}/time_off/request", told)["id"])


def _faults(api: Api, employee: str, status: Any, kind: int, unit: str | None) -> dict[str, str]:
    """Why there can be no such request, by field; an amount in another unit would be taken for one in its own."""
    if not is_employee(employee):
        return {"employeeId": "this is the id of no employee there"}
    if status is not MISSING and status not in _BEGINS:
        return {"status": "a new request is REQUESTED, APPROVED or DECLINED there"}
    counted = _units(api, kind) if unit else None
    return {} if unit == counted else {"unit": f"time off of this type is counted in {counted} there"}


def _units(api: Api, kind: int) -> str | None:
    """What a type is counted in, by its id."""
    return next((one["units"] for one in api.get(_TYPES)["timeOffTypes"] if int(one["id"]) == kind), None)


def _noted(note: Any) -> dict[str, Any]:
    return {"notes": [{"from": "employee", "note": note}]} if isinstance(note, str) and note else {}


def _newest(_api: Api, items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda one: int(one["id"]), reverse=True)


#: What the name of whose request it is tells.
_NAMES = ("first_name", "last_name", "display_full_name")
absences = Resource(
    mapping=Mapping(
        TimeOff,
        employee=ref("employeeId", create_only=True),
        status=choice("status.status", _STATES),
        employee_note=at("notes.employee", create_only=True),
        units=choice("amount.unit", _UNITS, create_only=True),
        amount=compute(
            number("amount.amount"),
            lambda amount, _request: {"amount": {"amount": amount}},
            create_only=True,
        ),
        request_type=choice("type.name", REASONS, table=KINDS, to="timeOffTypeId", create_only=True),
        start_time=on_day("start", create_only=True),
        end_time=on_day("end", create_only=True),
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
    create=_ask,
    create_calls=2,
    # This PUT sets a status, and may arrive twice.
    update=PUT(f"{_REQUESTS}/{{remote_id}}/status", body=lambda fields, _request: fields["status"]),
    recent=GET(
        _REQUESTS,
        items="",
        params={"employeeId": "{employee}", "start": _FIRST, "end": _LAST},
        then=_newest,
    ),
    recognise=("employee", "start_time", "end_time"),
    tells_apart=("request_type",),
    required=("request_type",),
    quotes={"name": Mapping(Employee, **dict.fromkeys(_NAMES, at((), read_only=True)))},
    frequency=900.0,
)
