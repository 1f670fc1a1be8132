"""Training: what people are to learn, and what became of it. Ours, beyond the wire contract.

A completion names an employee, so accounts of the HRIS category hold these models, beside the employees.
"""

from __future__ import annotations

from unified_api.models.base import CommonModel, Wire
from unified_api.models.fields import Choice, Flag, Instant, Number, Ref, Text, Whole


class TrainingModel(CommonModel):
    """A model of training."""

    class Meta(CommonModel.Meta):
        abstract = True
        app_label = "training"


class TrainingCourse(TrainingModel):
    """Something that can be learned: a course, a module, a certificate."""

    wire = Wire("training-courses", writes=("create", "update"), contract=False, category="hris")

    name = Text(filter="name")
    code = Text(filter="code")
    description = Text()
    url = Text()
    duration_minutes = Whole()
    is_mandatory = Flag(filter="is_mandatory")
    is_active = Flag(filter="is_active")
    remote_created_at = Instant(write="never")
    remote_updated_at = Instant(write="never")


class TrainingCompletion(TrainingModel):
    """One employee's way through one course. `score`: in percent. `expires_at`: until when what was learned counts."""

    wire = Wire("training-completions", writes=("create", "update"), contract=False, category="hris")

    employee = Ref("hris.Employee", filter="employee_id", pii=True)
    course = Ref("training.TrainingCourse", filter="course_id")
    status = Choice(
        "ASSIGNED",
        "IN_PROGRESS",
        "COMPLETED",
        "FAILED",
        "OVERDUE",
        "EXPIRED",
        "CANCELLED",
        filter="status",
    )
    assigned_at = Instant(filter="assigned")
    started_at = Instant()
    completed_at = Instant(filter="completed")
    due_at = Instant(filter="due")
    expires_at = Instant(filter="expires")
    score = Number()
    attempts = Whole()
    certificate_url = Text()
    remote_created_at = Instant(write="never")
    remote_updated_at = Instant(write="never")
