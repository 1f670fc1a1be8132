"""The company's HRIS: an org chart that is a tree, where people work, when they do, and what they learn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from integrations.sandbox.data.company import DEPARTMENTS, Company, Person
from integrations.sandbox.data.pay import benefits, employee_runs, employer_benefits, payroll_runs
from integrations.sandbox.data.records import Record, Records, after, key, keyed, on

_OFFICES: Final = (("Berlin", "DE", "10115"), ("Lyon", "FR", "69001"), ("Denver", "US", "80202"))
_KINDS: Final = ("VACATION", "SICK", "PERSONAL")
#: Days of each kind that a year brings.
_GRANTED: Final = {"VACATION": 25.0, "SICK": 10.0, "PERSONAL": 3.0}
_STATUS: Final = ("APPROVED", "APPROVED", "REQUESTED", "DECLINED")


def hris(company: Company) -> Records:
    """All of it."""
    people = company.people
    off = [_time_off(n, person) for n, person in enumerate(people)]
    joined = benefits(people)
    return {
        "hris.Company": keyed(
            "company", [{"legal_name": f"{company.name} Ltd", "display_name": company.name}]
        ),
        "hris.Location": _locations(people),
        "hris.Team": _teams(),
        "hris.Group": _groups(),
        "hris.PayGroup": keyed("pay-group", [{"pay_group_name": name} for name in ("Salaried", "Hourly")]),
        "hris.Employee": keyed("employee", [_employee(company, person) for person in people]),
        "hris.Employment": keyed("employment", [_employment(person) for person in people]),
        "hris.Dependent": keyed(
            "dependent", [_dependent(person) for person in people if person.number % 3 == 0]
        ),
        "hris.EmployerBenefit": employer_benefits(),
        "hris.Benefit": joined,
        "hris.PayrollRun": payroll_runs(),
        "hris.EmployeePayrollRun": employee_runs(people, joined),
        "hris.BankInfo": keyed("bank-info", [_bank(person) for person in people]),
        "hris.TimeOff": keyed("time-off", off),
        "hris.TimeOffBalance": keyed("time-off-balance", _balances(people, off)),
        "hris.TimesheetEntry": keyed("timesheet-entry", _timesheet(people)),
        "training.TrainingCompletion": keyed("training-completion", [_completion(p) for p in people]),
    }


def _employee(company: Company, person: Person) -> Record:
    number, left = person.number, person.number == len(company.people) - 1
    department = DEPARTMENTS.index(person.department) if person.department in DEPARTMENTS else None
    return {
        "employee_number": f"{1 + number:04}",
        "company": key("company", 0),
        "first_name": person.given,
        "last_name": person.family,
        "preferred_name": person.given,
        "display_full_name": person.name,
        "username": person.mail.partition("@")[0],
        "work_email": person.mail,
        "personal_email": f"{person.given}.{number}@mail.example".lower(),
        "groups": [] if department is None else [key("group", 1 + department)],
        "team": key("team", 0 if department is None else 1 + department),
        "employments": [key("employment", number)],
        "home_location": key("location", len(_OFFICES) + number),
        "work_location": key("location", number % len(_OFFICES)),
        "manager": None if person.manager is None else key("employee", person.manager),
        "pay_group": key("pay-group", _hourly(person)),
        "date_of_birth": on(-14_000 + 211 * number),
        "hire_date": person.hired,
        "start_date": person.hired + timedelta(days=14),
        "employment_status": "INACTIVE" if left else "ACTIVE",
        "termination_date": on(120) if left else None,
        "custom_fields": {"shirtSize": "SML"[number % 3], "desk": f"{number % len(_OFFICES)}-{number:02}"},
    }


def _hourly(person: Person) -> int:
    """1 for who is paid by the hour, 0 for the others."""
    return int(person.title.startswith("Specialist") and person.number % 4 == 0)


def _employment(person: Person) -> Record:
    return {
        "employee": key("employee", person.number),
        "job_title": person.title,
        "pay_rate": round(person.monthly * 12, 2),
        "pay_period": "YEAR",
        "pay_frequency": "MONTHLY",
        "pay_currency": "EUR",
        "pay_group": key("pay-group", _hourly(person)),
        "flsa_status": "NONEXEMPT" if _hourly(person) else "EXEMPT",
        "effective_date": person.hired,
        "employment_type": "PART_TIME" if _hourly(person) else "FULL_TIME",
    }


def _locations(people: Sequence[Person]) -> list[Record]:
    homes = [_home(person) for person in people]
    return keyed("location", [*(_office(*office) for office in _OFFICES), *homes])


def _office(city: str, country: str, code: str) -> Record:
    return {
        "name": f"{city} office",
        "street_1": "1 Market Square",
        "city": city,
        "zip_code": code,
        "country": country,
        "location_type": "WORK",
    }


def _home(person: Person) -> Record:
    city, country, code = _OFFICES[person.number % len(_OFFICES)]
    return {
        "name": f"Home of {person.name}",
        "street_1": f"{person.number + 2} Garden Street",
        "city": city,
        "zip_code": code,
        "country": country,
        "location_type": "HOME",
    }


def _teams() -> list[Record]:
    below: list[Record] = [{"name": name, "parent_team": key("team", 0)} for name in DEPARTMENTS]
    return keyed("team", [{"name": "Everybody", "parent_team": None}, *below])


def _groups() -> list[Record]:
    top: Record = {"name": "Whole company", "type": "BUSINESS_UNIT", "parent_group": None}
    below: list[Record] = [
        {
            "name": name,
            "type": "DEPARTMENT",
            "parent_group": key("group", 0),
            "is_commonly_used_as_team": True,
        }
        for name in DEPARTMENTS
    ]
    return keyed("group", [{**top, "is_commonly_used_as_team": False}, *below])


def _dependent(person: Person) -> Record:
    child = person.number % 2 == 0
    return {
        "first_name": ("Alex", "Charlie", "Jo")[person.number % 3],
        "last_name": person.family,
        "relationship": "CHILD" if child else "SPOUSE",
        "employee": key("employee", person.number),
        "date_of_birth": on(-3_000 - 50 * person.number) if child else on(-13_000 + 70 * person.number),
        "home_location": key("location", len(_OFFICES) + person.number),
        "is_student": child,
    }


def _bank(person: Person) -> Record:
    return {
        "employee": key("employee", person.number),
        "account_number": f"{70_000_000 + person.number}",
        "routing_number": "021000021",
        "bank_name": ("Mountain Bank", "River Credit Union")[person.number % 2],
        "account_type": ("CHECKING", "SAVINGS")[person.number % 2],
        "remote_created_at": after(hours=person.number),
    }


def _time_off(number: int, person: Person) -> Record:
    """Some days of one kind, asked for at the manager, who is the approver; the head of the company approves alone."""
    days, begin = 1 + number % 4, after(days=20 + 5 * number)
    return {
        "employee": key("employee", person.number),
        "approver": key("employee", person.manager or 0),
        "status": _STATUS[number % len(_STATUS)],
        "employee_note": "As discussed",
        "units": "DAYS",
        "amount": float(days),
        "request_type": _KINDS[number % len(_KINDS)],
        "start_time": begin,
        "end_time": begin + timedelta(days=days - 1, hours=9),
    }


def _balances(people: Sequence[Person], off: list[Record]) -> list[Record]:
    """Of each kind what was granted, less the days that were approved."""
    rows: list[Record] = []
    for person in people:
        for kind in _KINDS:
            employee = key("employee", person.number)
            taken = [o for o in off if (o["employee"], o["request_type"]) == (employee, kind)]
            used = sum(o["amount"] for o in taken if o["status"] == "APPROVED")
            balance = _GRANTED[kind] - used
            rows.append({"employee": employee, "policy_type": kind, "used": float(used), "balance": balance})
    return rows


def _timesheet(people: Sequence[Person]) -> list[Record]:
    """A week of everybody who is paid by the hour; the hours are those between start and end."""
    hourly = [person for person in people if _hourly(person)]
    rows: list[Record] = []
    for person in hourly:
        for day in range(5):
            hours = 6.0 + (person.number + day) % 3
            begin = after(days=day, hours=1)
            row = {"employee": key("employee", person.number), "hours_worked": hours}
            rows.append({**row, "start_time": begin, "end_time": begin + timedelta(hours=hours)})
    return rows


def _completion(person: Person) -> Record:
    done = person.number % 3 != 0
    assigned = after(days=person.number)
    return {
        "employee": key("employee", person.number),
        "course": key("training-course", person.number % 5),
        "status": "COMPLETED" if done else "ASSIGNED",
        "assigned_at": assigned,
        "started_at": assigned + timedelta(days=1) if done else None,
        "completed_at": assigned + timedelta(days=3) if done else None,
        "due_at": assigned + timedelta(days=30),
        "score": 70.0 + person.number % 30 if done else None,
    }
