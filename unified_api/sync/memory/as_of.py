"""A record as it was at any time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from unified_api.sync.memory import log
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Image, Presence
from unified_api.sync.models import Change


@dataclass(frozen=True)
class Sight:
    """A record as it was. `position`, `modified_at`: of the entry that made it so; None where no entry is known.

    `known_from`: for what the log does not tell any more, the first moment of which it does.
    """

    image: Image
    position: int | None = None
    modified_at: dt.datetime | None = None
    known_from: dt.datetime | None = None


def as_of(subject: Subject, moment: dt.datetime) -> Sight:
    """The record as it was stored at a moment, entries with that very stamp included.

    Of a moment that is over, the answer is final once no commit is in flight: call
    `feed.wait_for_commits_in_flight` before the transaction. One that is still to come shows what is now.
    """
    return _back(subject, lambda entry: entry.at <= moment) or _before_the_log(subject, moment)


def at_position(subject: Subject, position: int) -> Sight:
    """The record as it was when the log had this position."""
    return _back(subject, lambda entry: entry.position <= position) or Sight(Image(Presence.UNKNOWN))


def _back(subject: Subject, is_reached: Callable[[Change], bool]) -> Sight | None:
    """Back to the first entry that is reached; None where the log ends before."""
    image = Image.of(subject.row)
    if image.presence is Presence.ERASED:
        return Sight(image)
    for entry in log.newest_first(subject.record_id):
        if is_reached(entry):
            return Sight(image, entry.position, entry.at)
        image = image.before(entry)
        if image.presence is Presence.NOT_CREATED:
            return Sight(image)
    return None


def _before_the_log(subject: Subject, moment: dt.datetime) -> Sight:
    """What can be said of a record whose log does not reach back to the moment."""
    row = subject.row
    assert row is not None  # noqa: S101 - what was erased is told before
    if row.is_shell:
        return Sight(Image.of(row) if moment >= row.created_at else Image(Presence.NOT_CREATED))
    oldest = log.entries(subject.record_id).order_by("position").first()
    known_from = oldest.at if oldest else row.modified_at
    if moment >= known_from:
        return Sight(Image.of(row), None, row.modified_at)
    return Sight(Image(Presence.UNKNOWN), known_from=known_from)
