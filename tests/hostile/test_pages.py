"""Whole answers that are no page, lists that never end, and pages that change while they are read."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import transaction

from integrations.kit.limiter import LONGEST_PAUSE
from tests.hostile.conftest import House
from tests.hostile.server import Behaviour, Heard, Line, answer, as_json, head, in_turn, says, says_json
from tests.hostile.test_transport import assert_clear
from unified_api.sync import clock, job, sweep
from unified_api.sync.models import Job, Stream

DEEP = b"[" * 100_000

#: Name of the case: what is answered, and words that the stream's error must hold.
CASES: dict[str, tuple[Behaviour, str]] = {
    "cut JSON": (says(answer(b'{"items": [{"id": "1"')), "no JSON"),
    "empty body": (says(answer(b"")), "answered 200"),
    "white space": (says(answer(b" \n ")), "no list"),
    "null": (says(answer(b"null")), "no list"),
    "a number": (says(answer(b"42")), "no list"),
    "a text": (says_json("items"), "no list"),
    "a list at the top": (says_json([{"id": "1"}]), "no list"),
    "the list is missing": (says_json({"next": None}), "no list"),
    "the list is null": (says_json({"items": None}), "no list"),
    "the list is an object": (says_json({"items": {"1": {"id": "1"}}}), "no list"),
    "UTF-16 without a mark": (says(answer('{"items": []}'.encode("utf-16-le"))), "no JSON"),
    "100,000 open brackets": (says(answer(DEEP)), "deeper than 64"),
    "100,000 brackets": (says(answer(DEEP + b"]" * 100_000)), "no list"),
    "the list too deep": (says(answer(b'{"items": ' * 70 + b"[]" + b"}" * 70)), "no list"),
    "the list named twice": (says(answer(b'{"items": [], "items": [{"id": "1"}]}')), "no list"),
    "the cursor named twice": (says(answer(b'{"items": [], "next": null, "next": "3"}')), "key twice"),
    "NaN alone": (says(answer(b"NaN")), "no list"),
    "three million values": (says(answer(b"[" + b"{}," * 1_000_000 + b"{}]")), "more than 2000000 values"),
    "a million records": (says(answer(b'{"items":[' + b"1," * 999_000 + b"1]}")), "more than 50000"),
    "a web page": (says(answer(b"  <html>Sorry</html>")), "a web page"),
    "an error with 200": (says_json({"error": {"message": "over quota"}}), "over quota"),
    "an error with 200 that echoes the token": (
        says_json({"error": "bad the tracker's own token"}),
        "[secret]",
    ),
    "100": (says(head(100) + head(100)), "gave no usable answer"),
    "103": (says(head(103)), "answered 103"),
    "204": (says(head(204)), "answered 204"),
    "205": (says(head(205, Content_Length="0")), "answered 205"),
    "206": (says_json({"items": [], "next": None}, 206), "answered 206"),
    "300": (says_json({}, 300), "answered 300"),
    "304": (says(head(304)), "answered 304"),
    "400": (says_json({"message": "bad"}, 400), "answered 400): bad"),
    "402": (says_json({"message": "pay"}, 402), "pay"),
    "403": (says_json({}, 403), "right to read"),
    "404": (says_json({}, 404), "no list of Ticket"),
    "407": (says_json({}, 407), "a proxy"),
    "418": (says_json({"message": "a teapot"}, 418), "a teapot"),
    "499": (says_json({}, 499), "answered 499"),
    "500": (says(answer(b"<h1>Traceback</h1>", 500)), "answered 500"),
    "599": (says_json({}, 599), "answered 599"),
    "999": (says_json({}, 999), "answered 999"),
    "an error that gives orders to terminals": (
        says_json({"error": "\x1b[2J\x07\r\nlevel=error fake\u202egnp.exe"}, 400),
        "level=error fake gnp.exe",
    ),
    "an error of a megabyte": (says_json({"error": "x" * 1_000_000}, 500), "xxx. It is tried again"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_that_is_no_page_fails_the_stream_in_words_and_the_next_good_page_lands(
    case: str, house: House
) -> None:
    """Silence or nonsense is never taken for an empty list: what was known stays, and the stream mends itself."""
    known = house.tracker.add(title="known")
    house.go()
    behaviour, words = CASES[case]
    house.oddly(behaviour)
    stream = house.go(full=True)

    assert stream.status == "FAILED"
    assert_clear(house, stream.error, words)
    assert [r.remote_was_deleted for r in house.records().values()] == [False]

    house.sanely()
    added = house.tracker.add(title="good")
    assert house.go().status == "DONE"
    assert set(house.records()) == {known, added}


def pages(*answers: bytes) -> Behaviour:
    """Each request gets the next of these; the last for ever."""
    return in_turn(*map(says, answers))


def page(*ids: str, following: Any = None, **more: Any) -> bytes:
    """A page with these records."""
    return as_json({"items": [{"id": i, "title": f"Ticket {i}"} for i in ids], "next": following, **more})


def numbered(make: Any) -> Behaviour:
    """For each request, what the function makes of its number."""
    asked: list[Heard] = []

    def behave(line: Line, heard: Heard) -> None:
        asked.append(heard)
        line.say(make(len(asked)))

    return behave


ENDLESS: dict[str, tuple[Behaviour, str]] = {
    "the same cursor for ever": (says(page("1", following="a")), "named before"),
    "cursors in a circle of three": (
        numbered(lambda n: page(str(n), following="abc"[n % 3])),
        "named before",
    ),
    "new cursors, the same records": (
        numbered(lambda n: page("1", "2", following=f"c{n}")),
        "the same records",
    ),
    "new cursors, pages in a circle of 3": (
        numbered(lambda n: page(str(n % 3), f"{n % 3}b", following=f"c{n}")),
        "the same records",
    ),
    "new cursors, records shuffled": (
        numbered(lambda n: page(str(n % 3), f"{n % 4}b", following=f"c{n}")),
        "read before",
    ),
    "new cursors, empty pages": (numbered(lambda n: page(following=f"c{n}")), "in a row are empty"),
    "a cursor that is an object": (says(page("1", following={"id": 7})), "cannot be asked for"),
    "a cursor that is true": (says(page("1", following=True)), "cannot be asked for"),
    "a cursor with NUL": (says(page("1", following="a\x00b")), "cannot be stored"),
    "a cursor with a lone surrogate": (says(page("1", following="a\ud800")), "cannot be stored"),
    "a cursor of a megabyte": (says(page("1", following="c" * 1_000_000)), "1000000 characters"),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_list_without_end_is_ended_what_it_showed_is_kept_and_the_next_run_begins_again(
    case: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Circles, repeated records and endless emptiness are found after a bounded number of requests."""
    monkeypatch.setattr(sweep, "MOST_STALE", 20)
    behaviour, words = ENDLESS[case]
    house.oddly(behaviour)
    stream = house.go()

    assert stream.status == "FAILED"
    assert_clear(house, stream.error, words)
    assert len(house.server.asked("/tickets")) <= 110
    assert bool(house.records()) == ("empty" not in case)

    house.sanely()
    ids = {house.tracker.add(title=f"good {n}") for n in range(7)}
    assert house.go().status == "DONE"
    assert {i for i, r in house.records().items() if not r.remote_was_deleted} == ids


def test_a_provider_that_ignores_the_number_of_the_page_is_found_out(house: House) -> None:
    """Each page is full, and shows the same records: three are enough to know."""
    for name in ("a", "b", "c"):
        house.tracker.add("users", name=name)
    house.oddly(says_json({"items": list(house.tracker.tables["users"].values())}), "/users")
    house.model = "ticketing.User"
    stream = house.go()

    assert stream.status == "FAILED"
    assert "show the same records" in (stream.error or "")
    assert len(house.server.asked("/users")) == 3
    assert len(house.records()) == 3


def test_pages_that_are_empty_in_between_hide_nothing(house: House) -> None:
    """Some providers filter after they have cut the pages; what stands behind an empty one is read, and not deleted."""
    house.oddly(pages(page("1", following="a"), page(following="b"), page("2")))
    assert house.go().status == "DONE"
    assert set(house.records()) == {"1", "2"}


def test_a_page_token_that_expired_begins_the_list_again_by_itself(house: House) -> None:
    """A worker that was stopped in the midst of a list comes back too late: no operator has to resync."""
    ids = {house.tracker.add(title=f"Ticket {n}") for n in range(7)}
    refusal = as_json({"error": "page token has expired"}, 410)
    first = as_json({"items": list(house.tracker.tables["tickets"].values())[:3], "next": "old"})
    house.oddly(pages(first, refusal))
    stream = house.go()

    assert stream.status == "FAILED"
    assert_clear(
        house, stream.error, "read again from its beginning", "page token has expired", "again in 2 s"
    )
    assert len(house.records()) == 3

    house.sanely()
    assert house.go().status == "DONE"
    assert set(house.records()) == ids
    assert house.server.asked("/tickets")[-3].query.get("cursor") is None


def test_a_record_that_moves_to_an_earlier_page_is_neither_deleted_nor_lost(house: House) -> None:
    """It is on no page that was read; asked for by its id it is there."""
    house.model = "ticketing.User"
    ids = [house.tracker.add("users", name=f"User {n}") for n in range(7)]
    house.go()
    users = house.tracker.tables["users"]

    def shifting(line: Line, heard: Heard) -> None:
        if heard.query["page"] == "2":
            users.pop(ids[0], None)
        house.tracker.behave(line, heard)

    house.oddly(shifting, "/users")
    assert house.go(full=True).status == "DONE"
    assert [i for i, r in house.records().items() if r.remote_was_deleted] == []
    assert [h.path for h in house.server.heard if h.path.startswith("/users/")] == [f"/users/{ids[3]}"]

    assert house.go(full=True).status == "DONE"
    assert [i for i, r in house.records().items() if r.remote_was_deleted] == [ids[0]]


def test_a_record_that_cannot_be_asked_for_is_deleted_only_when_it_is_missed_twice(house: House) -> None:
    """One that moved to an earlier page while they were read is on none of them, and is back in the next run."""
    house.model = "ticketing.Team"
    ids = [house.tracker.add("teams", name=f"Team {n}") for n in range(7)]
    house.go()
    teams = house.tracker.tables["teams"]

    def shifting(line: Line, heard: Heard) -> None:
        if heard.query["page"] == "2":
            teams.pop(ids[0], None)
        house.tracker.behave(line, heard)

    def deleted() -> set[str]:
        return {i for i, r in house.records().items() if r.remote_was_deleted}

    house.oddly(shifting, "/teams")
    assert house.go().status == "DONE"
    assert deleted() == set()

    house.sanely()
    house.go()
    house.go()
    assert deleted() == {ids[0]}


def test_a_record_that_is_deleted_while_it_is_read_is_deleted_and_nothing_else_is(house: House) -> None:
    """It was on the first page and is gone before the last: the next complete read tells."""
    house.model = "ticketing.Tag"
    ids = [house.tracker.add("tags", name=f"Tag {n}") for n in range(7)]

    def dying(line: Line, heard: Heard) -> None:
        house.tracker.behave(line, heard)
        if "cursor" not in heard.query:
            house.tracker.tables["tags"].pop(ids[0], None)

    house.oddly(dying, "/tags")
    house.go()
    house.sanely()
    house.go(full=True)
    assert {i for i, r in house.records().items() if r.remote_was_deleted} == {ids[0]}
    assert len(house.records()) == 7


def http_date(moment: dt.datetime) -> str:
    """As headers spell it."""
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("hours", [-1, 1, 24 * 365 * 900])
def test_a_clock_that_is_off_hides_no_change(hours: int, house: House) -> None:
    """A Date in the future is not believed, so that what changes until then is asked for."""
    now = dt.datetime.now(dt.UTC)
    date = http_date(now + dt.timedelta(hours=hours))
    house.oddly(says(as_json({"items": [], "next": None}, Date=date)))
    assert house.go().status == "DONE"

    house.sanely()
    stamp = (now + dt.timedelta(minutes=1)).isoformat()
    added = house.tracker.add(title="new", updated=stamp)
    assert house.go().mode == "changes"
    assert set(house.records()) == {added}
    assert "since" in house.server.asked("/tickets")[-1].query


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 -1200", "yesterday", "Mon, 99 Foo 0000 77:00:00 GMT", ""]
)
@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_dates_at_the_ends_of_time_stop_no_later_run(date: str, stamp: str, house: House) -> None:
    """Neither a Date nor a record's own stamp, however absurd, keeps the next run from asking for changes."""
    record = {"id": "1", "title": "old", "updated": stamp}
    house.oddly(says(as_json({"items": [record], "next": None}, Date=date)))
    assert house.go().status == "DONE"
    assert house.go().status == "DONE"


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("-5", 1, 60),
        ("1000000000000", 86_000, 86_400),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 1, 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_000, 86_400),
        ("soon\x07", 1, 60),
        ("0", 1, 60),
        ("120", 118, 120),
    ],
)
def test_an_absurd_wish_to_wait_neither_stops_a_stream_nor_makes_it_knock_at_once(
    said: str, least: int, most: int, house: House
) -> None:
    """A day is the longest pause, two seconds the shortest; the stream's next time is the true one."""
    house.oddly(says_json({}, 429, Retry_After=said))
    with transaction.atomic():
        asked = clock.now()
    stream = house.go()
    with transaction.atomic():
        due_at, answered = Job.objects.get(kind="pull", reference=stream.id).due_at, clock.now()

    assert (stream.status, stream.reason) == ("FAILED", "RATE_LIMITED")
    assert least <= (due_at - asked).total_seconds()
    assert (due_at - answered).total_seconds() <= most
    assert stream.next_due
    assert abs(stream.next_due - due_at) < dt.timedelta(seconds=1)


def test_a_wish_to_wait_is_told_to_every_stream_of_the_account(house: House) -> None:
    """One worker hears it; the others of the same account do not call the provider meanwhile."""
    house.oddly(says_json({}, 429, Retry_After="120"))
    house.go()
    stream = house.go("ticketing.User")

    assert (stream.status, stream.reason) == ("SYNCING", "RATE_LIMITED")
    assert stream.next_due
    assert 60 < (stream.next_due - clock.now()).total_seconds() <= 120
    assert house.server.asked("/users") == []


@pytest.mark.parametrize("reset", ["99999999999", "1e300", "nan", "-1"])
def test_an_absurd_reset_of_the_rate_rests_an_account_for_a_day_at_the_most(reset: str, house: House) -> None:
    """A header that names the year 5138 does not close the account until then."""
    house.oddly(says(as_json({"items": []}, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)))
    house.go()
    stream = house.go("ticketing.User")

    if stream.next_due and stream.reason == "RATE_LIMITED":
        assert stream.next_due - clock.now() <= LONGEST_PAUSE
    else:
        assert stream.status == "DONE"


def test_a_failure_tells_when_it_is_tried_again_and_never_a_time_that_has_passed(house: House) -> None:
    """The next time that the status shows is the job's own: the backoff, not the usual interval."""
    house.oddly(says_json({}, 500))
    waits = []
    for _ in range(3):
        stream = house.go()
        with transaction.atomic():
            due_at = Job.objects.get(kind="pull", reference=stream.id).due_at
        assert stream.next_due
        assert abs(stream.next_due - due_at) < dt.timedelta(seconds=1)
        waits.append((stream.next_due - (stream.last_finished or clock.now())).total_seconds())

    assert waits == pytest.approx([2, 4, 8], abs=0.9)


def test_an_adapter_that_is_not_installed_says_so_on_the_stream_and_goes_on_when_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream fails in words instead of silently raising at every attempt."""
    from unified_api import registry

    added = house.tracker.add(title="good")
    provider = registry._providers.pop("hostile")
    stream = house.go()
    assert stream.status == "FAILED"
    assert "its adapter is not installed" in (stream.error or "")
    assert "hostile account" in (stream.error or "")

    monkeypatch.setitem(registry._providers, "hostile", provider)
    assert house.go().status == "DONE"
    assert set(house.records()) == {added}


def test_an_error_that_nobody_expected_is_on_the_stream_and_raised(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours is logged by whoever runs the task, and told where an operator looks; the next run lands."""
    house.tracker.add(title="good")
    with monkeypatch.context() as broken:
        broken.setattr("unified_api.sync.set_aside.clear", lambda *_a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            house.go()
    stream = house.stream()
    assert stream.status == "FAILED"
    assert "ZeroDivisionError" in (stream.error or "")
    assert stream.next_due
    assert stream.cursor is None

    assert house.go().status == "DONE"
    assert len(house.records()) == 1


def test_the_stream_stays_amber_while_a_record_waits_also_through_runs_that_read_only_changes(
    house: House,
) -> None:
    """A run of changes that meets no bad record does not hide the one that waits; mended, it comes in."""
    bad = house.tracker.add(title="bad", due="0000-00-00")
    assert house.go().status == "PARTIALLY_SYNCED"
    house.tracker.tables["tickets"][bad]["updated"] = "2020-01-01T00:00:00Z"
    stream = house.go()

    assert (house.run().mode, house.run().set_aside) == ("changes", 0)
    assert stream.status == "PARTIALLY_SYNCED"
    assert_clear(house, stream.error, "1 records do not map", f"{bad}: due_date")

    house.tracker.tables["tickets"][bad] |= {"due": None, "updated": "2026-12-01T00:00:00Z"}
    assert (house.go().status, set(house.records())) == ("DONE", {bad})


def test_what_a_complete_read_meets_no_more_is_no_longer_waited_for(house: House) -> None:
    """A nameless record that is gone, or mended, leaves nothing behind."""
    house.tracker.tables["tickets"]["odd"] = {"title": "nameless", "updated": "2026-01-01T00:00:00Z"}
    assert house.go().status == "PARTIALLY_SYNCED"
    assert house.aside().keys() == {None}

    house.tracker.tables["tickets"]["odd"]["id"] = "1"
    assert house.go(full=True).status == "DONE"
    assert house.aside() == {}


def test_words_of_a_provider_are_counted_but_not_without_end(house: House) -> None:
    """A thousand words that no mapping knows, each of a megabyte, do not fill the run's row."""
    items = [{"id": str(n), "state": f"{n} \x1b[31m" + "w" * 10_000} for n in range(150)]
    house.oddly(says_json({"items": items, "next": None}))
    assert house.go().status == "DONE"

    words = house.run().unknown_words
    assert len(words) == 100
    assert max(map(len, words)) <= 100
    assert all(word.isprintable() for word in words)
    assert len(json.dumps(words)) < 20_000


def test_a_slice_that_is_cut_off_in_the_midst_of_a_list_keeps_its_place(house: House) -> None:
    """What was noted against endless lists does not stand in the way of going on."""
    ids = {house.tracker.add(title=f"Ticket {n}") for n in range(8)}
    for _ in range(6):
        if lease := job.claim("pull", house.stream().id):
            from unified_api.sync import tasks

            tasks.do(lease, 0.0)
    assert set(house.records()) == ids
    with transaction.atomic():
        assert Stream.objects.get(id=house.stream().id).status == "DONE"
