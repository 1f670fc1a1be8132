"""What has to be true when a history is at rest, counted in the servers' own stores and logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos import points
from tests.chaos.client import DONE, REFUSED
from tests.chaos.happenings import Books, Edit
from tests.chaos.plan import Plan
from tests.chaos.proxy import Call
from tests.chaos.remotes import Ticket


@dataclass(frozen=True)
class Observed:
    """What was seen at the end. store: the tickets of each server; listed: those of our API; calls: by the proxies.

    overruled: values that gave way, by the bridge's own record; carried: values that a bridge wrote, by the change log.
    gone: remote ids by side that our mirror shows as deleted.
    """

    plan: Plan
    books: Books
    store: dict[str, list[Ticket]]
    listed: dict[str, list[dict[str, Any]]]
    calls: dict[str, list[Call]]
    overruled: frozenset[str]
    carried: frozenset[str]
    gone: dict[str, frozenset[str]]


def violations(seen: Observed) -> list[str]:
    """Everything that is not as it has to be, in sentences."""
    return [*_mirrored(seen), *_ordered(seen), *_edited(seen), *_equal(seen)]


def _mirrored(seen: Observed) -> Iterator[str]:
    """Every remote record is mirrored exactly once, as it is."""
    for side, store in seen.store.items():
        shown = Counter(record["remote_id"] for record in seen.listed[side])
        yield from (f"{side}: {i} is mirrored {n} times" for i, n in shown.items() if n > 1)
        there = {ticket.remote_id: ticket for ticket in store}
        yield from (f"{side}: {i} is not mirrored" for i in sorted(set(there) - set(shown)))
        yield from (f"{side}: {i} is mirrored, and not there" for i in sorted(set(shown) - set(there)))
        for record in seen.listed[side]:
            ticket = there.get(record["remote_id"])
            if ticket is not None:
                mirror = {n: record[n] for n in ("name", "description", "status", "priority")}
                mirror["description"] = (mirror["description"] or "").strip()
                if mirror != ticket.shown():
                    yield f"{side}: {ticket.remote_id} is {ticket.shown()}, and mirrored as {mirror}"


def _ordered(seen: Observed) -> Iterator[str]:
    """Every accepted write reached its server exactly once; one without an answer, once at the most."""
    for happening, order in seen.books.orders:
        told = f"{happening} ({', '.join(order.answers)}; {order.outcome})"
        if order.outcome.startswith(REFUSED):
            yield f"refused: {told}"
        if order.method == "POST":
            for side in ("a", "b") if seen.plan.bridged else (happening.side,):
                yield from _made(seen, side, happening.name, told, sure=order.outcome == DONE)
            carried_out = [c for c in seen.calls[happening.side] if _creates(c, happening.name)]
            if len(carried_out) > 1:
                yield f"created {len(carried_out)} times by its access log: {told}"
        by_itself = order.write not in seen.books.told  # who tells the end of half a create sees to the rest
        if happening.field and order.outcome == DONE and by_itself:
            yield from _shows(seen, happening.side, happening.name, happening.field, happening.value, told)


def _made(seen: Observed, side: str, name: str, told: str, *, sure: bool) -> Iterator[str]:
    count = sum(ticket.name == name for ticket in seen.store[side])
    if count > 1 or (sure and count == 0):
        yield f"{count} times at {side}: {told}"


def _creates(call: Call, name: str) -> bool:
    made = call.method == "POST" and name.encode() in call.body and b'"title"' in call.body
    return made and call.status is not None and 200 <= call.status < 300


def _shows(seen: Observed, side: str, name: str, field: str, value: str, told: str) -> Iterator[str]:
    """The ticket, which is known by the id that its name tells, has this value; or it gave way at first contact."""
    ticket = _ticket(seen, side, name)
    gave_way = seen.plan.early and value in seen.overruled
    if ticket is not None and ticket.shown()[field] != value and not gave_way:
        yield f"{field} is {ticket.shown()[field]} at {side} and not {value}: {told}"


def _ticket(seen: Observed, side: str, name: str) -> Ticket | None:
    number = name.rpartition(" ")[2]
    same = [
        t
        for t in seen.store[side]
        if t.name == name or (name[:5] == "base " and t.remote_id == str(int(number)))
    ]
    return same[0] if same else None


def _edited(seen: Observed) -> Iterator[str]:
    """Each person's edit is there, on both sides of a bridge, or stands in the log as overruled."""
    yield from seen.books.failures
    for edit in seen.books.edits:
        happening, told = edit.happening, f"{edit.happening} by a person"
        if happening.kind == points.NEW:
            for side in ("a", "b") if seen.plan.bridged else (edit.side,):
                yield from _made(seen, side, happening.name, told, sure=True)
        elif happening.kind == points.REMOVE:
            yield from _removed(seen, edit)
        elif not happening.other:
            for side in ("a", "b") if seen.plan.bridged else (edit.side,):
                yield from _shows(seen, side, happening.name, happening.field, edit.value, told)
        else:
            yield from _contested(seen, edit)


def _removed(seen: Observed, edit: Edit) -> Iterator[str]:
    remote_id = str(int(edit.happening.name.rpartition(" ")[2]))
    if any(ticket.remote_id == remote_id for ticket in seen.store[edit.side]):
        yield f"{edit.happening}: it is there again"
    if (
        remote_id not in seen.gone[edit.side] and not seen.plan.early
    ):  # what was never read is not mirrored at all
        yield f"{edit.happening}: the mirror does not show it as deleted"


def _contested(seen: Observed, edit: Edit) -> Iterator[str]:
    """Both sides edited one field: this value is there, or it gave way on record, or was replaced where it had come."""
    ticket = _ticket(seen, edit.side, edit.happening.name)
    final = ticket.shown()[edit.happening.field] if ticket else None
    if final == edit.value or (not seen.plan.bridged and final == edit.value):
        return
    if not seen.plan.bridged or final not in {edit.happening.value, edit.happening.other}:
        yield f"{edit.happening}: {edit.side} shows {final}"
    elif edit.value not in seen.overruled | seen.carried and not _in_the_window(seen, edit):
        yield f"{edit.happening}: {edit.value} of {edit.side} was lost without a trace"


def _in_the_window(seen: Observed, edit: Edit) -> bool:
    """Whether it fell between our reading and our writing of a server without conditional writes."""
    if edit.side == "a":
        return False
    path = f"/api/tickets/{int(edit.happening.name.rpartition(' ')[2])}/"
    ours = [call for call in seen.calls[edit.side] if call.path == path]
    reads = [call for call in ours if call.method == "GET" and (call.handed_on or edit.ended) < edit.ended]
    writes = [call for call in ours if call.method == "PATCH" and (call.answered or edit.began) >= edit.began]
    return bool(reads and writes)


def _equal(seen: Observed) -> Iterator[str]:
    """Both sides of a bridge are equal, but for what was deleted on one of them."""
    if not seen.plan.bridged:
        return
    removed = {e.happening.name for e in seen.books.edits if e.happening.kind == points.REMOVE}
    sides = {
        side: Counter(tuple(t.shown(bridged=True).values()) for t in store if t.name not in removed)
        for side, store in seen.store.items()
    }
    for one, other in (("a", "b"), ("b", "a")):
        yield from (f"only at {one}: {values}" for values in (sides[one] - sides[other]).elements())
