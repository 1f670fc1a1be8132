"""Who did what at a server: each change of a field, in the order of its store, with its author.

A version is by whoever had a request under way when it was written that says just what the version shows: a person, or
the product, whose requests the proxy has in its books. A server that saves whole tickets may put a field back that its
author never named; that is told apart.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tests.chaos.proxy import Call
from tests.chaos.remotes import Remote
from tests.soak.editors import Edit
from tests.soak.versions import Version

#: Fields of the common model by the names of either API.
FIELDS: Final = {"title": "name", "status": "status", "on_hold": "status", "priority": "priority"}
#: Seconds by which two clocks of one machine may be told apart.
SLACK: Final = 0.005
#: Seconds at the most from a change in the database to its commit.
COMMIT: Final = 0.25
#: Seconds after which a request that nobody waits for any more may still be carried out.
LATE: Final = 60.0
_TICKET: Final = re.compile(r"/(?:issue|tickets)/(\d+)/?$")


@dataclass(frozen=True, eq=False)
class Writer:
    """Who changed a ticket, or tried. edit: a person's; None for the product.

    read: when at the earliest was read what it went by; began, ended: of the request.
    """

    remote_id: str
    edit: Edit | None
    spelled: Mapping[str, Any]
    read: float
    began: float
    ended: float

    @property
    def names(self) -> set[str]:
        """The fields that it means to change."""
        return {self.edit.field} if self.edit else {FIELDS[name] for name in self.spelled if name in FIELDS}

    def wrote(self, version: Version) -> bool:
        """Whether the version may be by it."""
        if not self.began - SLACK <= version.at <= self.ended + SLACK:
            return False
        if self.edit:
            return version.words[self.edit.field] == self.edit.value
        return all(version.spelled[n] == value for n, value in self.spelled.items() if n in version.spelled)


@dataclass(frozen=True, eq=False)
class Turn:
    """One change of a field at a side. by: None where a ticket began. meant: its author named the field."""

    side: str
    ticket: str
    field: str
    at: float
    old: str | None
    new: str | None
    by: Writer | None
    meant: bool

    @property
    def ended(self) -> float:
        """From when on everybody sees it, at the latest."""
        return min(self.by.ended, self.at + COMMIT) if self.by else self.at

    def __str__(self) -> str:
        who = "it began" if self.by is None else ("a person" if self.by.edit else "the bridge")
        saw = f", who saw {self.by.edit.seen}" if self.by and self.by.edit and self.meant else ""
        return f"{self.at:.3f} {self.side}: {self.old} -> {self.new} by {who}{saw}{'' if self.meant else ', unmeant'}"


@dataclass(frozen=True)
class Unanswered:
    """What a write of the product that got no answer would have made of a field; whether it arrived, it cannot know."""

    side: str
    ticket: str
    field: str
    value: str | None
    at: float


#: The turns of one field of one ticket at one side, in their order.
Lines: TypeAlias = dict[tuple[str, str, str], list[Turn]]


@dataclass(frozen=True)
class Told:
    """The turns of a side. unknown: versions that nobody we know of has written; spent: edits that have a version."""

    lines: Lines
    unknown: list[Version]
    spent: set[Edit]


def told(side: str, versions: Sequence[Version], writers: Iterable[Writer], names: Mapping[str, str]) -> Told:
    """All turns of one side. names: under which a ticket was made, by remote id."""
    under_way: dict[str, list[Writer]] = defaultdict(list)
    for writer in writers:
        under_way[writer.remote_id].append(writer)
    result = Told(defaultdict(list), [], set())
    last: dict[str, Version] = {}
    for version in versions:
        before = last.get(version.remote_id)
        last[version.remote_id] = version
        by = _author(under_way[version.remote_id], version) if before else None
        if by and by.edit:
            result.spent.add(by.edit)
        turns = list(_turns(side, names[version.remote_id], before, version, by))
        if before and turns and by is None:
            result.unknown.append(version)
        for turn in turns:
            result.lines[turn.side, turn.ticket, turn.field].append(turn)
    return result


def _author(writers: list[Writer], version: Version) -> Writer | None:
    """Of those who may have written it, who was done first; it is not asked again."""
    found = min((w for w in writers if w.wrote(version)), key=lambda w: w.ended, default=None)
    if found:
        writers.remove(found)
    return found


def _turns(
    side: str, ticket: str, before: Version | None, version: Version, by: Writer | None
) -> Iterator[Turn]:
    for field, new in version.words.items():
        old = before.words[field] if before else None
        if new != old:
            yield Turn(side, ticket, field, version.at, old, new, by, meant=by is None or field in by.names)


def people(edits: Iterable[Edit]) -> Iterator[Writer]:
    """The writers of these edits."""
    for edit in edits:
        ended = edit.ended if edit.answered else edit.ended + LATE
        yield Writer(edit.remote_id, edit, {}, edit.looked, edit.began, ended)


def ours(remote: Remote) -> Iterator[Writer]:
    """The product's writers there."""
    for read, call in updates(remote.proxy.calls):
        spelled = remote.spelled(json.loads(call.body))
        began = call.handed_on or call.came
        looked = (read.handed_on or read.came) if read else 0.0
        ended = call.answered or (call.ended or began) + LATE
        yield Writer(remote_id_of(call) or "", None, spelled, looked, began, ended)


def unanswered(
    side: str, remote: Remote, versions: Sequence[Version], names: Mapping[str, str]
) -> Iterator[Unanswered]:
    """The product's writes there that got no answer, or a failure, by field, in the words of the common model."""
    for call in remote.proxy.calls:
        ticket = remote_id_of(call)
        before = [v for v in versions if v.remote_id == ticket and v.at < call.came]
        if not before or call.method not in {"PATCH", "PUT"} or (call.status or 500) < 500:
            continue
        spelled = remote.spelled(json.loads(call.body))
        words = remote.words({**before[-1].spelled, **spelled})
        for field in sorted({FIELDS[name] for name in spelled if name in FIELDS}):
            yield Unanswered(side, names[before[-1].remote_id], field, words[field], call.came)


def updates(calls: Iterable[Call]) -> Iterator[tuple[Call | None, Call]]:
    """The product's changes of tickets that may have been carried out, each with the last read of the same ticket."""
    reads: dict[str, Call] = {}
    for call in calls:
        ticket = remote_id_of(call)
        if ticket and call.method == "GET":
            reads[ticket] = call
        elif (
            ticket and call.method in {"PATCH", "PUT"} and call.handed_on and not (call.status or 200) >= 400
        ):
            yield reads.get(ticket), call


def remote_id_of(call: Call) -> str | None:
    """The ticket that a call is about."""
    found = _TICKET.search(call.path.partition("?")[0])
    return found[1] if found else None
