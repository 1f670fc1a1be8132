"""When people work, and when they do not."""

from __future__ import annotations

from typing import Final

from unified_api.models.base import Wire, in_order_of
from unified_api.models.fields import Choice, Instant, Number, Ref, Text
from unified_api.models.hris.category import HrisModel

_REASONS: Final = ("VACATION", "SICK", "PERSONAL", "JURY_DUTY", "VOLUNTEER", "BEREAVEMENT")


class TimeOff(HrisModel):
    """Time that an employee asked to have off. `amount`: of the units."""

    wire = Wire("time-off", writes=("create",))

    employee = Ref("hris.Employee", filter="employee_id")
    approver = Ref("hris.Employee", filter="approver_id")
    status = Choice(
        "REQUESTED", "APPROVED", "DECLINED", "CANCELLED", "DELETED", filter="status", origins=True
    )
    employee_note = Text(pii=True)
    units = Choice("HOURS", "DAYS", origins=True)
    amount = Number()
    request_type = Choice(*_REASONS, filter="request_type", origins=True, pii=True)
    start_time = Instant(filter="started")
    end_time = Instant(filter="ended")


class TimeOffBalance(HrisModel):
    """How much time off of one kind an employee has left, and how much was taken."""

    wire = Wire("time-off-balances")

    employee = Ref("hris.Employee", filter="employee_id")
    balance = Number()
    used = Number()
    policy_type = Choice(*_REASONS, filter="policy_type", origins=True)


class TimesheetEntry(HrisModel):
    """Hours that an employee worked."""

    wire = Wire("timesheet-entries", writes=("create",))

    employee = Ref("hris.Employee", filter="employee_id")
    hours_worked = Number()
    start_time = Instant(filter="started", orders=True)
    end_time = Instant(filter="ended")

    class Meta(HrisModel.Meta):
        indexes = [*HrisModel.Meta.indexes, in_order_of("start_time", "timestamptz")]
