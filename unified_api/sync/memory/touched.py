"""What others than the bridge did since to a record that it made: then an undo does not delete it.

They edited it, or added what goes with it: comments, files, whatever refers to it. What is added is looked for among
the records of its account that came since, so work grows with these.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Mapping

from django.db.models import Q

from unified_api.models.base import CommonModel, common_models, model_id, relations, wire_fields
from unified_api.models.fields import Refs
from unified_api.sync.memory import log
from unified_api.sync.memory.cause import Causes
from unified_api.sync.memory.subject import Subject
from unified_api.sync.models import Change, Write, WriteState


def is_touched(record_id: uuid.UUID, bridge_id: uuid.UUID) -> bool:
    """Whether anybody has edited a record since a bridge made it, or added to it."""
    subject = Subject.find(record_id)
    return subject is not None and bool(edited(subject, bridge_id) or added(subject))


def edited(subject: Subject, bridge_id: uuid.UUID | None) -> tuple[str, ...]:
    """What somebody else than the bridge has changed since the record was made, of all that can be written."""
    entries = list(
        itertools.takewhile(lambda change: change.kind == "updated", log.newest_first(subject.record_id))
    )
    causes = Causes.of(entries)
    writable = {name for name, field in wire_fields(subject.model).items() if field.write != "never"}
    found = set()
    for change in entries:
        for name in writable & change.fields.keys():
            write = causes.write(change, name)
            if write is None or write.bridge_id != bridge_id:
                found.add(name)
    return tuple(sorted(found))


def added(subject: Subject) -> Mapping[str, int]:
    """By model, how many records refer to this one that no bridge has made."""
    found = {}
    for model in common_models():
        ids = _referring(subject, model)
        count = len(ids - _made_by_bridges(ids))
        if count:
            found[model_id(model)] = count
    return found


def _referring(subject: Subject, model: type[CommonModel]) -> set[uuid.UUID]:
    """The records of a model that came since, and name this one."""
    names = {
        f"{name}__contains" if isinstance(field, Refs) else name: isinstance(field, Refs)
        for name, field in relations(model).items()
        if field.to == model_id(subject.model)
    }
    if subject.row is None or not names:
        return set()
    record = subject.record_id
    told = Q()
    for name, is_list in names.items():
        told |= Q(**{name: [record] if is_list else record})
    there = model.objects.filter(
        linked_account_id=subject.account_id,
        created_at__gte=subject.row.created_at,
        remote_was_deleted=False,
        is_shell=False,
    )
    return set(there.filter(told).values_list("id", flat=True))


def _made_by_bridges(records: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those that a bridge created, or that came with the answer to its write, as a ticket's first comment does."""
    if not records:
        return set()
    writes = Write.objects.exclude(bridge_id=None)
    made = writes.filter(record_id__in=records, operation="create", state=WriteState.DONE)
    came = Change.objects.filter(record_id__in=records, kind="created", write_id__in=writes.values("id"))
    return {*made.values_list("record_id", flat=True), *came.values_list("record_id", flat=True)}
