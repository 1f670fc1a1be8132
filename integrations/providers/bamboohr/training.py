"""Training types as courses, and training records as completions.

A record has no address to be read at, and only its employee's list shows it: here its id is that of its employee and
its own. It says when something was completed; that it was failed, and with which score, has no field there, and stands
in its notes, in lines of its own. BambooHR counts such a record as completed all the same, so that failures are written
only for accounts that say so.
"""

from __future__ import annotations

import re
from typing import Any

from integrations.kit.endpoints import DELETE, GET, POST, PUT, Api
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, on_day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.provider import Resource
from integrations.providers.bamboohr.values import is_employee, plain
from integrations.providers.bamboohr.walking import values_of, walk
from unified_api.models.training import TrainingCompletion, TrainingCourse

#: The setting that lets failures be written, and the value that does.
FAILURES, NOTED = "failures", "notes"
_TYPES = "/training/type"
_RECORDS = "/training/record"
#: Under which a record says what its notes tell.
_SAID = "said"
_COMPLETED, _FAILED = "COMPLETED", "FAILED"
_FAILED_LINE = "Failed"
#: People write notes as well: what is no number, or an endless one, is no score.
_SCORE = re.compile(r"Score: (-?[0-9]{1,16}(?:\.[0-9]+)?(?:e[+-][0-9]{1,2})?) %")
#: Employees of a page, of whom each takes a request.
_SIZE = 25


def _course(api: Api, remote_id: str) -> Any:
    return next((one for one in values_of(api.get(_TYPES)) if str(one["id"]) == remote_id), None)


def _records(_api: Api, items: list[Any]) -> list[Any]:
    return sorted((_known(one) for one in items), key=lambda one: int(one["own"]), reverse=True)


def _known(record: Any) -> dict[str, Any]:
    """A record under the id of its employee and its own, with what its notes tell."""
    own, employee = str(record["id"]), str(record["employeeId"])
    return {
        **plain(record),
        "id": f"{employee}-{own}",
        "own": own,
        "type": str(record["type"]),
        _SAID: _said(record),
    }


def _of_employee(api: Api, employee: str) -> list[Any]:
    return _records(api, values_of(api.get(f"{_RECORDS}/employee/{int(employee)}")))


def _of_each(api: Api, employees: list[str]) -> list[Any]:
    return [one for who in employees for one in _of_employee(api, who)]


def _find(api: Api, remote_id: str) -> Any:
    employee = remote_id.partition("-")[0]
    if not is_employee(employee):
        return None
    return next((one for one in _of_employee(api, employee) if one["id"] == remote_id), None)


def _said(record: Any) -> dict[str, Any]:
    lines = (record.get("notes") or "").splitlines()
    scores = [float(found[1]) for line in lines if (found := _SCORE.fullmatch(line))]
    return {
        "status": _FAILED if _FAILED_LINE in lines else _COMPLETED,
        "score": scores[0] if scores else None,
    }


def _notes(said: dict[str, Any], before: str | None) -> str:
    """Notes that tell this, with whatever else stands in them."""
    others = [
        line for line in (before or "").splitlines() if line != _FAILED_LINE and not _SCORE.fullmatch(line)
    ]
    failed = [_FAILED_LINE] if said.get("status") == _FAILED else []
    score = (
        [f"Score: {float(said['score'])!r} %".replace(".0 %", " %")] if said.get("score") is not None else []
    )
    return "\n".join([*failed, *score, *others])


def _body(api: Api, fields: dict[str, Any], current: Any) -> dict[str, Any]:
    wanted = fields.pop(_SAID, {})
    if wanted.get("status") == _FAILED and api.settings.get(FAILURES) != NOTED:
        why = f"a failure would count as completed there; the account's setting {FAILURES} lets it be written"
        raise Rejected("the completion cannot be written like this", fields={"status": why})
    before = current.get("notes") if current else None
    notes = _notes({**(current[_SAID] if current else {}), **wanted}, before)
    return {**fields, **({"notes": notes} if notes != (before or "") else {})}


def _make(api: Api, fields: dict[str, Any]) -> str:
    told = str(fields.pop("employeeId"))
    if not is_employee(told):
        raise Rejected(
            "the completion is nobody's", fields={"employee": "this is the id of no employee there"}
        )
    employee = int(told)
    made = api.send("POST", f"{_RECORDS}/employee/{employee}", _body(api, fields, None))
    return f"{employee}-{made['id']}"


def _change(api: Api, _remote_id: str, fields: dict[str, Any], current: Any) -> None:
    """The day is asked for in every change."""
    told = {"completed": current["completed"], **_body(api, fields, current)}
    api.send("PUT", f"{_RECORDS}/{int(current['own'])}", told, repeatable=True)


courses = Resource(
    mapping=Mapping(
        TrainingCourse,
        name="name",
        description="description",
        url="linkUrl",
        is_mandatory="required",
    ),
    list=GET(_TYPES, items="", keyed=True, paging=Whole()),
    get=GET(_TYPES, find=_course),
    create=POST(_TYPES, answer=""),
    update=PUT(f"{_TYPES}/{{remote_id}}", answer="", null=""),
    delete=DELETE(f"{_TYPES}/{{remote_id}}"),
    recent=GET(_TYPES, items="", keyed=True),
    recognise=("name",),
    frequency=3_600.0,
)
completions = Resource(
    mapping=Mapping(
        TrainingCompletion,
        employee=ref("employeeId", create_only=True),
        course=ref("type", whole=True, create_only=True),
        status=choice(f"{_SAID}.status", {_COMPLETED: _COMPLETED, _FAILED: _FAILED}),
        completed_at=on_day("completed"),
        score=at(f"{_SAID}.score"),
    ),
    list=walk(_SIZE, _of_each, calls=_SIZE),
    get=GET(f"{_RECORDS}/employee/{{employee}}", find=_find),
    create=_make,
    update=PUT(f"{_RECORDS}/{{remote_id}}", send=_change),
    recent=GET(
        f"{_RECORDS}/employee/{{employee}}", items="", keyed=True, params={"type": "{course}"}, then=_records
    ),
    recognise=("employee", "course"),
    tells_apart=("completed_at",),
    required=("completed_at",),
    frequency=3_600.0,
)
