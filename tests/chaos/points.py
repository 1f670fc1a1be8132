"""The chosen points: where a process is held before something is killed, what leads there, and what may be killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.chaos.gates import NUMBERS
from tests.chaos.proxy import Call

#: What is killed, or done instead of killing, at a point. holder: the process that is held there. sleep: it is
#: stopped, overtaken, and wakes. backend: the process of Postgres that serves it. cut: its line to the remote.
HOLDER, SLEEP, POSTMASTER, BACKEND, REMOTE, CUT = "holder", "sleep", "postmaster", "backend", "remote", "cut"
AT_GATE: Final = (HOLDER, SLEEP, POSTMASTER, BACKEND)
ON_WIRE: Final = (HOLDER, SLEEP, POSTMASTER, REMOTE, CUT)
#: What makes the product go there: the API creates (waiting or not) or changes a ticket, a person makes, changes or
#: deletes one, or everything is read.
POST, ASYNC, PATCH, NEW, EDIT, REMOVE, READ = "post", "post async", "patch", "new", "edit", "remove", "read"
WRITING: Final = (POST, ASYNC, PATCH, NEW, EDIT)


@dataclass(frozen=True)
class Point:
    """stimuli: what leads there. gate: in Postgres; else on the wire, where `wants` knows the call.

    after: the call is held when it was carried out, before its answer. bridged: only a bridge leads there.
    large: only where lists have several pages. early: only where everything is read for the first time.
    """

    name: str
    says: str
    stimuli: tuple[str, ...]
    gate: str = ""
    wants: Callable[[Call], bool] = bool
    after: bool = False
    bridged: bool = False
    large: bool = False
    early: bool = False

    @property
    def victims(self) -> tuple[str, ...]:
        """What may be killed there."""
        return AT_GATE if self.gate else ON_WIRE


def _gate(name: str, says: str, stimuli: tuple[str, ...], *, bridged: bool = False) -> Point:
    assert name in NUMBERS
    return Point(name, says, stimuli, gate=name, bridged=bridged)


def _is_write(call: Call) -> bool:
    return call.is_write and "/msg/" not in call.path


def _is_look(call: Call) -> bool:
    """Before an update, the record is read."""
    return call.method == "GET" and bool(re.search(r"/issue/\d+$|/tickets/\d+/$", call.path))


def _is_page(call: Call) -> bool:
    return call.method == "GET" and bool(re.search(r"/(issue|tickets/)\?.*page(_index)?=1\b", call.path))


def _is_second_page(call: Call) -> bool:
    return call.method == "GET" and bool(re.search(r"/(issue|tickets/)\?.*page(_index)?=2\b", call.path))


def _is_search(call: Call) -> bool:
    return call.method == "GET" and bool(re.search(r"title(%3A|:)=|page=last", call.path))


_GATES = (
    _gate("journal", "before the journal", WRITING),
    _gate("journal commit", "after the journal, which its writer does not know", WRITING),
    _gate("sending", "after the journal, before it is noted as sent", WRITING),
    _gate("sending commit", "noted as sent, before the request left", WRITING),
    _gate("done", "before the answer is committed", WRITING),
    _gate("done commit", "while the answer is committed", WRITING),
    _gate("page", "in the middle of a page, with its rows not committed", (NEW, EDIT)),
    _gate("page commit", "while a page is committed", (NEW, EDIT)),
    _gate("sweep", "in the middle of a sweep", (READ,)),
    _gate("sweep end", "at the end of a sweep", (READ, REMOVE)),
    _gate("claim", "a lease is held, and nothing begun", (READ, NEW)),
    _gate("reserve", "before a pair is reserved for a create", (NEW,), bridged=True),
    _gate("reserve commit", "while a pair is reserved for a create", (NEW,), bridged=True),
)
_WIRE = (
    Point("look", "an update reads the record", (PATCH, EDIT), wants=_is_look),
    Point("request", "the request has left, and has not arrived", WRITING, wants=_is_write),
    Point("answer", "carried out, and not answered yet", WRITING, wants=_is_write, after=True),
    Point("first page", "a list is asked for", (READ,), wants=_is_page),
    Point("next page", "in the middle of a list", (READ,), wants=_is_second_page, large=True),
    Point("page answer", "a page is on its way", (READ,), wants=_is_page, after=True),
    Point("search", "a counterpart is searched for", (NEW,), wants=_is_search, after=True, bridged=True),
)
POINTS: Final[Mapping[str, Point]] = {point.name: point for point in (*_GATES, *_WIRE)}
#: What is killed at random moments, whatever is going on.
AT_RANDOM: Final = (
    "web",
    "worker-1",
    "worker-2",
    "beat",
    POSTMASTER,
    BACKEND,
    "keeper",
    "roundup",
    "django-helpdesk",
)
