"""A record as of any time: laws over random histories, and the times of which nothing is known."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unified_api.sync.conftest import Mirror
from unified_api.models.base import record_id, wire_fields
from unified_api.models.ticketing import Ticket, User
from unified_api.sync import clock, feed, store
from unified_api.sync.memory import log
from unified_api.sync.memory.as_of import Sight, as_of
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Presence

REMOTE = ("1", "2", "3")
A_DAY = dt.datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=dt.UTC)


def see(record: uuid.UUID, moment: dt.datetime) -> Sight:
    """The record as of a moment."""
    feed.wait_for_commits_in_flight()
    with transaction.atomic():
        subject = Subject.find(record)
        assert subject is not None
        return as_of(subject, moment)


def now() -> dt.datetime:
    """The database's time, which the log is stamped with."""
    with transaction.atomic():
        return clock.now()


@dataclass
class Expected:
    """What a record should look like: the test's own account of it, which never asks the store."""

    presence: Presence = Presence.NOT_CREATED
    values: dict[str, Any] = field(default_factory=dict)

    def seen(self, account: uuid.UUID, told: Mapping[str, Any]) -> Expected:
        """After an answer of the provider; what that does not speak of stays."""
        return Expected(Presence.PRESENT, {**self.values, **_as_json(account, told)})

    def removed(self) -> Expected:
        """After the provider said that it is gone."""
        gone = self.presence is not Presence.NOT_CREATED
        return Expected(Presence.DELETED, self.values) if gone else self


def _as_json(account: uuid.UUID, told: Mapping[str, Any]) -> dict[str, Any]:
    spelled = dict(told)
    if (due := told.get("due_date")) is not None:
        spelled["due_date"] = due.isoformat()
    if (people := told.get("assignees")) is not None:
        spelled["assignees"] = [str(record_id(account, User, name)) for name in people]
    return spelled


def _texts() -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(["", "a", "ß\u2028\U0001f5a8", "NULL"])


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": _texts(),
        "status": _texts(),
        "due_date": st.none() | st.sampled_from([A_DAY, A_DAY + dt.timedelta(days=1)]),
        "assignees": st.none() | st.lists(st.sampled_from(["u1", "u2"]), max_size=2, unique=True),
    },
)
SEEN = st.tuples(st.just("seen"), st.dictionaries(st.sampled_from(REMOTE), VALUES, min_size=1))
REMOVED = st.tuples(st.just("removed"), st.lists(st.sampled_from(REMOTE), min_size=1, unique=True))


def happen(mirror: Mirror, what: str, to: Any, shape: str) -> None:
    """One store transaction."""
    if what == "seen":
        mirror.land(*(mirror.seen(remote, shape=shape, **values) for remote, values in to.items()))
    else:
        ids = [record_id(mirror.account, Ticket, remote) for remote in to]
        with store.entry(mirror.account) as entry:
            entry.remove(Ticket, ids, store.Cause("sweep"))


@given(
    st.lists(st.tuples(SEEN | REMOVED, st.sampled_from(["list", "get"])), min_size=1, max_size=12),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_as_of_any_time_is_what_was_stored_then(tenant: uuid.UUID, history: list[Any]) -> None:
    """After any history of answers, deletions and returns, every time between its steps shows what stood then."""
    mirror = Mirror()
    expected = {remote: Expected() for remote in REMOTE}
    stood = [(now(), dict(expected))]
    for (what, to), shape in history:
        happen(mirror, what, to, shape)
        for remote in to:
            before = expected[remote]
            expected[remote] = before.seen(mirror.account, to[remote]) if what == "seen" else before.removed()
        stood.append((now(), dict(expected)))

    for remote in REMOTE:
        record = record_id(mirror.account, Ticket, remote)
        if expected[remote].presence is Presence.NOT_CREATED:
            continue
        for moment, then in stood:
            sight = see(record, moment)
            assert sight.image.presence is then[remote].presence
            known = {name: value for name, value in sight.image.values.items() if value is not None}
            assert known == {n: v for n, v in then[remote].values.items() if v is not None}


def test_the_stamp_of_a_change_shows_it_and_the_moment_before_does_not(mirror: Mirror) -> None:
    """A moment includes the entries that carry it as their stamp, and none that is later."""
    mirror.land(mirror.seen("1", name="A"))
    mirror.land(mirror.seen("1", name="B"))
    record = record_id(mirror.account, Ticket, "1")
    changed = see(record, now()).modified_at
    assert changed is not None

    assert see(record, changed).image.values["name"] == "B"
    before = see(record, changed - dt.timedelta(microseconds=1))
    assert (before.image.values["name"], before.position) == ("A", 1)


def test_all_fields_are_shown_as_they_were(mirror: Mirror) -> None:
    """An image has every field of the model, the empty ones too."""
    mirror.land(mirror.seen("1", name="A"))
    sight = see(record_id(mirror.account, Ticket, "1"), now())

    assert list(sight.image.values) == list(wire_fields(Ticket))


def test_a_record_that_is_known_by_reference_only_says_so(mirror: Mirror) -> None:
    """A shell has no values, and before it was named there was nothing."""
    start = now()
    mirror.land(mirror.seen("1", assignees=["u1"]))
    user = record_id(mirror.account, User, "u1")

    assert see(user, now()).image.presence is Presence.REFERENCE
    assert see(user, start).image.presence is Presence.NOT_CREATED


def test_a_time_before_the_log_was_kept_is_unknown(mirror: Mirror, database: psycopg.Connection) -> None:
    """Where the oldest entries are gone, the answer names the first moment that it can tell of."""
    mirror.land(mirror.seen("1", name="A"))
    first = now()
    mirror.land(mirror.seen("1", name="B"))
    mirror.land(mirror.seen("1", name="C"))
    record = record_id(mirror.account, Ticket, "1")
    database.execute("DELETE FROM sync_change WHERE position = 1")
    second = see(record, now())

    unknown = see(record, first)
    assert unknown.image.presence is Presence.UNKNOWN
    assert unknown.known_from is not None
    assert see(record, unknown.known_from).image.values["name"] == "B"
    assert second.image.values["name"] == "C"

    database.execute("DELETE FROM sync_change")
    assert see(record, now()).image.values["name"] == "C"
    assert see(record, first).known_from == second.modified_at


def test_a_record_that_was_erased_says_so(mirror: Mirror, database: psycopg.Connection) -> None:
    """While only its log is left, there is no value to go back from; when that is gone, nobody knows the id."""
    mirror.land(mirror.seen("1", name="A"))
    record = record_id(mirror.account, Ticket, "1")
    database.execute("DELETE FROM ticketing_ticket")
    assert see(record, now()).image.presence is Presence.ERASED

    database.execute("DELETE FROM sync_change")
    with transaction.atomic():
        assert Subject.find(record) is None


def test_a_look_back_reads_only_entries_of_its_record(mirror: Mirror, database: psycopg.Connection) -> None:
    """The plan of the statement goes by the index of record and position, newest first."""
    mirror.land(*mirror.page(500))
    database.execute("ANALYZE sync_change")
    with transaction.atomic():
        record = record_id(mirror.account, Ticket, "1")
        plan = log.entries(record, below=400).order_by("-position")[:200].explain()

    assert "Index Scan Backward using change_record" in plan
    assert "Sort" not in plan
