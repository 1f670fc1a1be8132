"""Employees. What of them has a history (job, pay, status) shows what holds today, and is not written here."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, POST, Api, Since
from integrations.kit.errors import Forbidden, Gone
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lenses import at, choice, compute, day, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.reading import FIELDS, OWN, details, find, own_key
from integrations.providers.bamboohr.values import spelled
from integrations.providers.bamboohr.walking import REPORT, ids, walk
from unified_api.models.hris import Employee

_SIZE = 100
#: Of a create whose answer was lost, so many are looked at, newest first.
_NEWEST = 50
#: Types of fields whose values are words of a list; and where these stand in a field here.
_OF_LISTS, _WORDS = ("list", "multilist"), "words"
_KINDS: dict[str, Kind] = {
    "checkbox": "bool",
    "bool": "bool",
    "date": "date",
    "integer": "number",
    "int": "number",
    "percentage": "number",
    "multilist": "list",
}


def _changed(api: Api, items: list[Any]) -> list[Any]:
    """Those that changed, as they are by now, and those that were deleted."""
    gone = [{"id": one["id"], "gone": True} for one in items if one["action"] == "Deleted"]
    there = [str(one["id"]) for one in items if one["action"] != "Deleted"]
    parts = [there[start : start + _SIZE] for start in range(0, len(there), _SIZE)]
    return [*gone, *(one for part in parts for one in details(api, part))]


def _newest(api: Api, items: list[Any]) -> list[Any]:
    latest = sorted((str(one["id"]) for one in items), key=int, reverse=True)[:_NEWEST]
    return sorted(details(api, latest), key=lambda one: int(one["id"]), reverse=True)


def _body(fields: dict[str, Any], _current: Any) -> dict[str, Any]:
    return {**{name: value for name, value in fields.items() if name != OWN}, **fields.get(OWN, {})}


def _with_words(api: Api, fields: list[Any]) -> list[Any]:
    """Fields, those of lists with the words that can be chosen: another one might become a new word there."""
    if not any(one["type"] in _OF_LISTS and own_key(one) for one in fields):
        return fields
    try:
        lists = api.get("/meta/lists")
    except (Forbidden, Gone):
        return fields
    words = {
        str(one["fieldId"]): [word["name"] for word in one["options"] if word.get("archived") != "yes"]
        for one in lists
    }
    return [{**one, _WORDS: words.get(str(one["id"]), [])} for one in fields]


def _field(told: Any) -> FieldClass | None:
    key = own_key(told)
    if key is None:
        return None
    kind = _KINDS.get(told["type"], "string")
    return FieldClass(
        key=key,
        name=told["name"],
        kind=kind,
        kind_of_items="string" if kind == "list" else None,
        choices=[(word, word) for word in told.get(_WORDS, ())],
        is_custom=True,
    )


_GENDERS = {"MALE": "Male", "FEMALE": "Female", "NON-BINARY": ("Non-binary", "Nonbinary"), "OTHER": "Other"}
_ORIGINS = {
    "AMERICAN_INDIAN_OR_ALASKA_NATIVE": "American Indian or Alaska Native",
    "ASIAN_OR_INDIAN_SUBCONTINENT": "Asian",
    "BLACK_OR_AFRICAN_AMERICAN": "Black or African American",
    "HISPANIC_OR_LATINO": "Hispanic or Latino",
    "NATIVE_HAWAIIAN_OR_OTHER_PACIFIC_ISLANDER": "Native Hawaiian or Other Pacific Islander",
    "TWO_OR_MORE_RACES": "Two or More Races",
    "WHITE": "White",
    "PREFER_NOT_TO_DISCLOSE": "Decline to answer",
}
_STANDING = {"ACTIVE": "Active", "PENDING": "Pending", "INACTIVE": "Inactive"}

employees = Resource(
    mapping=Mapping(
        Employee,
        gone="gone",
        employee_number="employeeNumber",
        first_name="firstName",
        last_name="lastName",
        preferred_name="preferredName",
        display_full_name=at("displayName", read_only=True),
        groups=compute(lambda told: dig(told, "groups")),
        work_email="workEmail",
        personal_email="homeEmail",
        mobile_phone_number="mobilePhone",
        home_location=ref("home", read_only=True),
        work_location=ref("locationId", read_only=True),
        manager=ref("reportsToId", read_only=True),
        ssn="ssn",
        gender=choice("gender", _GENDERS),
        ethnicity=choice("ethnicity", _ORIGINS),
        marital_status=choice("maritalStatus", {"SINGLE": "Single"}),
        date_of_birth=day("dateOfBirth"),
        hire_date=day("hireDate"),
        start_date=day("hireDate", read_only=True),
        employment_status=choice("standing", _STANDING, read_only=True),
        termination_date=day("terminationDate", read_only=True),
        avatar=at("photoUrl", read_only=True),
    ),
    list=walk(_SIZE, details, calls=1),
    changes=GET(
        "/employees/changed",
        items="employees",
        keyed=True,
        since=Since("since", spell=spelled, stamp=instant("lastChanged")),
        then=_changed,
        calls=2,
    ),
    get=GET("/employees/{remote_id}", find=find),
    create=POST("/employees", located=r"(\d+)\D*$", body=_body),
    update=POST("/employees/{remote_id}", null="", body=_body, repeatable=True),
    recent=GET(REPORT, items="employees", body=ids, then=_newest, calls=2),
    tables=(FIELDS,),
    recognise=("first_name", "last_name"),
    tells_apart=("work_email",),
    custom=(f"{OWN}.",),
    field_classes=FieldClasses(
        get=GET("/meta/fields", items="", then=_with_words, calls=1), read=_field, within=OWN
    ),
)
