"""Every version that a ticket ever had at its server: triggers in the server's own database write them down.

So who overwrote what is read from the store itself, in the order in which it happened there, and not guessed from the
times of answers. The servers do not know of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.remotes import Remote

_NOW: Final = "(julianday('now') - 2440587.5) * 86400.0"


@dataclass(frozen=True)
class Version:
    """A ticket after one change.

    at: by our monotonic clock, when the server told its database, just before it became true. spelled: the values by
    the names of the server's API; words: those of the common model.
    """

    remote_id: str
    at: float
    spelled: Mapping[str, Any]
    words: Mapping[str, str | None]


def watch(remote: Remote) -> None:
    """Write down what is there, and every change from here on."""
    columns = ", ".join(remote.columns.values())
    new = ", ".join(f"NEW.{column}" for column in remote.columns.values())
    note = f"INSERT INTO harness_version (ticket, at, {columns})"
    after = f"BEGIN {note} VALUES (NEW.id, {_NOW}, {new}); END"
    remote.alter(
        f"CREATE TABLE harness_version (number INTEGER PRIMARY KEY, ticket, at, {columns})",
        f"{note} SELECT id, {_NOW}, {columns} FROM {remote.table}",  # noqa: S608 - names of ours
        f"CREATE TRIGGER harness_made AFTER INSERT ON {remote.table} {after}",
        f"CREATE TRIGGER harness_changed AFTER UPDATE ON {remote.table} {after}",
    )


def versions(remote: Remote) -> list[Version]:
    """All of them, in the order of commits."""
    ahead = time.time() - time.monotonic()
    columns = ", ".join(remote.columns.values())
    found = remote.rows(f"SELECT ticket, at, {columns} FROM harness_version ORDER BY number")  # noqa: S608 - names of ours
    return [_version(remote, str(ticket), at - ahead, values) for ticket, at, *values in found]


def _version(remote: Remote, remote_id: str, at: float, values: list[Any]) -> Version:
    spelled = remote.spelled(dict(zip(remote.columns, values, strict=True)))
    return Version(remote_id, at, spelled, remote.words(spelled))
