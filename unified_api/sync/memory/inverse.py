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
from unified_api.sync.memory.touched import added, edited
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
    """What turns the writes of one record round.

    deletes: the record was made by them, and nobody has edited it since, or added to it. edited: what people have
    edited since it was made, so that it stays. restores: it was deleted by them.
    """

    puts: tuple[Put, ...] = ()
    left: tuple[Left, ...] = ()
    deletes: bool = False
    edited: tuple[str, ...] = ()
    restores: bool = False


_GONE = Left("", "The record was deleted since.")
_THERE = Left("", "It was deleted by it, and is there again.")
_CAME_AND_WENT = Left("", "It was created by it, and deleted by it again.")


def inverse(subject: Subject, deeds: Sequence[Deed]) -> Inverse:
    """The inverse of what was done to the record of `subject`, in any order."""
    done = {deed.write.operation for deed in deeds}
    image = Image.of(subject.row)
    is_there = image.presence is Presence.PRESENT
    if "delete" in done and not is_there:
        gone = image.presence is Presence.DELETED and "create" not in done
        return Inverse(restores=True) if gone else Inverse(left=(_CAME_AND_WENT,))
    if not is_there:
        return Inverse(left=(_GONE,))
    changed = edited(subject, deeds[0].write.bridge_id) if "create" in done else ()
    more = list(_added(subject)) if "create" in done else []
    if "create" in done and not (changed or more):
        return Inverse(deletes=True)
    updates = [deed for deed in deeds if deed.write.operation == "update"]
    names = sorted({name for deed in updates for name in deed.fields})
    found = list(_turned(subject, image, names, updates))
    puts = tuple(one for one in found if isinstance(one, Put) and one.was != one.value)
    left = [*more, *([_THERE] if "delete" in done else []), *(one for one in found if isinstance(one, Left))]
    return Inverse(puts, tuple(left), edited=changed)


def _added(subject: Subject) -> Iterator[Left]:
    """What people have added to it, in words."""
    found = ", ".join(f"{count} of {model}" for model, count in added(subject).items())
    if found:
        yield Left(
            "",
            f"The record was created by it, and others refer to it since: {found}. An undo does not delete it.",
        )


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
