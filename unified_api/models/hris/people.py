"""People who work for the company, what they do there, and who depends on them."""

from __future__ import annotations

from typing import ClassVar, Final

from unified_api.models.base import Wire, in_order_of
from unified_api.models.codes import CURRENCIES
from unified_api.models.fields import Choice, Day, Flag, Instant, Number, Ref, Refs, Text
from unified_api.models.hris.category import HrisModel
from unified_api.models.people import BY_EMAIL, email_of
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Object

_GENDERS: Final = ("MALE", "FEMALE", "NON-BINARY", "OTHER", "PREFER_NOT_TO_DISCLOSE")


class Employee(HrisModel):
    """A person who works, worked or will work for the company."""

    wire = Wire("employees", writes=("create",), ignores=True)

    employee_url = Text()
    employee_number = Text(filter="employee_number")
    company = Ref("hris.Company", filter="company_id")
    first_name = Text(filter="first_name", pii=True)
    last_name = Text(filter="last_name", pii=True)
    preferred_name = Text(pii=True)
    display_full_name = Text(filter="display_full_name", pii=True)
    username = Text(pii=True)
    groups = Refs("hris.Group", filter="groups")
    work_email = Text(filter="work_email", pii=True)
    personal_email = Text(filter="personal_email", pii=True)
    mobile_phone_number = Text(pii=True)
    employments = Refs("hris.Employment", through=("job_title", "employment_type"))
    home_location = Ref("hris.Location", filter="home_location_id")
    work_location = Ref("hris.Location", filter="work_location_id")
    manager = Ref("hris.Employee", filter="manager_id")
    team = Ref("hris.Team", filter="team_id")
    pay_group = Ref("hris.PayGroup", filter="pay_group_id")
    ssn = Sensitive()
    gender = Choice(*_GENDERS, origins=True, pii=True)
    ethnicity = Choice(
        "AMERICAN_INDIAN_OR_ALASKA_NATIVE",
        "ASIAN_OR_INDIAN_SUBCONTINENT",
        "BLACK_OR_AFRICAN_AMERICAN",
        "HISPANIC_OR_LATINO",
        "NATIVE_HAWAIIAN_OR_OTHER_PACIFIC_ISLANDER",
        "TWO_OR_MORE_RACES",
        "WHITE",
        "PREFER_NOT_TO_DISCLOSE",
        origins=True,
        pii=True,
    )
    marital_status = Choice(
        "SINGLE",
        "MARRIED_FILING_JOINTLY",
        "MARRIED_FILING_SEPARATELY",
        "HEAD_OF_HOUSEHOLD",
        "QUALIFYING_WIDOW_OR_WIDOWER_WITH_DEPENDENT_CHILD",
        origins=True,
        pii=True,
    )
    date_of_birth = Day(pii=True)
    hire_date = Day()
    start_date = Day(filter="started")
    remote_created_at = Instant(write="never")
    employment_status = Choice("ACTIVE", "PENDING", "INACTIVE", filter="employment_status", origins=True)
    termination_date = Day(filter="terminated")
    avatar = Text(pii=True)
    custom_fields = Object(write="never", pii=True)
    email_key = email_of("work_email", "personal_email")

    class Meta(HrisModel.Meta):
        indexes: ClassVar = [*HrisModel.Meta.indexes, BY_EMAIL]


class Employment(HrisModel):
    """A position that an employee holds from a day on, with what is paid for it."""

    wire = Wire("employments")

    employee = Ref("hris.Employee", filter="employee_id")
    job_title = Text()
    pay_rate = Number(pii=True)
    pay_period = Choice(
        "HOUR",
        "DAY",
        "WEEK",
        "EVERY_TWO_WEEKS",
        "SEMIMONTHLY",
        "MONTH",
        "QUARTER",
        "EVERY_SIX_MONTHS",
        "YEAR",
        origins=True,
    )
    pay_frequency = Choice(
        "WEEKLY",
        "BIWEEKLY",
        "MONTHLY",
        "QUARTERLY",
        "SEMIANNUALLY",
        "ANNUALLY",
        "THIRTEEN-MONTHLY",
        "PRO_RATA",
        "SEMIMONTHLY",
        origins=True,
    )
    pay_currency = Choice(*CURRENCIES)
    pay_group = Ref("hris.PayGroup")
    flsa_status = Choice("EXEMPT", "SALARIED_NONEXEMPT", "NONEXEMPT", "OWNER", origins=True)
    effective_date = Day(orders=True)
    employment_type = Choice("FULL_TIME", "PART_TIME", "INTERN", "CONTRACTOR", "FREELANCE", origins=True)

    class Meta(HrisModel.Meta):
        indexes = [*HrisModel.Meta.indexes, in_order_of("effective_date", "date")]


class Dependent(HrisModel):
    """Somebody for whom an employee provides."""

    wire = Wire("dependents")

    first_name = Text(pii=True)
    middle_name = Text(pii=True)
    last_name = Text(pii=True)
    relationship = Choice("CHILD", "SPOUSE", "DOMESTIC_PARTNER")
    employee = Ref("hris.Employee", filter="employee_id", expands=False)
    date_of_birth = Day(pii=True)
    gender = Choice(*_GENDERS, pii=True)
    phone_number = Text(pii=True)
    home_location = Ref("hris.Location", expands=False)
    is_student = Flag()
    ssn = Sensitive()
