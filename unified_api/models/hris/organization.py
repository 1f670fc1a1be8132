"""What employees belong to: companies, teams, groups, places, and those who are paid together."""

from __future__ import annotations

from unified_api.models.base import Wire
from unified_api.models.codes import COUNTRIES
from unified_api.models.fields import Choice, Flag, Ref, Text, Texts
from unified_api.models.hris.category import HrisModel


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
    country = Choice(*COUNTRIES, origins=True)
    location_type = Choice("HOME", "WORK", filter="location_type", origins=True)


class Team(HrisModel):
    """People who work together."""

    wire = Wire("teams")

    name = Text()
    parent_team = Ref("hris.Team", filter="parent_team_id")


class Group(HrisModel):
    """A part of the company, of whatever kind: a department, a cost centre, a business unit."""

    wire = Wire("groups", listed=("type",))

    group_url = Text()
    parent_group = Ref("hris.Group", expands=False)
    name = Text(filter="names", any_of=True)
    type = Choice(
        "TEAM",
        "DEPARTMENT",
        "COST_CENTER",
        "BUSINESS_UNIT",
        "GROUP",
        filter="types",
        any_of=True,
        origins=True,
    )
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
