"""What goes wrong only now and then: moments between two commits, two at once, many pairs."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations.kit.client import Client
from tenants.scope import scope
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.models.ticketing import Ticket
from unified_api.sync import job
from unified_api.sync.bridge import intake, rounds, setup, showing, steering, turns, work
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair

MANY = 3_000
#: Statements from the look at an edited record to the end of its write; of a transaction its beginning and end as well.
PER_EDIT = 72


@pytest.mark.parametrize("status", [404, 412])
def test_a_create_that_finds_nothing_there_is_a_problem(desks: Bridged, status: int) -> None:
    """It is asked once, not again and again without a pause: a person must look."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.b.refuse_writes = status
    for _ in range(4):
        desks.work_once()

    assert len(desks.b.writes()) == 1
    assert "refused" in {p["kind"] for p in desks.standing()["problems"]}


def test_a_record_renamed_after_it_was_matched_is_matched_again(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between matching and the look somebody gave it the key of a pair: no second one is created of that."""
    bridged.a.add(title="Another", state="open")
    bridged.read()

    def renamed_before(frame: Frame) -> int:
        Ticket.objects.filter(name="Another").update(name="Printer")
        return rounds.look_at_some(frame)

    monkeypatch.setattr(work, "look_at_some", renamed_before)
    bridged.work_once()

    assert bridged.both("title")[1] == ["Printer"]
    assert len(bridged.standing()["review"]) == 1


def test_a_quiet_round_reads_no_pairs(bridged: Bridged, database: psycopg.Connection) -> None:
    """Its work grows with edits, not with the number of pairs."""
    rest = {"bridge_id": bridged.bridge_id, "state": "paired", "dirty": False}
    with transaction.atomic():
        Pair.objects.bulk_create(
            Pair(record_a=uuid.uuid4(), record_b=uuid.uuid4(), **rest) for _ in range(MANY)
        )
        Pair.objects.bulk_create(
            Pair(record_a=uuid.uuid4(), **(rest | {"state": "alone", "held": "review"})) for _ in range(MANY)
        )
    database.execute("ANALYZE sync_pair")  # its owner: of the app it is taken, and not done
    with CaptureQueriesContext(connection) as caught:
        bridged.work_once(kinds=("bridge",))
    reads = [q["sql"] for q in caught.captured_queries if 'FROM "sync_pair"' in q["sql"]]

    assert reads
    assert {sql: touched for sql in reads if (touched := _rows_touched(sql)) > 10} == {}


def _rows_touched(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        ((document,),) = cursor.fetchall()
    return _most(document[0]["Plan"])


def _most(node: dict[str, Any]) -> int:
    below = [_most(child) for child in node.get("Plans", ())]
    return max(int(node["Actual Rows"]) + int(node.get("Rows Removed by Filter", 0)), *below, 0)


def test_an_edit_takes_few_statements(desks: Bridged) -> None:
    """From the look at an edited record to its write's end: so many for each edit more, and no more."""
    ids = [desks.a.add(title=f"Ticket {number}", state="open") for number in range(8)]
    for number in range(8):
        desks.b.add(title=f"Ticket {number}", state="open")
    desks.join()
    desks.round()

    def edited(some: list[str]) -> int:
        for remote_id in some:
            desks.a.edit(remote_id, state="done")
        desks.read()
        return len(_statements(lambda: desks.work_once(kinds=("bridge", "write", "bridge"))))

    few, many = edited(ids[:2]), edited(ids[2:])

    assert many - few <= 4 * PER_EDIT
    assert {one["state"] for one in desks.b.tables["tickets"].values()} == {"done"}


def test_a_search_takes_the_feed_head_before_a_pair(desks: Bridged) -> None:
    """The end of a write takes them in this order too: the other way round, each could wait for the other."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.b.add(title="Printer", state="open")
    told = _statements(lambda: desks.work_once(kinds=("bridge",)))
    noted = next(i for i, sql in enumerate(told) if sql.startswith("UPDATE") and '"searched"' in sql)

    assert any("INTO sync_feedhead" in sql for sql in told[:noted])


def test_resuming_takes_the_job_before_the_bridge(bridged: Bridged) -> None:
    """As work does; a bridge that works already may be resumed at any moment."""
    with transaction.atomic():
        told = _statements(lambda: steering.resume(bridged.bridge_id))
    order = [next(i for i, sql in enumerate(told) if table in sql) for table in ("sync_job", "sync_bridge")]

    assert order == sorted(order)


def _statements(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        act()
    return [q["sql"] for q in caught.captured_queries]


def _meanwhile(bridged: Bridged, act: Callable[[], object]) -> tuple[threading.Thread, threading.Event]:
    """Another process, which has done `act` and commits it a moment later."""
    done = threading.Event()

    def run() -> None:
        with scope(bridged.tenant), transaction.atomic():
            act()
            done.set()
            threading.Event().wait(0.4)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


def test_a_preview_beside_a_worker(bridged: Bridged) -> None:
    """Both take in the same newcomer: the preview waits for its turn."""
    bridged.a.add(title="Another", state="open")
    bridged.read()
    lease = job.claim(setup.KIND, bridged.bridge_id)
    assert lease

    def take_in() -> None:
        job.hold(lease)
        intake.take_in(Frame.of(Bridge.objects.get(id=bridged.bridge_id)))

    thread, done = _meanwhile(bridged, take_in)
    assert done.wait(120)
    plan = showing.preview(bridged.bridge_id)["plan"]
    thread.join()

    assert [item["action"] for item in plan] == ["create"]


def test_the_end_of_a_create_beside_a_round_that_meets_its_record(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list showed the new record first, and a round is taking it in as a newcomer: it comes to one pair."""
    desks.a.add(title="Printer", state="open")
    desks.join()
    desks.read()
    desks.work_once(kinds=("bridge",))
    honest, threads = Client.create, []

    def round_of_another() -> None:
        turns.take(desks.bridge_id)
        intake.take_in(Frame.of(Bridge.objects.get(id=desks.bridge_id)))

    def create(client: Client, *args: Any, **more: Any) -> Any:
        answer = honest(client, *args, **more)
        desks.read()
        thread, done = _meanwhile(desks, round_of_another)
        threads.append(thread)
        assert done.wait(120)
        return answer

    monkeypatch.setattr(Client, "create", create)
    desks.work_once(kinds=("write",))
    threads[0].join()

    (pair,) = desks.pairs()
    assert pair.record_a
    assert pair.record_b
    assert desks.standing()["writes"] == {"done": 1}


def test_two_bridges_at_once_close_no_ring(desks: Bridged) -> None:
    """Neither sees the other's before it is committed: the second waits, and is refused."""
    wish = desks.wish()
    thread, done = _meanwhile(desks, lambda: setup.create(wish))
    assert done.wait(120)
    with pytest.raises(setup.BridgeRefused, match="are joined over"), transaction.atomic():
        setup.create(replace(wish, account_a=wish.account_b, account_b=wish.account_a))
    thread.join()


def test_writes_that_wait_for_a_person_hide_no_others(bridged: Bridged) -> None:
    """However many there are, a round run by hand finds the writes that it can do."""
    with transaction.atomic():
        Pair.objects.bulk_create(
            Pair(
                bridge_id=bridged.bridge_id,
                record_a=uuid.uuid4(),
                state="creating",
                dirty=False,
                held="unsettled",
                write_id=uuid.uuid4(),
            )
            for _ in range(150)
        )
    (a,) = bridged.a.tables["tickets"]
    bridged.a.edit(a, title="Printer upstairs")
    bridged.round()

    with transaction.atomic():
        assert not Write.objects.filter(finished_at=None).exists()
    assert bridged.both("title")[1] == ["Printer upstairs"]


def test_matching_many_takes_few_statements(desks: Bridged) -> None:
    """A first run takes fewer than it finds pairs."""
    for number in range(200):
        desks.a.add(title=f"Ticket {number}", state="open")
        desks.b.add(title=f"Ticket {number}", state="open")
    desks.join()
    desks.read()
    told = _statements(lambda: desks.work_once(kinds=("bridge",)))

    assert len(told) <= 100
    assert [(p.record_a is None, p.record_b is None, p.held) for p in desks.pairs()] == [
        (False, False, "")
    ] * 200
