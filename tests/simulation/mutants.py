"""The shell, broken on purpose: each mutant has to be noticed. `python -m tests.simulation.mutants [NAME…]`.

The engine has mutants of its own, see `tests.laws.mutants`; these are of what stands around it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

#: Histories that each mutant is given; it is noticed when one of them breaks a law.
HISTORIES: Final = 150


def _put(place: object, name: str, thing: object) -> None:
    """Put something else in a place of the product."""
    assert hasattr(place, name), f"the product has no {name} any more; mend this mutant"
    setattr(place, name, thing)


def _late_answers_stored() -> None:
    """Whatever is stored last wins, also when something newer was stored before."""
    from unified_api.sync import landing

    _put(landing, "is_late", lambda *_args: False)


def _cursor_before_rows() -> None:
    """The place in a list is saved before what it covers."""
    from django.db import transaction

    from unified_api.sync import pull
    from unified_api.sync.models import Stream

    take = pull.Pull._take

    def early(self: pull.Pull, arrived: pull.Arrived) -> None:
        with transaction.atomic():
            Stream.objects.filter(id=self.stream.id).update(cursor=arrived.page.cursor)
        take(self, arrived)

    _put(pull.Pull, "_take", early)


def _creates_repeated() -> None:
    """A create whose answer was lost is sent again."""
    from unified_api.sync import settle

    _put(settle, "_create", lambda performance: performance.go())


def _nothing_searched() -> None:
    """A counterpart is created without a look at the provider."""
    from django.db import transaction

    from unified_api.sync.bridge import search
    from unified_api.sync.models_bridge import Pair

    def nowhere(_frame: object, _to: object, pairs: Iterable[Pair], *_more: object) -> None:
        with transaction.atomic():
            for pair in pairs:
                search._note(pair, searched=True)

    _put(search, "_search", nowhere)


def _lost_creates_not_searched() -> None:
    """A create whose answer was lost counts as not made, without a look at the provider."""
    from unified_api.sync import settle

    def unseen(performance: Any, _told: object) -> None:
        settle._wait_or(performance, lambda: settle._not_applied(performance, "nobody looked"))

    _put(settle, "_searched", unseen)


def _nothing_recent() -> None:
    """No search shows anything."""
    from integrations.kit.client import Client

    _put(Client, "recent", lambda *_args: [])


def _answers_not_witnessed() -> None:
    """The answer to a write is taken for news."""
    from unified_api.sync.bridge import outcome

    note = outcome.note
    _put(outcome, "note", lambda write, **_more: note(write, witnessed=False))


def _reading_back_witnessed() -> None:
    """What is read back after a lost answer is taken for the answer."""
    from unified_api.sync.bridge import outcome

    note = outcome.note
    _put(outcome, "note", lambda write, **_more: note(write, witnessed=True))


def _moved_written() -> None:
    """A record that moved since it was looked at is written all the same."""
    from unified_api.sync import write

    _put(write, "refuse_moved", lambda *_args: None)


def _fence_passed() -> None:
    """Whoever held a job may commit, also after somebody else has claimed it."""
    from unified_api.sync import job

    _put(
        job,
        "_HOLD",
        "UPDATE sync_job SET leased_until = clock_timestamp() + %s WHERE id = %s AND fence >= %s",
    )


def _nothing_on_record() -> None:
    """An edit that gives way is not put on record."""
    from unified_api.sync.bridge import outcome

    _put(outcome, "_record", lambda *_args: None)


def _newcomers_do_not_wait() -> None:
    """While a create is unsettled, what may be its record is taken for a stranger."""
    from unified_api.sync.bridge import matching

    match: Callable[..., Any] = getattr(matching, "match")  # noqa: B009 - it is imported there
    _put(matching, "match", lambda free, *, paired, **_more: match(free, paired=paired, pending=set()))


def _absence_is_absence() -> None:
    """What one sweep did not meet is gone, and nobody asks for it by its id."""
    from unified_api.sync import pull

    _put(pull.Pull, "is_there", lambda *_args: True)


def _changes_unseen() -> None:
    """A change marks no pair."""
    from unified_api.sync.bridge import intake

    _put(intake, "_mark", lambda *_args: None)


def _sent_at_once() -> None:
    """An update without effect is sent again although the first may still arrive, and a create counts as not made."""
    from unified_api.sync import settle

    _put(settle, "STILL_UNDER_WAY", 0.0)


def _not_reserved() -> None:
    """A create leaves, and its pair does not say so: who looks again meanwhile creates again."""
    from unified_api.engine.pair import State
    from unified_api.sync.bridge import rounds
    from unified_api.sync.models_bridge import Pair

    save = rounds.save

    def forgetful(pairs: Iterable[Pair]) -> None:
        pairs = list(pairs)
        for pair in pairs:
            if pair.state == State.CREATING:
                pair.state, pair.write_id, pair.memory = State.ALONE, None, {**pair.memory, "sent": None}
        save(pairs)

    _put(rounds, "save", forgetful)


def _kept_counts_as_arrived() -> None:
    """A field that a write with a lost answer left as it was counts as agreed."""
    from unified_api.engine.events import Lost
    from unified_api.sync.bridge import outcome

    _put(outcome, "Lost", lambda values=None, landed=None, **_more: Lost(values or {}, landed))


def _nobody_asked() -> None:
    """What a person should decide, side a wins."""
    from unified_api.engine import merge, weigh
    from unified_api.engine.values import Side

    decide = merge.merge

    def decided(*given: Any) -> merge.Decision:
        said = decide(*given)
        return merge.Take(Side.A, merge.Rule.WINNER, overrules=True) if said is merge.ASK else said

    _put(weigh, "merge", decided)


def _times_unknown() -> None:
    """Where the newest edit should win, nobody looks when it was made."""
    from unified_api.sync.bridge import edits

    _put(edits, "dated", lambda _frame, _pairs, looks: dict(looks))


def _records_time() -> None:
    """Each edit of a record counts as made when the record was last edited."""
    from unified_api.sync.bridge import edits

    dated_by = edits.dated_by
    _put(edits, "dated_by", lambda *told, **by: replace(dated_by(*told, **by), doubt=0.0))


def _edited_deleted() -> None:
    """A record whose counterpart is gone is deleted although it was edited."""
    from unified_api.engine import absence

    _put(absence, "was_edited", lambda *_args: False)


def _filter_ignored() -> None:
    """Records that left the filter are kept equal like any others."""
    from unified_api.engine import plan as machine
    from unified_api.engine.events import Look

    look = machine._look

    def everybody(pair: Any, seen: Look, terms: Any) -> machine.Step:
        a, b = (one and replace(one, outside=False) for one in (seen.a, seen.b))
        return look(pair, Look(a, b), terms)

    _put(machine, "_look", everybody)


def _plans_unasked() -> None:
    """A bridge that is to plan writes."""
    from unified_api.sync.bridge import rounds, work

    _put(work, "_plan_some", rounds.look_at_some)


def _journalled_leaves() -> None:
    """What is journalled leaves, whatever the bridge was told meanwhile."""
    from unified_api.sync.bridge import stopping

    _put(stopping, "why", lambda _write: "")


def _said_at_once() -> None:
    """What belongs to one record does not wait for what was made before it."""
    from django.db.models import Q

    from unified_api.sync.bridge import siblings

    _put(siblings, "behind", lambda _frame: Q(pk__in=()))
    _put(siblings, "in_turn", lambda turns: turns)
    _put(siblings, "first_of_each", lambda _frame, pairs: list(pairs))


def _parts_asleep() -> None:
    """What waits for the record that it belongs to is not told when that has a counterpart."""
    from unified_api.sync.bridge import stirring

    _put(stirring, "_awaken", lambda *_args: False)


def _left_out_missed() -> None:
    """What belongs to a record that takes no part counts as lacking its counterpart."""
    from unified_api.sync.bridge import belonging

    _put(belonging, "astray", lambda *_args: frozenset())


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    "late answers stored": _late_answers_stored,
    "cursor before rows": _cursor_before_rows,
    "creates repeated": _creates_repeated,
    "nothing searched": _nothing_searched,
    "lost creates not searched": _lost_creates_not_searched,
    "nothing recent": _nothing_recent,
    "answers are news": _answers_not_witnessed,
    "reading back is the answer": _reading_back_witnessed,
    "moved records written": _moved_written,
    "fence passed": _fence_passed,
    "nothing on record": _nothing_on_record,
    "newcomers do not wait": _newcomers_do_not_wait,
    "absence not confirmed": _absence_is_absence,
    "changes unseen": _changes_unseen,
    "settled too soon": _sent_at_once,
    "pair row not reserved": _not_reserved,
    "kept counts as arrived": _kept_counts_as_arrived,
    "nobody asked": _nobody_asked,
    "times unknown": _times_unknown,
    "times of records": _records_time,
    "edited and deleted": _edited_deleted,
    "plans unasked": _plans_unasked,
    "journalled leaves": _journalled_leaves,
    "filter ignored": _filter_ignored,
    "said at once": _said_at_once,
    "parts asleep": _parts_asleep,
    "left out and missed": _left_out_missed,
}


def apply(name: str) -> None:
    """Break it."""
    MUTANTS[name]()


def noticed(name: str) -> dict[str, Any] | None:
    """The first history that the mutant breaks; None when it survives."""
    command = [
        sys.executable,
        "-m",
        "tests.simulation",
        "--json",
        "--first",
        "--processes",
        "1",
        "--mutant",
        name,
    ]
    done = subprocess.run(
        [*command, "--histories", str(HISTORIES)], capture_output=True, text=True, check=False
    )
    results = json.loads(done.stdout)["results"] if done.stdout else []
    return next((result for result in results if result["wrongs"]), None)


def main(names: Sequence[str] = ()) -> int:
    """Try these mutants, or all; 1 when one survived."""
    survived = 0
    for name in names or MUTANTS:
        result = noticed(name)
        survived += result is None
        told = f"seed {result['seed']}: {result['wrongs'][0]}" if result else "SURVIVED"
        print(f"{name:28} {told}", flush=True)  # noqa: T201 - a command
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
