"""HRIS: people, where they work and what they are paid for. Meanings follow the wire contract's.

What a provider gives as a calendar day is a `Day`, what it gives with a time of day an `Instant`.
"""

from unified_api.models.hris.people import Dependent, Employee, Employment

from unified_api.models.hris.organization import (  # isort: skip - the order of declaration
    Company,
    Group,
    Location,
    PayGroup,
    Team,
)
from unified_api.models.hris.pay import BankInfo, EmployeePayrollRun, PayrollRun

from unified_api.models.hris.benefits import Benefit, EmployerBenefit  # isort: skip
from unified_api.models.hris.time import TimeOff, TimeOffBalance, TimesheetEntry

__all__ = [
    "BankInfo",
    "Benefit",
    "Company",
    "Dependent",
    "Employee",
    "EmployeePayrollRun",
    "EmployerBenefit",
    "Employment",
    "Group",
    "Location",
    "PayGroup",
    "PayrollRun",
    "Team",
    "TimeOff",
    "TimeOffBalance",
    "TimesheetEntry",
]
