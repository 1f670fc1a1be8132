"""What people are paid: runs of the payroll, what each employee got in one, and the accounts that it goes to."""

from __future__ import annotations

from typing import Final

from unified_api.models.base import Wire, in_order_of
from unified_api.models.fields import Choice, Day, Flag, Instant, Number, Ref, Text, WireField
from unified_api.models.hris.category import HrisModel
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import RECORD, Shapes

EARNING: Final[dict[str, WireField]] = {
    "remote_id": Text(),
    "amount": Number(),
    "type": Choice("SALARY", "REIMBURSEMENT", "OVERTIME", "BONUS"),
}
DEDUCTION: Final[dict[str, WireField]] = {
    "remote_id": Text(),
    "name": Text(),
    "employee_deduction": Number(),
    "company_deduction": Number(),
}
TAX: Final[dict[str, WireField]] = {
    "remote_id": Text(),
    "name": Text(),
    "amount": Number(),
    "employer_tax": Flag(),
}


class PayrollRun(HrisModel):
    """One run of the payroll, for many employees."""

    wire = Wire("payroll-runs")

    run_state = Choice("PAID", "DRAFT", "APPROVED", "FAILED", "CLOSED", origins=True)
    run_type = Choice(
        "REGULAR",
        "OFF_CYCLE",
        "CORRECTION",
        "TERMINATION",
        "SIGN_ON_BONUS",
        filter="run_type",
        origins=True,
    )
    start_date = Day(filter="started")
    end_date = Day(filter="ended")
    check_date = Day()


class EmployeePayrollRun(HrisModel):
    """What one employee got in one run of the payroll; amounts are in the currency of the employment."""

    wire = Wire("employee-payroll-runs")

    employee = Ref("hris.Employee", filter="employee_id")
    payroll_run = Ref("hris.PayrollRun", filter="payroll_run_id")
    gross_pay = Number(pii=True)
    net_pay = Number(pii=True)
    start_date = Day(filter="started")
    end_date = Day(filter="ended")
    check_date = Day()
    earnings = Shapes(EARNING, fills=RECORD, owner="employee_payroll_run", pii=True)
    deductions = Shapes(DEDUCTION, fills=RECORD, owner="employee_payroll_run", pii=True)
    taxes = Shapes(TAX, fills=RECORD, owner="employee_payroll_run", pii=True)


class BankInfo(HrisModel):
    """A bank account to which an employee's pay goes."""

    wire = Wire("bank-info")

    employee = Ref("hris.Employee", filter="employee_id")
    account_number = Sensitive(ours=("include_sensitive_fields",))
    routing_number = Sensitive(ours=("include_sensitive_fields",))
    bank_name = Text(filter="bank_name")
    account_type = Choice("SAVINGS", "CHECKING", filter="account_type", origins=True)
    remote_created_at = Instant(write="never", orders=True)

    class Meta(HrisModel.Meta):
        indexes = [*HrisModel.Meta.indexes, in_order_of("remote_created_at", "timestamptz")]
