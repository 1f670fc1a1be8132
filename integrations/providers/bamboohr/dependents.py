"""Dependents. Of their social security numbers the last digits alone are told: these are no numbers, and not kept."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.lenses import at, choice, compute, day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.values import plain
from unified_api.models.hris import Dependent

_DEPENDENTS = "/employeedependents"
_ITEMS = "Employee Dependents"
_MASKED = ("maskedSSN", "maskedSIN")
_KINDS = {"CHILD": "Child", "SPOUSE": "Spouse", "DOMESTIC_PARTNER": "Domestic Partner"}


def _shown(_api: Api, items: list[Any]) -> list[Any]:
    return [{key: value for key, value in plain(one).items() if key not in _MASKED} for one in items]


def _find(api: Api, remote_id: str) -> Any:
    found = _shown(api, api.get(_DEPENDENTS)[_ITEMS])
    return next((one for one in found if str(one["id"]) == remote_id), None)


def _is_student(told: Any) -> Any:
    found = dig(told, "isStudent")
    return found if found in (None, MISSING) else found == "yes"


dependents = Resource(
    mapping=Mapping(
        Dependent,
        first_name=at("firstName", read_only=True),
        middle_name=at("middleName", read_only=True),
        last_name=at("lastName", read_only=True),
        relationship=choice("relationship", _KINDS, read_only=True),
        employee=ref("employeeId", read_only=True),
        date_of_birth=day("dateOfBirth", read_only=True),
        gender=choice("gender", {"MALE": "Male", "FEMALE": "Female"}, read_only=True),
        phone_number=at("homePhone", read_only=True),
        is_student=compute(_is_student),
    ),
    list=GET(_DEPENDENTS, items=_ITEMS, paging=Whole(), then=_shown),
    get=GET(f"{_DEPENDENTS}/{{remote_id}}", find=_find),
    frequency=21_600.0,
)
