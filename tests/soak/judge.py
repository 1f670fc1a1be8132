"""What has to be true when a soak is at rest, counted in the servers' own stores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos import checks
from tests.chaos.client import Caller
from tests.chaos.happenings import Books as NoBooks
from tests.chaos.plan import Plan
from tests.chaos.remains import remains
from tests.chaos.remotes import Remote, Ticket, base_name, text_of
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage
from tests.soak.editors import Books
from tests.soak.fates import Court, Fate, GaveWay
from tests.soak.shown import shown
from tests.soak.turns import Lines, Told, Turn, Writer, ours, people, told, unanswered
from tests.soak.versions import versions

_RECORD = """
    SELECT c.side, t.remote_id, c.field, c.value #>> '{}', c.rule, extract(epoch FROM c.at)::float
    FROM sync_overruled c JOIN ticketing_ticket t ON t.tenant_id = c.tenant_id AND t.id = c.record_id
    WHERE c.tenant_id = %s ORDER BY c.at
"""


@dataclass
class Verdict:
    """What was found. fates: edits by what became of them; rules: the overruled ones by rule."""

    fates: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def judge(stage: Stage, scene: Scene, books: Books, tickets: int) -> Verdict:
    """Judge a soak that is at rest, over so many tickets of the pristine store."""
    store = {side: remote.tickets() for side, remote in stage.remotes.items()}
    verdict = Verdict(violations=[*books.failures, *_counted(store, books, tickets)])
    verdict.violations += _mirrored_and_equal(stage, scene, store, tickets)
    verdict.violations += remains(stage, scene)
    if any(" times at " in text for text in verdict.violations):
        return verdict  # whose history would it be?
    names = {side: {t.remote_id: _made_as(t) for t in found} for side, found in store.items()}
    seen = {side: versions(remote) for side, remote in stage.remotes.items()}
    sides = {
        side: told(side, seen[side], _writers(side, remote, books), names[side])
        for side, remote in stage.remotes.items()
    }
    lost = [
        one
        for side, remote in stage.remotes.items()
        for one in unanswered(side, remote, seen[side], names[side])
    ]
    record = list(_record(stage, scene, names))
    unconditional = frozenset(side for side, remote in stage.remotes.items() if not remote.conditional)
    lines = {place: line for one in sides.values() for place, line in one.lines.items()}
    court = Court(lines, record, unconditional, lost, shown(stage, scene, names))
    account(verdict, books, sides, court)
    return verdict


def account(verdict: Verdict, books: Books, sides: dict[str, Told], court: Court) -> None:
    """Tell the fate of every edit; what is lost, or by nobody, is a violation."""
    for side, one in sides.items():
        verdict.violations += [f"{side}: nobody we know of wrote {version}" for version in one.unknown]
    spent = {edit for one in sides.values() for edit in one.spent}
    verdict.violations += [
        f"accepted, and never in the store: {edit}"
        for edit in books.edits
        if edit.answered and edit not in spent
    ]
    verdict.edits["changed nothing"] = len(spent)
    for turn in _edited(court.lines):
        fate = court.fate(turn)
        verdict.fates[fate.value] += 1
        verdict.edits[f"{turn.field} at {turn.side}"] += 1
        verdict.edits["changed nothing"] -= 1
        if fate is Fate.OVERRULED:
            verdict.rules[court.rules.get(turn, "at the other side")] += 1
        if fate is Fate.LOST:
            verdict.violations.append(f"lost: {court.story(turn)}")


def _writers(side: str, remote: Remote, books: Books) -> Iterator[Writer]:
    yield from people(edit for edit in books.edits if edit.side == side)
    yield from ours(remote)


def _edited(lines: Lines) -> Iterator[Turn]:
    for line in lines.values():
        yield from (turn for turn in line if turn.by and turn.by.edit and turn.meant)


def _made_as(ticket: Ticket) -> str:
    """The name under which it was made."""
    return (ticket.shown()["description"] or "").removeprefix(text_of(""))


def _counted(store: dict[str, list[Ticket]], books: Books, tickets: int) -> Iterator[str]:
    """Everything that was ever made is there once on each side, whatever it is called by now."""
    due = [base_name(number + 1) for number in range(tickets)] + [name for _, name in books.made]
    for side, found in store.items():
        there = Counter(map(_made_as, found))
        yield from (f"{name} is {there[name]} times at {side}" for name in due if there[name] != 1)
        yield from (f"{name} is at {side}, and nobody made it" for name in sorted(set(there) - set(due)))


def _mirrored_and_equal(
    stage: Stage, scene: Scene, store: dict[str, list[Ticket]], tickets: int
) -> list[str]:
    """As after any kill history, of which nobody's edits are left to judge."""
    caller = Caller(stage.url, scene.key)
    nothing: dict[str, frozenset[str]] = {side: frozenset() for side in store}
    seen = checks.Observed(
        Plan(0, tickets, bridged=True, together=False, early=False, steps=()),
        NoBooks(),
        store,
        {s: caller.everything("ticketing/v1/tickets", a.token) for s, a in scene.accounts.items()},
        {side: [] for side in store},
        overruled=frozenset(),
        carried=frozenset(),
        gone=nothing,
    )
    return checks.violations(seen)


def _record(stage: Stage, scene: Scene, names: dict[str, dict[str, str]]) -> Iterator[GaveWay]:
    ahead = time.time() - time.monotonic()
    for side, remote_id, name, value, rule, at in stage.sql(_RECORD, scene.tenant):
        yield GaveWay(side, names[side][remote_id], name, value, rule, at - ahead)
