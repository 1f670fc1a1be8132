"""Employees: as users of the CRM, and as what they are in the HRIS. Names and addresses of theirs are their party's."""

from __future__ import annotations

from typing import Any, Final

from integrations.kit.endpoints import DELETE, PUT, Api
from integrations.kit.lenses import at, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.kit.steps import owed
from integrations.providers.tryton import reach
from integrations.providers.tryton.asking import found, of_model
from integrations.providers.tryton.names import split
from integrations.providers.tryton.parties import PARTY, spelled, told_again
from integrations.providers.tryton.tagged import TaggedDayLens, untagged_day, when
from unified_api.models.crm import User
from unified_api.models.hris import Company, Employee

EMPLOYEE: Final = "company.employee"
_MECHANISMS: Final = f"party.{reach.MECHANISMS}."
_OF_PARTY: Final = ("party.name", *(f"{_MECHANISMS}{name}" for name in ("type", "value", "name", "active")))
_FIELDS: Final = ("active", "start_date", "end_date", "supervisor", "company", *_OF_PARTY)
_JOINED: Final = ("party.", _MECHANISMS)


def _shown(api: Api, employees: list[Any]) -> list[Any]:
    return [{**one, **_of_party(one["party"]), "status": _status(api, one)} for one in employees]


def _of_party(party: Any) -> dict[str, Any]:
    there = reach.active(party[reach.MECHANISMS])
    first = {kind: next((one["value"] for one in there if one["type"] == kind), None) for kind in _FIRST}
    return {"person": split(party["name"]), **first}


#: Of these kinds an employee has one: the first of the party.
_FIRST: Final = (reach.EMAIL, reach.MOBILE)


def _status(api: Api, employee: Any) -> str:
    """By the days; the server says who is active today."""
    if employee["active"]:
        return "ACTIVE"
    begins = employee["start_date"]
    return "PENDING" if begins and untagged_day(begins) > api.now().date() else "INACTIVE"


def party_of(api: Api, email: str) -> Any:
    """The contact mechanism that has an address, and in it the number of its party; None where nobody has it."""
    domain = [
        ["type", "=", reach.EMAIL],
        ["value", "in", sorted({email, email.lower()})],
        ["active", "=", True],
        ["party.active", "=", True],
    ]
    return next(iter(found(api, "party.contact_mechanism", domain, "party")), None)


def _said_of_party(said: dict[str, Any], party: Any) -> dict[str, Any]:
    """What is said of an employee as the party is told: of several addresses the first is meant."""
    there = reach.shown(party[reach.MECHANISMS]) if party else {"emails": [], "phones": []}
    told = {"person": said["person"]} if "person" in said else {}
    if reach.EMAIL in said:
        address = said[reach.EMAIL]
        told["emails"] = [{"email_address": address}] * bool(address) + there["emails"][1:]
    if reach.MOBILE in said:
        number, word = said[reach.MOBILE], "phone_number_type"
        mobiles = [one for one in there["phones"] if one.get(word) == "MOBILE"]
        others = [one for one in there["phones"] if one not in mobiles[:1]]
        told["phones"] = [{"phone_number": number, word: "MOBILE"}] * bool(number) + others
    return told


def _own(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in {"person", *_FIRST}}


def _make(api: Api, said: dict[str, Any]) -> str:
    """Of the party that has the address already, or of a new one."""
    known = party_of(api, said[reach.EMAIL])
    told = spelled(api, _said_of_party(said, None), None)
    party = known["party"] if known else api.send("POST", f"/{PARTY}", told)["id"]
    own = {"company": int(api.settings["company"]), **_own(said), "party": party}
    return str(api.send("POST", f"/{EMPLOYEE}", own)["id"])


def _change(api: Api, remote_id: str, said: dict[str, Any], current: Any) -> None:
    party = current["party"]
    if told := spelled(api, _said_of_party(said, party), {**party, **current, "addresses": []}):
        api.send("PUT", f"/{PARTY}/{int(party['id'])}", told)
    if own := _own(said):
        with owed(remote_id):
            api.send("PUT", f"/{EMPLOYEE}/{int(remote_id)}", own, repeatable=True)


users = of_model(
    Mapping(
        User,
        name=at("party.name", read_only=True),
        email=at(reach.EMAIL, read_only=True),
        is_active=compute(lambda one: dig(one, "active")),
    ),
    EMPLOYEE,
    _FIELDS,
    _JOINED,
    _shown,
    quotes={
        f"party.{reach.MECHANISMS}": told_again(User, email="value"),
        "person": told_again(User, name=""),
    },
)
employees = of_model(
    Mapping(
        Employee,
        company=ref("company", whole=True, create_only=True),
        display_full_name=at("party.name", read_only=True),
        first_name="person.first",
        last_name="person.last",
        work_email=reach.EMAIL,
        mobile_phone_number=reach.MOBILE,
        manager=ref("supervisor", whole=True),
        start_date=TaggedDayLens(path="start_date"),
        termination_date=TaggedDayLens(path="end_date"),
        employment_status=at("status", read_only=True),
        remote_created_at=when("create_date", read_only=True),
    ),
    EMPLOYEE,
    _FIELDS,
    _JOINED,
    _shown,
    create=_make,
    create_calls=3,
    update=PUT(f"/{EMPLOYEE}/{{remote_id}}", send=_change, calls=2),
    delete=DELETE(f"/{EMPLOYEE}/{{remote_id}}"),
    recognise=("work_email",),
    quotes={
        f"party.{reach.MECHANISMS}": told_again(Employee, work_email="value", mobile_phone_number="value"),
        "party.name": told_again(Employee, first_name="", last_name=""),
        "person": told_again(Employee, display_full_name=""),
    },
)
companies: Resource = of_model(
    Mapping(Company, legal_name=at("party.name", read_only=True)),
    "company.company",
    ("party.name",),
    ("party.",),
)
