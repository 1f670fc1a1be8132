"""What writes of a bridge did to a record, turned round: which values to put back, and what to leave alone.

A field goes back as far as these writes go without somebody else's edit between them: what people gave in between, and
what they gave since, stays. Old values are the log's, so they are what the record really said, in its own spelling.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from unified_api.engine.values import MISSING
from unified_api.sync.memory import log
from unified_api.sync.memory.cause import Causes
from unified_api.sync.memory.deeds import Deed
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Image, Presence
from unified_api.sync.models import Change


@dataclass(frozen=True)
class Put:
    """A field to put back: what it `was` when this was found out, which it has to be still, and the old `value`."""

    field: str
    was: Any
    value: Any


@dataclass(frozen=True)
class Left:
    """What is left alone, and why; without a field it is about the whole record."""

    field: str
    reason: str


@dataclass(frozen=True)
class Inverse:
    """What turns the writes of one record round."""

    puts: tuple[Put, ...]
    left: tuple[Left, ...]


def inverse(subject: Subject, deeds: Sequence[Deed]) -> Inverse:
    """The inverse of what was done to the record of `subject`, in any order."""
    whole = [Left("", _WHOLE[deed.write.operation]) for deed in deeds if deed.write.operation in _WHOLE]
    updates = [deed for deed in deeds if deed.write.operation == "update"]
    names = sorted({name for deed in updates for name in deed.fields})
    image = Image.of(subject.row)
    if image.presence is not Presence.PRESENT:
        gone = [Left("", "The record was deleted since.")] if names else []
        return Inverse((), (*whole, *gone))
    found = list(_turned(subject, image, names, updates))
    puts = tuple(one for one in found if isinstance(one, Put) and one.was != one.value)
    return Inverse(puts, (*whole, *(one for one in found if isinstance(one, Left))))


_WHOLE = {
    "create": "The record was created by it; an undo deletes nothing.",
    "delete": "The record was deleted by it; a restore brings it back.",
}


def _turned(
    subject: Subject, image: Image, names: Collection[str], deeds: Sequence[Deed]
) -> Iterator[Put | Left]:
    sent = [deed.write.sent_at for deed in deeds if deed.write.sent_at]
    entries = _since(subject.record_id, min(sent)) if sent else []
    causes = Causes.of(entries)
    meant = {(deed.write.id, name) for deed in deeds for name in deed.fields}

    def is_theirs(change: Change, name: str) -> bool:
        write = causes.write(change, name)
        return write is not None and (write.id, name) in meant

    for name in names:
        yield _back(entries, name, image.values.get(name), is_theirs)


def _since(record_id: uuid.UUID, moment: dt.datetime) -> list[Change]:
    """The entries of a record from a moment on, newest first."""
    return list(itertools.takewhile(lambda change: change.at >= moment, log.newest_first(record_id)))


def _back(
    entries: Sequence[Change], name: str, now: Any, is_theirs: Callable[[Change, str], bool]
) -> Put | Left:
    """How far a field goes back."""
    value: Any = MISSING
    for change in entries:
        if name in change.fields:
            if not is_theirs(change, name):
                break
            value = change.fields[name][0]
    if value is MISSING:
        return Left(name, "It was changed since, or is as it was before.")
    return Put(name, now, value)
