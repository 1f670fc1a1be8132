"""The bridge engine alone, which is pure: merges of a typical pair, and who belongs to whom.

A pair of six fields, one with a value map, as it comes from the database: its memory is read from JSON, looked at, and
written to JSON again. The best of three.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from benchmarks.figures import Figure, best, report
from unified_api.engine.events import Look, Record
from unified_api.engine.match import key_of, match
from unified_api.engine.pair import Pair
from unified_api.engine.plan import plan
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Value
from unified_api.engine.weigh import Access

ROUNDS = 5_000
RECORDS = 50_000
TIMES = 3
WORDS = {"OPEN": "OPEN", "CLOSED": "CLOSED", "IN_PROGRESS": "OPEN"}
POLICY = Policy.parse(
    {
        "fields": {
            "name": {"normalizer": "trim"},
            "description": {"normalizer": "trim"},
            "status": {"words": {"a": {"OPEN": "OPEN", "CLOSED": "CLOSED"}, "b": WORDS}},
            "priority": {},
            "due_date": {"normalizer": "instant"},
            "ticket_type": {"normalizer": "case"},
        }
    }
)
FIELDS = frozenset(POLICY.fields)
ACCESS = Both(Access(FIELDS, FIELDS, creates=True), Access(FIELDS, FIELDS, creates=True))
VALUES: dict[str, Value] = {
    "name": "The printer is on fire",
    "description": "It is on fire, and somebody should see to it. " * 8,
    "status": "OPEN",
    "priority": "HIGH",
    "due_date": "2026-03-01T12:00:00+00:00",
    "ticket_type": "incident",
}


def main() -> None:
    """Measure."""
    quiet = Look(Record(VALUES), Record(VALUES))
    edited = Look(Record({**VALUES, "description": "It is out."}), Record(VALUES))
    memory, _ = plan(Pair(), quiet, policy=POLICY, access=ACCESS)
    stored = json.dumps(memory.as_data())
    keys = Both({f"a{n}": f"key {n}" for n in range(RECORDS)}, {f"b{n}": f"key {n}" for n in range(RECORDS)})
    report(
        "engine_alone",
        [
            Figure("looks at a pair at rest", _rate(lambda: _look(stored, quiet)), "pairs/s"),
            Figure("looks at a pair with one edit", _rate(lambda: _look(stored, edited)), "pairs/s"),
            Figure("keys of records", _rate(lambda: key_of(VALUES, Side.B, ("name",), POLICY)), "records/s"),
            Figure(
                f"matching of {RECORDS} x {RECORDS} keys", _rate(lambda: _match(keys), 1) * RECORDS, "pairs/s"
            ),
        ],
    )


def _look(stored: str, look: Look) -> str:
    pair, _effects = plan(Pair.load(json.loads(stored)), look, policy=POLICY, access=ACCESS)
    return json.dumps(pair.as_data())


def _match(keys: Both[dict[str, str]]) -> None:
    found = match(Both(dict(keys.a), dict(keys.b)), paired=set(), pending=set())
    if len(found.pairs) != RECORDS:
        raise RuntimeError(f"{len(found.pairs)} pairs were found, not {RECORDS}")


def _rate(act: Callable[[], object], times: int = ROUNDS) -> float:
    """How often a second, the best of three."""

    def measure() -> float:
        began = time.perf_counter()
        for _ in range(times):
            act()
        return times / (time.perf_counter() - began)

    return best(measure, of=TIMES)


if __name__ == "__main__":
    main()
