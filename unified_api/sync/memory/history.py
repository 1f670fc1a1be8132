"""The history of a record or of one of its fields, newest first, each entry with who and what is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unified_api.models.base import CUSTOM, wire_fields
from unified_api.sync.memory import log, shown
from unified_api.sync.memory.as_of import at_position
from unified_api.sync.memory.cause import Causes, by, reason
from unified_api.sync.memory.shown import Document
from unified_api.sync.memory.subject import Subject
from unified_api.sync.models import Change, Run, Write
from unified_api.sync.models_plan import Plan


def entries(
    subject: Subject, field: str | None, *, beyond: int | None, backwards: bool, limit: int
) -> list[Change]:
    """Entries older than the one at position `beyond`, nearest first; backwards those that are newer."""
    if backwards:
        return list(log.entries(subject.record_id, field=field, above=beyond).order_by("position")[:limit])
    return list(log.entries(subject.record_id, field=field, below=beyond).order_by("-position")[:limit])


def told(subject: Subject, changes: Sequence[Change], field: str | None = None) -> list[Document]:
    """Entries of a record as documents; with `field`, with that field alone."""
    causes = Causes.of(changes)
    return [_told(subject, change, causes, field) for change in changes]


def cause(entry: Document) -> str:
    """Who and what is behind an entry, in words."""
    write, run = entry["write"], entry["run"]
    if write:
        who = f"bridge {write['bridge_id']}" if write["bridge_id"] else f"{write['source']} {write['actor']}"
        people = {"approved by": write["approved_by"], "settled by": write["settled_by"]}
        behind = "".join(f", {what} {person}" for what, person in people.items() if person)
        return f"by {who} (write {write['id']}{behind})"
    read = f", read by run {run['id']}" if run else ""
    return f"by the account ({entry['source']}{read})"


def _told(subject: Subject, change: Change, causes: Causes, field: str | None) -> Document:
    run, write = causes.run(change), causes.write(change)
    names = wire_fields(subject.model)
    values = _creation(subject, change) if change.kind == "created" else change.fields
    custom = [name for name in values if name.startswith(CUSTOM)]
    return {
        "position": change.position,
        "at": shown.instant(change.at),
        "kind": change.kind,
        "source": change.source,
        "by": by(write),
        "fields": {
            name: _field(subject, change, name, values[name], causes)
            for name in (*names, *custom)
            if field in {None, name} and name in values
        },
        "run": run and run_document(run),
        "write": write and write_document(write, causes.plan(write)),
    }


def _creation(subject: Subject, change: Change) -> Mapping[str, Sequence[Any]]:
    """What a record was created with, which the log does not hold."""
    values = at_position(subject, change.position).image.values
    return {name: (None, value) for name, value in values.items() if value is not None}


def _field(subject: Subject, change: Change, name: str, was_is: Sequence[Any], causes: Causes) -> Document:
    field, write = subject.field(name), causes.write(change, name)
    gave_way = write and causes.gave_way(write, name)
    return {
        **shown.change(field, *was_is),
        "by": by(write),
        "rule": reason(write, name).get("rule") if write else None,
        "overruled": shown.value(field, gave_way.value) if gave_way else None,
        "is_overruling": gave_way is not None,
    }


def run_document(run: Run) -> Document:
    """A run, as far as a change is concerned."""
    return {"id": str(run.id), "mode": run.mode, "started": shown.instant(run.started)}


def write_document(write: Write, plan: Plan | None) -> Document:
    """A write, as far as a change is concerned. `approved_by`, `settled_by`: people who stand behind it."""
    names = ("operation", "source", "actor", "state", "settled_by")
    ids = {name: str(known) if (known := getattr(write, name)) else None for name in ("bridge_id", "pair_id")}
    return {
        "id": str(write.id),
        **{name: getattr(write, name) for name in names},
        **ids,
        "journalled_at": shown.instant(write.journalled_at),
        "plan_id": str(plan.id) if plan else None,
        "approved_by": plan and plan.approved_by,
    }
