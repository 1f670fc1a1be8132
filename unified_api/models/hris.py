"""HRIS: people, where they work and what they are paid for. Meanings follow the wire contract's."""

from __future__ import annotations

from typing import ClassVar

from unified_api.models.base import CommonModel, Wire
from unified_api.models.codes import COUNTRIES, CURRENCIES
from unified_api.models.fields import Choice, Day, Flag, Instant, Number, Ref, Refs, Text, Texts
from unified_api.models.people import BY_EMAIL, email_of
from unified_api.models.shapes import Object


class HrisModel(CommonModel):
    """A model of the HRIS category."""

    class Meta(CommonModel.Meta):
        abstract = True
        app_label = "hris"


class Employee(HrisModel):
    """A person who works, worked or will work for the company."""

    wire = Wire("employees", writes=("create",))

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
    ssn = Text(pii=True, sensitive=True)
    gender = Choice("MALE", "FEMALE", "NON-BINARY", "OTHER", "PREFER_NOT_TO_DISCLOSE", pii=True)
    ethnicity = Choice(
        "AMERICAN_INDIAN_OR_ALASKA_NATIVE",
        "ASIAN_OR_INDIAN_SUBCONTINENT",
        "BLACK_OR_AFRICAN_AMERICAN",
        "HISPANIC_OR_LATINO",
        "NATIVE_HAWAIIAN_OR_OTHER_PACIFIC_ISLANDER",
        "TWO_OR_MORE_RACES",
        "WHITE",
        "PREFER_NOT_TO_DISCLOSE",
        pii=True,
    )
    marital_status = Choice(
        "SINGLE",
        "MARRIED_FILING_JOINTLY",
        "MARRIED_FILING_SEPARATELY",
        "HEAD_OF_HOUSEHOLD",
        "QUALIFYING_WIDOW_OR_WIDOWER_WITH_DEPENDENT_CHILD",
        pii=True,
    )
    date_of_birth = Day(pii=True)
    hire_date = Day()
    start_date = Day(filter="started")
    remote_created_at = Instant(write="never")
    employment_status = Choice("ACTIVE", "PENDING", "INACTIVE", filter="employment_status")
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
    )
    pay_currency = Choice(*CURRENCIES)
    pay_group = Ref("hris.PayGroup")
    flsa_status = Choice("EXEMPT", "SALARIED_NONEXEMPT", "NONEXEMPT", "OWNER")
    effective_date = Day()
    employment_type = Choice("FULL_TIME", "PART_TIME", "INTERN", "CONTRACTOR", "FREELANCE")


class Location(HrisModel):
    """An address at which people work or live."""

    wire = Wire("locations")

    name = Text()
    phone_number = Text(pii=True)
    street_1 = Text(pii=True)
    street_2 = Text(pii=True)
    city = Text(pii=True)
    state = Text()
    zip_code = Text(pii=True)
    country = Choice(*COUNTRIES)
    location_type = Choice("HOME", "WORK", filter="location_type")


class Team(HrisModel):
    """People who work together."""

    wire = Wire("teams")

    name = Text()
    parent_team = Ref("hris.Team", filter="parent_team_id")


class Group(HrisModel):
    """A part of the company, of whatever kind: a department, a cost centre, a business unit."""

    wire = Wire("groups")

    group_url = Text()
    parent_group = Ref("hris.Group")
    name = Text(filter="names", any_of=True)
    type = Choice("TEAM", "DEPARTMENT", "COST_CENTER", "BUSINESS_UNIT", "GROUP", filter="types", any_of=True)
    is_commonly_used_as_team = Flag(filter="is_commonly_used_as_team")


class PayGroup(HrisModel):
    """Employees who are paid together."""

    wire = Wire("pay-groups")

    pay_group_name = Text()


class Company(HrisModel):
    """A legal entity that employs people."""

    wire = Wire("companies")

    legal_name = Text()
    display_name = Text()
    eins = Texts(pii=True)
