"""Employments, out of three tables that say what held from which day on: jobs, pay, and kinds of employment.

Each day on which one of them changes begins an employment, with what holds in all three from then on; its id is that of
the employee and the day. Rows of the future are there as well. Of who has left by then none begins.

A table that is refused ends the reading: without its rows, employments that begin by them would be taken for deleted.
Who may never see pay or kinds says so in a setting; these tables are not asked for then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Forbidden, Gone
from integrations.kit.lenses import at, choice, day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.values import is_employee, plain
from unified_api.models.hris import Employment

_JOBS, _PAY, _STATUS = "jobInfo", "compensation", "employmentStatus"
#: Where the day stands from which on a row holds.
_DAYS = {_JOBS: "date", _PAY: "startDate", _STATUS: "date"}
#: The setting that names tables which the user may never see.
UNSEEN = "unseen"
_LEFT = "Terminated"
#: In the place of a day that is not told: from the beginning.
_BEGINNING = "0"
Tables = dict[str, list[dict[str, Any]]]


def _table(api: Api, who: str, table: str) -> list[dict[str, Any]]:
    """The rows of one employee, or of all; none of a table that the account leaves out.

    Raises Forbidden for one of pay or kinds that is refused: an employee who is not there has no jobs, either.
    """
    if table != _JOBS and table in api.settings.get(UNSEEN, "").split():
        return []
    try:
        return [plain(row) for row in api.get(f"/employees/{who}/tables/{table}")]
    except (Forbidden, Gone) as error:
        if table == _JOBS:
            raise
        raise Forbidden(
            f"the table {table} may not be seen: give its user the right, or name it in the account's setting {UNSEEN}",
            request=error.request,
            status=error.status,
            detail=error.detail,
        ) from error


def _joined(api: Api, rows: list[Any]) -> list[Any]:
    """The employments of everybody. rows: of jobs."""
    tables = {
        _JOBS: [plain(row) for row in rows],
        **{name: _table(api, "all", name) for name in (_PAY, _STATUS)},
    }
    everybody = dict.fromkeys(str(row["employeeId"]) for some in tables.values() for row in some)
    by_employee: dict[str, Tables] = {who: {name: [] for name in tables} for who in everybody}
    for name, some in tables.items():
        for row in some:
            by_employee[str(row["employeeId"])][name].append(row)
    return [one for who, own in by_employee.items() for one in _employments(who, own)]


def _find(api: Api, remote_id: str) -> Any:
    who, _, _day = remote_id.partition("-")
    if not is_employee(who):
        return None
    own = {name: _table(api, who, name) for name in _DAYS}
    return next((one for one in _employments(who, own) if one["id"] == remote_id), None)


def _employments(who: str, tables: Tables) -> Iterable[dict[str, Any]]:
    """Those of one employee, in the order of their days."""
    for begin in sorted({_begins(name, row) for name, rows in tables.items() for row in rows}):
        held = {name: _holding(name, rows, begin) for name, rows in tables.items()}
        if held[_STATUS].get("employmentStatus") == _LEFT:
            continue
        known = {
            key: value
            for row in held.values()
            for key, value in row.items()
            if key not in ("id", "date", "startDate")
        }
        yield {**known, **_rate(known), "id": f"{who}-{begin}", "employeeId": who, "begins": _told(begin)}


def _begins(table: str, row: dict[str, Any]) -> str:
    return row.get(_DAYS[table]) or _BEGINNING


def _told(begin: str) -> str | None:
    return None if begin == _BEGINNING else begin


def _holding(table: str, rows: list[dict[str, Any]], on: str) -> dict[str, Any]:
    """The row of a table that holds on a day: the latest until then, of one day the one that came last."""
    begun = [row for row in rows if _begins(table, row) <= on]
    return max(begun, key=lambda row: (_begins(table, row), int(row["id"])), default={})


def _rate(known: dict[str, Any]) -> dict[str, Any]:
    """What is paid, in which currency: told apart, or as in `50.00 USD`."""
    told = known.get("rate")
    if told is None:
        return {key: None for key in ("amount", "currency") if "rate" in known}
    if isinstance(told, dict):
        return {"amount": _number(told.get("value")), "currency": told.get("currency") or None}
    amount, _, currency = str(told).partition(" ")
    return {"amount": _number(amount), "currency": currency or None}


def _number(told: Any) -> float | None:
    return float(str(told).replace(",", "")) if told not in (None, "") else None


_PERIODS = {
    "HOUR": "Hour",
    "DAY": "Day",
    "WEEK": "Week",
    "EVERY_TWO_WEEKS": "Every other week",
    "SEMIMONTHLY": "Twice a month",
    "MONTH": "Month",
    "QUARTER": "Quarter",
    "EVERY_SIX_MONTHS": "Twice a year",
    "YEAR": "Year",
}
_TYPES = {
    "FULL_TIME": ("Full-Time", "Full Time"),
    "PART_TIME": ("Part-Time", "Part Time"),
    "INTERN": "Intern",
    "CONTRACTOR": "Contractor",
    "FREELANCE": "Freelance",
}

employments = Resource(
    mapping=Mapping(
        Employment,
        employee=ref("employeeId", read_only=True),
        job_title=at("jobTitle", read_only=True),
        pay_rate=at("amount", read_only=True),
        pay_period=choice("paidPer", _PERIODS, read_only=True),
        pay_currency=at("currency", read_only=True),
        flsa_status=choice(
            "exempt", {"EXEMPT": "Exempt", "NONEXEMPT": ("Non-exempt", "Nonexempt")}, read_only=True
        ),
        effective_date=day("begins", read_only=True),
        employment_type=choice("employmentStatus", _TYPES, read_only=True),
    ),
    list=GET(f"/employees/all/tables/{_JOBS}", items="", paging=Whole(), then=_joined, calls=3),
    get=GET(f"/employees/{{remote_id}}/tables/{_JOBS}", find=_find, calls=3),
    frequency=3_600.0,
)
