"""BambooHR, as its description has it.

https://documentation.bamboohr.com/docs/getting-started
"""

from __future__ import annotations

from typing import Final

from tests.emulators.vendor import Beyond, Limit, Routes, Vendor
from tests.emulators.vendors.bamboohr import absences, employees, fields, hooks, places, training
from tests.emulators.vendors.bamboohr.common import KEY, TOKEN, enters, error
from tests.emulators.world import World

__all__ = ["KEY", "TOKEN", "vendor"]

_CALCULATOR: Final = "/paths/~1api~1v1~1employees~1{employeeId}~1time_off~1calculator"

beyond: Final = Beyond(
    # Its own words say that the body may be empty.
    errata={f"{_CALCULATOR}/get/responses/404/content": {}},
)


def _seed(world: World) -> None:
    """A company of two, with a department, a division, and two fields of its own."""
    for alias, name in (("department", "Engineering"), ("department", "Sales"), ("division", "Europe")):
        fields.add_option(world, alias, name)
    fields.add_field(world, "T-Shirt", "list", "customTShirt")
    fields.add_field(world, "Badge", "text")
    places.add_place(world, "Lindon")
    home = {
        "address1": "7 Elm Street",
        "city": "Orem",
        "state": "UT",
        "zipcode": "84057",
        "country": "United States",
    }
    ada = employees.add_employee(
        world, "Ada", "Boss", workEmail="ada@acme.example", hireDate="2020-02-03", **home
    )
    ben = employees.add_employee(world, "Ben", "Former", workEmail="ben@acme.example", hireDate="2021-05-03")
    job = {"jobTitle": "Engineer", "department": "Engineering", "division": "Europe", "reportsTo": ada["id"]}
    employees.add_row(world, ben, "jobInfo", date="2021-05-03", location="Lindon", **job)
    employees.add_row(world, ben, "employmentStatus", date="2021-05-03", employmentStatus="Full-Time")
    employees.add_row(world, ben, "employmentStatus", date="2025-11-30", employmentStatus="Terminated")


vendor = Vendor(
    name="BambooHR",
    routes=Routes([r for m in (absences, employees, fields, hooks, places, training) for r in m.on.all]),
    deliveries=hooks.deliveries,
    error=error,
    enters=enters,
    seed=_seed,
    limits=(Limit("account", 600, 60, lambda _request: "all"),),
    official="bamboohr/bamboohr.openapi.json",
    beyond=beyond,
)
