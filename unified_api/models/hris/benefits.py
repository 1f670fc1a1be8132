"""What employees get beside their pay."""

from __future__ import annotations

from unified_api.models.base import Wire
from unified_api.models.fields import Choice, Day, Number, Ref, Text
from unified_api.models.hris.category import HrisModel


class EmployerBenefit(HrisModel):
    """A plan that the company offers."""

    wire = Wire("employer-benefits")

    benefit_plan_type = Choice("MEDICAL", "HEALTH_SAVINGS", "INSURANCE", "RETIREMENT", "OTHER")
    name = Text()
    description = Text()
    deduction_code = Text()


class Benefit(HrisModel):
    """One employee's part in a plan."""

    wire = Wire("benefits")

    employee = Ref("hris.Employee", filter="employee_id")
    provider_name = Text()
    benefit_plan_type = Text()
    employee_contribution = Number(pii=True)
    company_contribution = Number(pii=True)
    start_date = Day()
    end_date = Day()
    employer_benefit = Ref("hris.EmployerBenefit", expands=False)
