"""Writes that are answered with anything: never done twice, never lost, and in the end it is known what became of them.

Each goes through the journal: what the answer does not tell is found out by reading back, once the provider is sane.
"""

from __future__ import annotations

import datetime as dt
import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from tests.hostile.conftest import House
from tests.hostile.server import Behaviour, Heard, Line, answer, as_json, drips, floods, head, says, says_json
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, job, journal, tasks, write
from unified_api.sync.models import Job, Write, WriteState

#: Name of the case: what is answered to a write, whether or not it is carried out.
DOUBTFUL: dict[str, Behaviour] = {
    "cut before headers": says(b""),
    "cut after headers": says(head(201, Content_Length="90")),
    "cut in the body": says(head(201, Content_Length="90") + b'{"id": "'),
    "no HTTP": says(b"\x00\xff" * 99),
    "silence": drips(b"", 0),
    "headers drip": drips(b"HTTP/1.1 201 Created\r\nX: " + b"y" * 99, 0.05),
    "an endless body": floods(head(201), b" " * 65_536),
    "a bomb": says(answer(gzip.compress(b" " * 50_000_000), 201, Content_Encoding="gzip")),
    "br unasked": says(answer(b"\x0b\x02\x80abc\x03", 201, Content_Encoding="br")),
    "a web page": says(answer(b"<html>Thanks</html>")),
    "cut JSON": says(answer(b'{"id": "1', 201)),
    "another type": says_json(["1"], 201),
    "nothing": says(head(204)),
    "a record without id": says_json({"title": "Printer"}, 201),
    "an id of 10 kB": says_json({"id": "i" * 10_000}, 201),
    "a key twice": says(answer(b'{"id": "1", "title": "a", "title": "b"}', 201)),
    "100,000 brackets": says(answer(b"[" * 100_000 + b"]" * 100_000, 201)),
    "103": says(head(103)),
    "206": says_json({}, 206),
    "500": says_json({}, 500),
    "599": says_json({}, 599),
}


def submit(house: House, operation: str, **values: Any) -> Write:
    """Journal and perform a write at once, as the API does."""
    record = values.pop("record_id", None)
    intent = journal.Intent(house.account, Ticket, operation, wanted=values, record_id=record)
    entered, lease = journal.enter_and_claim(intent)
    return write.perform(entered, lease, house.account, patient=False)


def settle(house: House, entered: Write) -> Write:
    """What becomes of it when a worker looks at it long after."""
    for _ in range(3):
        with transaction.atomic():
            Write.objects.filter(id=entered.id).update(sent_at=clock.now() - dt.timedelta(seconds=900))
            Job.objects.filter(reference=entered.id).update(due_at=clock.now(), leased_until=None)
        if lease := job.claim(write.KIND, entered.id):
            tasks.do(lease, time.monotonic() + 20)
    with transaction.atomic():
        found: Write = Write.objects.get(id=entered.id)
    return found


@pytest.mark.parametrize("applied", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_create_with_an_answer_that_tells_nothing_happens_once_or_not_at_all_and_is_known_in_the_end(
    case: str,
    applied: bool,  # noqa: FBT001 - a parameter of pytest
    house: House,
    hurry: Callable[[], None],
) -> None:
    """Uncertain at first, and said with the request; read back later, it is done or certainly not; never repeated."""
    house.tracker.add(title="another")
    house.go()

    def behave(line: Line, heard: Heard) -> None:
        if applied and heard.method == "POST":
            house.tracker._do(heard, ["tickets"])
        DOUBTFUL[case](line, heard)

    house.oddly(behave)
    if case in {"silence", "headers drip"}:
        hurry()
    entered = submit(house, "create", name="Printer", status="OPEN")
    assert entered.state == WriteState.UNCERTAIN
    assert "/tickets" in (entered.error or "")
    assert (entered.error or "").isprintable()

    house.sanely()
    if case in {"silence", "headers drip"}:
        hurry()
    settled = settle(house, entered)
    assert settled.state == (WriteState.DONE if applied else WriteState.NOT_APPLIED)
    assert len([h for h in house.server.heard if h.method == "POST"]) == 1
    titles = [t["title"] for t in house.tracker.tables["tickets"].values()]
    assert titles.count("Printer") == applied


@pytest.mark.parametrize("status", [300, 304, 400, 404, 405, 418, 499])
def test_a_write_that_is_refused_by_its_status_ends_as_refused(status: int, house: House) -> None:
    """A refusal is a refusal, whatever its body is; it is not sent again."""
    house.oddly(says(answer(b"\xff\x00<html>", status)))
    entered = submit(house, "create", name="Printer")

    assert entered.state == WriteState.REJECTED
    assert str(status) in (entered.error or "")
    assert len([h for h in house.server.heard if h.method == "POST"]) == 1


def test_an_update_whose_answer_is_garbage_is_settled_by_what_the_record_shows(house: House) -> None:
    """It was carried out: the record says so by its id."""
    remote_id = house.tracker.add(title="A")
    house.go()
    record = house.records()[remote_id]

    def behave(line: Line, heard: Heard) -> None:
        if heard.method == "PATCH":
            house.tracker._do(heard, ["tickets", remote_id])
            line.say(as_json({"id": remote_id, "title": ["B"]}))
        else:
            house.tracker.behave(line, heard)

    house.oddly(behave, f"/tickets/{remote_id}")
    entered = submit(house, "update", record_id=record.id, name="B")
    assert entered.state == WriteState.UNCERTAIN

    house.sanely()
    assert settle(house, entered).state == WriteState.DONE
    assert len([h for h in house.server.heard if h.method == "PATCH"]) == 1


def test_a_record_that_is_garbage_just_before_it_is_written_is_not_written(house: House) -> None:
    """What stands there cannot be compared, so nothing is sent, and the write says why."""
    remote_id = house.tracker.add(title="A")
    house.go()
    record = house.records()[remote_id]
    house.oddly(says(answer(b'{"id": "1", "title": "a", "title": "b"}')), f"/tickets/{remote_id}")
    entered = submit(house, "update", record_id=record.id, name="B")

    assert entered.state == WriteState.REJECTED
    assert "same key twice" in (entered.error or "")
    assert not [h for h in house.server.heard if h.method == "PATCH"]
