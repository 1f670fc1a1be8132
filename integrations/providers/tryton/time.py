"""Time that employees spent, each line on one day and on one work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.kit.endpoints import DELETE, POST, PUT
from integrations.kit.lenses import ref
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.providers.tryton.asking import of_model
from integrations.providers.tryton.tagged import HoursLens, day_of
from unified_api.models.hris import TimesheetEntry

_LINE: Final = "timesheet.line"
_ONE: Final = f"/{_LINE}/{{remote_id}}"


def _defaults(settings: Mapping[str, str]) -> dict[str, Any]:
    """The company, and the work that the account names; without one, Tryton says that it wants one."""
    work = settings.get("timesheet_work")
    return {"company": int(settings["company"]), **({"work": int(work)} if work else {})}


timesheet_entries = of_model(
    FieldMapping(
        TimesheetEntry,
        employee=ref("employee", whole=True),
        hours_worked=HoursLens(path="duration"),
        start_time=day_of("date"),
    ),
    _LINE,
    ("employee", "duration", "date"),
    create=POST(f"/{_LINE}"),
    update=PUT(_ONE),
    delete=DELETE(_ONE),
    recognise=("employee", "hours_worked", "start_time"),
    defaults=_defaults,
)
