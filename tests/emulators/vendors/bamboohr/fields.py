"""What an account has of fields, and of words in its lists."""

from __future__ import annotations

from typing import Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.bamboohr.common import API, formatted
from tests.emulators.world import Record, World

on: Final = Routes()
#: Fields of every account: alias and type.
STANDARD: Final = {
    **dict.fromkeys(
        (
            *("employeeNumber", "firstName", "middleName", "lastName", "preferredName", "displayName"),
            *("address1", "address2", "city", "state", "zipcode", "country", "ssn", "payRate"),
        ),
        "text",
    ),
    **dict.fromkeys(("workEmail", "homeEmail"), "email"),
    **dict.fromkeys(("workPhone", "mobilePhone", "homePhone"), "phone"),
    **dict.fromkeys(("dateOfBirth", "hireDate", "originalHireDate", "terminationDate"), "date"),
    **dict.fromkeys(
        (
            *("gender", "ethnicity", "maritalStatus", "status", "jobTitle", "department", "division"),
            *("location", "employmentHistoryStatus"),
        ),
        "list",
    ),
    **dict.fromkeys(("departmentId", "divisionId", "locationId", "reportsToId"), "integer"),
    "photoUrl": "photo",
    "lastChanged": "timestamp",
}
_LISTS: Final = {4: "department", 1355: "division", 18: "location", 17: "jobTitle"}


def add_field(world: World, name: str, kind: str, alias: str | None = None) -> Record:
    """A field that the customer made; not all have an alias."""
    told = {"alias": alias} if alias else {}
    return world.add("field", {"id": 4500 + world.next_id("field"), "name": name, "type": kind, **told})


def add_option(world: World, alias: str, name: str, *, archived: bool = False) -> Record:
    """A word in a list."""
    facts = {"id": world.next_id("option"), "name": name, "archived": "yes" if archived else "no"}
    return world.add("option", {**facts, "createdDate": None, "archivedDate": None, "_list": alias})


def option_of(world: World, alias: str, name: str | None) -> str:
    """The id of a word, as fields of employees show it."""
    found = (one for one in world.rows("option") if (one["_list"], one["name"]) == (alias, name))
    return next((str(one["id"]) for one in found), "")


def known(world: World) -> set[str]:
    """The names by which fields can be asked for."""
    own = {str(one["id"]) for one in world.rows("field")}
    return {*STANDARD, *own, *(one["alias"] for one in world.rows("field") if "alias" in one)}


@on("GET", f"{API}/meta/fields")
def list_fields(world: World, request: Request) -> Answer:
    """All fields; those in tables have ids of two parts."""
    usual = [
        {"id": number, "name": alias, "type": kind, "alias": alias}
        for number, (alias, kind) in enumerate(STANDARD.items(), start=1)
    ]
    inside = {"id": "4340.4", "name": "Emergency contact: name", "type": "text"}
    old = {"id": 1360, "name": "Twitter", "type": "text", "alias": "customTwitter", "deprecated": True}
    return formatted(request, [*usual, inside, old, *world.rows("field")])


@on("GET", f"{API}/meta/lists")
def list_lists(world: World, request: Request) -> Answer:
    """All lists with their words, the customer's own among them."""
    own = {one["id"]: one.get("alias", "") for one in world.rows("field") if one["type"] == "list"}
    return formatted(request, [_list(world, number, alias) for number, alias in {**_LISTS, **own}.items()])


def _list(world: World, number: int, alias: str) -> Record:
    words = [one for one in world.rows("option") if one["_list"] == alias]
    shown = [{key: value for key, value in one.items() if key != "_list"} for one in words]
    facts = {"fieldId": str(number), "name": alias.title(), "alias": alias}
    return {**facts, "manageable": "yes", "multiple": "no", "options": shown}
