"""What the company pays. In each run, what an employee gets is earnings less deductions and taxes, to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from integrations.sandbox.data.company import Person
from integrations.sandbox.data.records import Record, key, keyed, on, total

#: Name, kind, and what employee and company pay a month.
_PLANS: Final = (
    ("Health plan", "MEDICAL", 120.0, 240.0),
    ("Pension", "RETIREMENT", 150.0, 150.0),
    ("Accident insurance", "INSURANCE", 12.5, 25.0),
)
MONTHS: Final = 6
_LENGTH: Final = 30
_INCOME_TAX, _EMPLOYER_TAX = 0.22, 0.08
_BONUS: Final = 500.0


def employer_benefits() -> list[Record]:
    """The plans."""
    return keyed(
        "employer-benefit",
        [
            {"name": name, "benefit_plan_type": kind, "deduction_code": f"D{at + 1}"}
            for at, (name, kind, _, _) in enumerate(_PLANS)
        ],
    )


def benefits(people: Sequence[Person]) -> list[Record]:
    """Who takes part in which plan: everybody in the first, one in two in the pension, one in three in the last."""
    return keyed(
        "benefit",
        [
            {
                "employee": key("employee", person.number),
                "provider_name": "Harbour Mutual",
                "benefit_plan_type": kind,
                "employee_contribution": own,
                "company_contribution": company,
                "start_date": person.hired,
                "end_date": on(365) if person.number % 4 == 0 else None,
                "employer_benefit": key("employer-benefit", at),
            }
            for person in people
            for at, (_, kind, own, company) in enumerate(_PLANS)
            if person.number % (at + 1) == 0
        ],
    )


def payroll_runs() -> list[Record]:
    """One a month; the last one is not paid yet."""
    return keyed("payroll-run", [_run(month) for month in range(MONTHS)])


def _run(month: int) -> Record:
    return {
        "run_state": "APPROVED" if month == MONTHS - 1 else "PAID",
        "run_type": "REGULAR",
        "start_date": on(_LENGTH * month),
        "end_date": on(_LENGTH * (month + 1) - 1),
        "check_date": on(_LENGTH * (month + 1)),
    }


def employee_runs(people: Sequence[Person], joined: Sequence[Record]) -> list[Record]:
    """What everybody got in every run."""
    rows = [_employee_run(month, person, joined) for month in range(MONTHS) for person in people]
    return keyed("employee-payroll-run", rows)


def _employee_run(month: int, person: Person, joined: Sequence[Record]) -> Record:
    named = f"{month + 1}-{person.number + 1}"
    employee = key("employee", person.number)
    earnings = [{"remote_id": f"earning-{named}-1", "amount": person.monthly, "type": "SALARY"}]
    if month == MONTHS - 2 and person.number % 2:
        earnings.append({"remote_id": f"earning-{named}-2", "amount": _BONUS, "type": "BONUS"})
    deductions = [
        {
            "remote_id": f"deduction-{named}-{benefit['employer_benefit']}",
            "name": str(benefit["benefit_plan_type"]).capitalize(),
            "employee_deduction": benefit["employee_contribution"],
            "company_deduction": benefit["company_contribution"],
        }
        for benefit in joined
        if benefit["employee"] == employee
    ]
    gross = total(float(str(earning["amount"])) for earning in earnings)
    taxes = [
        _tax(named, "Income tax", gross * _INCOME_TAX, employer=False),
        _tax(named, "Social insurance", gross * _EMPLOYER_TAX, employer=True),
    ]
    less = [*(d["employee_deduction"] for d in deductions), taxes[0]["amount"]]
    return {
        "employee": employee,
        "payroll_run": key("payroll-run", month),
        "gross_pay": gross,
        "net_pay": total([gross, *(-amount for amount in less)]),
        **{name: _run(month)[name] for name in ("start_date", "end_date", "check_date")},
        "earnings": earnings,
        "deductions": deductions,
        "taxes": taxes,
    }


def _tax(named: str, name: str, amount: float, *, employer: bool) -> Record:
    told = {"remote_id": f"tax-{named}-{'employer' if employer else 'employee'}", "name": name}
    return {**told, "amount": round(amount, 2), "employer_tax": employer}
