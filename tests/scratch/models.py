"""One class is a model; one line is a field."""

from __future__ import annotations

from unified_api.models.base import CommonModel, Wire
from unified_api.models.fields import Choice, Day, Ref, Text


class Locker(CommonModel):
    """Where an employee keeps their things."""

    wire = Wire("lockers", writes=("create", "update"), contract=False, category="hris")

    number = Text(filter="number")
    state = Choice("FREE", "TAKEN", filter="state")
    employee = Ref("hris.Employee", filter="employee_id")
    taken_on = Day(filter="taken")

    class Meta(CommonModel.Meta):
        app_label = "scratch"
