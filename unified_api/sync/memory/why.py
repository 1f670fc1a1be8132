"""Why a value is what it is: the change that made it so, and where that came from, across bridges to its beginning.

Each step is one change of one record. A step that a bridge wrote carries a value of its counterpart: the next step is
the change that gave the counterpart this value, before the write's answer was stored. Positions fall from step to
step, so every chain ends.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from unified_api.engine.merge import Rule
from unified_api.engine.values import MISSING
from unified_api.sync.memory import log
from unified_api.sync.memory.cause import Causes, reason
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Image
from unified_api.sync.models import Change, Run, Write
from unified_api.sync.models_bridge import Overruled, Pair
from unified_api.sync.models_plan import Plan


class End(StrEnum):
    """Why the last step is the last."""

    ORIGIN = "origin"  # somebody gave the value there: the account's own people, or a caller of the API
    LOG = "log ends"  # the log does not go back to it
    NO_COUNTERPART = "no counterpart"  # the record that it was carried from is not known any more
    NOT_VISIBLE = (
        "not visible"  # that record may not be read, or is of an account that the asker does not reach
    )


@dataclass(frozen=True)
class Step:
    """One change that gave a record the value, as JSON; `change` is None where the log does not go back to it.

    `write`: what wrote it, None for the account's own doing. `run`: what read it. `overruled`: the edit that gave way.
    `plan`: by which it was written. `beside`: of a field that nobody can write, the write with which the provider
    changed it.
    """

    subject: Subject
    value: Any
    change: Change | None = None
    run: Run | None = None
    write: Write | None = None
    overruled: Overruled | None = None
    plan: Plan | None = None
    beside: Write | None = None


@dataclass(frozen=True)
class Answer:
    """A field of a record, and the steps that led to its value now, newest first."""

    field: str
    steps: tuple[Step, ...]
    end: End


MaySee = Callable[[Subject], bool]
#: Rules under which a bridge writes a value that is none of the counterpart's.
_OWN: Final = frozenset({None, Rule.UNDO, Rule.REPLAY, Rule.CONSTANT})


def why(subject: Subject, field: str, *, may_see: MaySee = lambda _subject: True) -> Answer:
    """Why a field of a stored record has its value. `may_see`: whether a record may be told of."""
    value = Image.of(subject.row).values.get(field)
    steps = [_step(subject, field, value, _made(subject.record_id, field))]
    while not isinstance(found := _before(steps[-1], field, may_see), End):
        steps.append(found)
    return Answer(field, tuple(steps), found)


def _before(step: Step, field: str, may_see: MaySee) -> Step | End:
    """The step that this one follows from, or why there is none."""
    if step.change is None:
        return End.LOG
    write = step.write
    if write is None or write.pair_id is None or not _carries(write, field):
        return End.ORIGIN
    counterpart = _counterpart(write, step.subject.record_id)
    if counterpart is None:
        return End.NO_COUNTERPART
    if not may_see(counterpart):
        return End.NOT_VISIBLE
    carried = reason(write, field).get("source", MISSING)
    change = _gave(counterpart, field, carried, step.change.position)
    value = step.value if carried is MISSING else carried
    return _step(counterpart, field, value, change)


def _carries(write: Write, field: str) -> bool:
    """Whether a bridge's write brought a value of the counterpart; undo and replay do not."""
    return write.reasons is None or reason(write, field).get("rule") not in _OWN


def _step(subject: Subject, field: str, value: Any, change: Change | None) -> Step:
    if change is None:
        return Step(subject, value)
    causes = Causes.of([change])
    write = causes.write(change, field)
    overruled = causes.gave_way(write, field) if write else None
    plan = causes.plan(write) if write else None
    beside = causes.write(change) if subject.field(field).write == "never" else None
    return Step(subject, value, change, causes.run(change), write, overruled, plan, beside)


def _counterpart(write: Write, record_id: uuid.UUID) -> Subject | None:
    pair = Pair.objects.filter(id=write.pair_id).first()
    other = pair and (pair.record_b if pair.record_a == record_id else pair.record_a)
    return Subject.find(other) if other else None


def _made(record_id: uuid.UUID, field: str) -> Change | None:
    """The newest change of a field, or the creation if nothing changed it since."""
    return next(_setting(record_id, field), None)


def _setting(record_id: uuid.UUID, field: str, below: int | None = None) -> Iterator[Change]:
    """Entries that set a field, newest first: its changes, and last the creation."""
    for change in log.newest_first(record_id, field=field, below=below):
        if change.kind == "created" or field in change.fields:
            yield change


def _gave(subject: Subject, field: str, value: Any, below: int) -> Change | None:
    """The newest entry below a position that gave a field this value; the newest of all where none did, or MISSING."""
    newest, since = None, Image.of(subject.row).values.get(field)
    for change in _setting(subject.record_id, field, below):
        newest = newest or change
        given = change.fields[field][1] if field in change.fields else since
        if value is MISSING or log.same(subject.model, field, given, value):
            return change
        since = change.fields[field][0] if field in change.fields else since
    return newest
