"""The client against a small tracker of our own.

Pages and cursors, writes and their doubts, and nested records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.auth import Basic
from integrations.kit.client import Client, Observation, Page
from integrations.kit.embedded import Embedded
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Check, Since, Table
from integrations.kit.errors import (
    Forbidden,
    Gone,
    Misconfigured,
    Moved,
    NeedsReauthorisation,
    Rejected,
    RetryLater,
    Uncertain,
)
from integrations.kit.http import Patience
from integrations.kit.lenses import at, choice, instant, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from integrations.kit.steps import amend, by_ids, post_once
from tests.integrations.lines import SMALL, connection
from tests.integrations.listener import Answers, Listener, Seen, Told, listening, told
from unified_api.models.ticketing import Comment, Tag, Ticket, User


def _noted(api: Api, rows: list[Any]) -> list[Any]:
    notes = by_ids(api, "/notes", [str(row["note"]) for row in rows if row["note"]], {}, items="rows")
    return [{**row, "note": notes.get(str(row["note"]), {}).get("text")} for row in rows]


COMMENTS = Mapping(Comment, body="text", ticket=ref("ticket", create_only=True))
TICKETS = Resource(
    mapping=Mapping(
        Ticket,
        version="changed",
        name="title",
        status=choice("state", {"OPEN": "open", "CLOSED": "done"}, table="states"),
        description=at("note", read_only=True),
        remote_updated_at=instant("changed", read_only=True),
    ),
    list=GET(
        "/tickets", items="rows", paging=ByPage(size=2, total="count"), since=Since("since"), then=_noted
    ),
    get=GET("/tickets/{remote_id}"),
    create=POST("/tickets"),
    update=PATCH("/tickets/{remote_id}", conditional=True, null=""),
    delete=DELETE("/tickets/{remote_id}", conditional=True),
    recent=GET(
        "/tickets", items="rows", params={"q": "{name}", "newest": "1"}, paging=ByPage(size=2), pages=2
    ),
    recognise=("name",),
    embedded=(Embedded("comments", COMMENTS),),
    lookback=60,
)
TAGS = Resource(
    mapping=Mapping(Tag, name="label"),
    list=GET("/tags", items="rows"),
    get=GET("/tags", items="rows", first=True, params={"id": "{remote_id}"}),
    create=lambda api, body: post_once(api, "/tags", body, link="link", made="id"),
    recent=GET("/tags", items="rows"),
    recognise=("name",),
)
USERS = Resource(mapping=Mapping(User, name="name"), list=GET("/nowhere", items="rows"), sweep=False)
PROVIDER = Provider(
    slug="tracker",
    name="Tracker",
    category="ticketing",
    settings=(
        Setting("base_url", "Address", kind="url"),
        Setting("username", "Who"),
        Setting("password", "Secret", secret=True),
    ),
    auth=Basic(),
    check=Check(GET("/me"), lambda answer, settings: f"{settings['username']}@{answer['host']}"),
    tables={"states": Table(GET("/states", items="rows"))},
    headers={"X-Origin": "{origin}"},
    resources=(TICKETS, TAGS, USERS),
)


@dataclass
class Tracker:
    """The tracker's data, and what goes wrong next."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    doors: set[str] = field(default_factory=set)
    wrong: list[Told | None] = field(default_factory=list)
    edits: list[Any] = field(default_factory=list)

    def ticket(self, number: int, **more: Any) -> dict[str, Any]:
        """Put a ticket in."""
        row = {"id": number, "title": f"T{number}", "state": "open", "note": None, "comments": [], **more}
        self.rows[str(number)] = {"changed": f"2026-01-01T00:00:{number:02}+00:00", **row}
        return self.rows[str(number)]

    def __call__(self, seen: Seen) -> Told:
        """Answer; a planned fault comes after the write was carried out."""
        answer = self._answer(seen)
        wrong = self.wrong.pop(0) if self.wrong and seen.method != "GET" else None
        return wrong or replace(answer, headers={"Date": "Thu, 01 Jan 2026 10:00:00 GMT", **answer.headers})

    def _answer(self, seen: Seen) -> Told:
        _root, kind, *rest = seen.path.split("/")
        body = json.loads(seen.body) if seen.body else None
        if kind == "tags":
            return self._tags(seen, rest, body)
        if kind == "tickets":
            return self._one(seen, rest[0], body) if rest else self._many(seen, body)
        fixed = {
            "me": {"host": "here"},
            "states": {"rows": [{"id": "s1", "name": "open"}, {"id": "s2", "name": "done"}]},
        }
        notes = {"rows": [{"id": 1, "text": "first note"}]}
        known = {**fixed, "notes": notes}
        return told(known[kind]) if kind in known else told({}, 404)

    def _many(self, seen: Seen, body: Any) -> Told:
        if seen.method == "POST":
            self.ticket(len(self.rows) + 1, **{**body, "state": _state(body)})
            return told({"id": len(self.rows)}, 201)
        rows = [r for r in self.rows.values() if r["changed"] >= seen.query.get("since", "")]
        rows = rows[::-1] if "newest" in seen.query else rows
        start = (int(seen.query["page"]) - 1) * 2
        return told({"rows": rows[start : start + 2], "count": len(rows)})

    def _one(self, seen: Seen, number: str, body: Any) -> Told:
        row = self.rows.get(number)
        if row is None:
            return told({}, 404)
        if seen.method == "GET":
            answer = told(row, ETag=f'"{json.dumps(row)!r}"'.replace("\\", ""))
            for edit in self.edits[:1]:
                edit(row)
            self.edits = self.edits[1:]
            return answer
        if seen.headers.get("If-Match") != f'"{json.dumps(row)!r}"'.replace("\\", ""):
            return told({}, 412)
        if seen.method == "DELETE":
            del self.rows[number]
        else:
            row.update({**body, "state": _state(body) if "state" in body else row["state"]})
        return told({"status": "ok"})

    def _tags(self, seen: Seen, rest: list[str], body: Any) -> Told:
        if rest == ["@poe"]:
            door = f"/tags/@poe/{len(self.doors)}-{len(self.tags)}"
            self.doors.add(door)
            return told({"link": f"http://elsewhere.example/base{door}"})
        if rest:
            if seen.path not in self.doors:
                return told({"detail": "used up"}, 400)
            self.doors.remove(seen.path)
            self.tags.append({"id": str(len(self.tags) + 1), **body})
            return told({"id": str(len(self.tags))}, 201)
        wanted = seen.query.get("id")
        return told({"rows": [tag for tag in self.tags if wanted in {None, tag["id"]}]})


def _state(body: dict[str, Any]) -> str:
    return {"s1": "open", "s2": "done"}[body.get("state", "s1")]


def _always(answer: Told) -> Answers:
    return lambda _seen: answer


@pytest.fixture
def tracker() -> Tracker:
    """An empty tracker."""
    return Tracker()


@pytest.fixture
def server(tracker: Tracker) -> Iterator[Listener]:
    """The tracker on loopback."""
    with listening(tracker) as listener:
        yield listener


@pytest.fixture
def client(server: Listener) -> Iterator[Client]:
    """A client of it."""
    line = connection({"base_url": server.url, "username": "ada"})
    with Client(PROVIDER, line, limits=SMALL, patience=Patience(attempts=2)) as client:
        yield client


def ids(pages: list[Page]) -> list[str]:
    """All remote ids in order."""
    return [observation.remote_id for page in pages for observation in page.observations]


def test_check_names_the_account(client: Client, server: Listener) -> None:
    """The provider's own name for the account, and the headers that it wants."""
    assert client.check() == "ada@here"
    assert server.seen[0].headers["X-Origin"] == server.url


def test_check_of_a_wrong_address_is_a_misconfiguration() -> None:
    """Nothing there, or a web page: a person must look. A refused credential stays one."""
    answers = {404: Misconfigured, 200: Misconfigured, 401: NeedsReauthorisation, 503: RetryLater}
    for status, error in answers.items():
        page = Told(status, b"<html>")
        with listening(_always(page)) as listener:
            line = connection({"base_url": listener.url, "username": "ada"})
            with pytest.raises(error):
                Client(PROVIDER, line, patience=Patience(attempts=1)).check()


def test_pages_are_read_and_joined(client: Client, tracker: Tracker) -> None:
    """All pages, with what belongs to them fetched along; the last one proves absence."""
    for number in range(1, 6):
        tracker.ticket(number, note=1 if number == 2 else None)
    pages = list(client.pages(TICKETS, None))

    assert ids(pages) == ["1", "2", "3", "4", "5"]
    assert [page.last for page in pages] == [False, False, True]
    assert [page.complete for page in pages] == [False, False, True]
    assert [page.requests for page in pages] == [2, 1, 1]
    assert pages[0].observations[1].values["description"] == "first note"
    first = pages[0].observations[0]
    assert (first.shape, first.path, first.version) == ("list", "/tickets", "2026-01-01T00:00:01+00:00")
    assert first.started < first.arrived < pages[1].observations[0].started


def test_a_run_resumes_from_its_cursor(client: Client, tracker: Tracker) -> None:
    """The cursor goes through JSON, and the rest comes as if nothing had happened."""
    for number in range(1, 6):
        tracker.ticket(number)
    first = next(client.pages(TICKETS, None))
    rest = list(client.pages(TICKETS, json.loads(json.dumps(first.cursor)), full=True))

    assert ids([first, *rest]) == ["1", "2", "3", "4", "5"]
    assert rest[-1].complete


def test_the_next_run_asks_for_changes_by_the_providers_clock(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """From the newest change seen or the provider's date, whichever is earlier, minus the lookback."""
    for number in range(1, 4):
        tracker.ticket(number)
    cursor = list(client.pages(TICKETS, None))[-1].cursor
    assert cursor == {"since": "2026-01-01T00:00:03+00:00"}
    tracker.ticket(4, changed="2026-01-01T11:00:00+00:00")
    pages = list(client.pages(TICKETS, cursor))

    assert "4" in ids(pages)
    assert server.seen[-1].query["since"] == "2025-12-31T23:59:03+00:00"
    assert not pages[-1].complete
    assert pages[-1].cursor == {"since": "2026-01-01T10:00:00+00:00"}
    assert list(client.pages(TICKETS, cursor, full=True))[-1].complete


def test_changes_by_order_stop_where_they_are_known(client: Client, tracker: Tracker) -> None:
    """Without a filter, the newest come first until the lookback is reached."""
    for number in range(1, 10):
        tracker.ticket(number)
    newest = Since(newest_first={"newest": "1"}, stamp=instant("changed"))
    assert TICKETS.list is not None
    resource = replace(TICKETS, list=replace(TICKETS.list, since=newest), lookback=1)
    pages = list(client.pages(resource, {"since": "2026-01-01T00:00:07+00:00"}))

    assert ids(pages) == ["9", "8", "7", "6", "5", "4"]
    assert not pages[-1].complete


def test_bad_records_do_not_stop_a_page(client: Client, tracker: Tracker) -> None:
    """They are set aside with a reason, the others go on, and unknown words are counted."""
    tracker.ticket(1, title=["no text"], comments=[{"id": 8, "text": 5}, {"id": None}])
    tracker.ticket(2, state="parked", comments=[{"id": 9, "text": "hello", "ticket": 2}, "odd"])
    tracker.rows["3"] = {"id": 3, "changed": "2026-02-31", "note": {}, "title": "T"}
    pages = list(client.pages(TICKETS, None))

    assert ids(pages) == ["2"]
    assert pages[0].observations[0].values["status"] == "parked"
    assert pages[0].unknown_words == {"status: parked": 1}
    assert [inner.values["body"] for inner in pages[0].observations[0].embedded] == ["hello"]
    reasons = [(bad.remote_id, bad.reason) for page in pages for bad in page.bad]
    assert [remote_id for remote_id, _reason in reasons] == ["1", None, "3"]
    assert reasons[0][1].startswith("name: a text is due")


def test_of_what_stands_inside_only_those_are_read_that_are_records(client: Client, tracker: Tracker) -> None:
    """A function of the adapter says which; an answer that it cannot take is noted, and read all the same."""
    loud = Embedded("comments", COMMENTS, lambda row: [one for one in row["comments"] if one["text"]])
    tracker.ticket(1, comments=[{"id": 8, "text": ""}, {"id": 9, "text": "hello"}])
    tracker.ticket(2, comments=[{"id": 7}])
    page, *_ = client.pages(replace(TICKETS, embedded=(loud,)), None)

    assert [[one.remote_id for one in row.embedded] for row in page.observations] == [["9"], []]
    assert [(bad.remote_id, bad.inside) for bad in page.bad] == [(None, "ticketing.Comment")]


def test_a_search_below_what_is_gone_finds_nothing(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """A list that is missing stays forbidden, and so does what a provider hides from an account that sees nothing."""
    below = replace(TICKETS, recent=GET("/tickets/{name}", items="comments"), embedded=())
    assert client.recent(below, {"name": "1"}) == []
    tracker.ticket(1, comments=[{"id": 9, "title": "1", "changed": "2026-01-01T00:00:01+00:00"}])
    assert [one.remote_id for one in client.recent(below, {"name": "1"})] == ["9"]
    with pytest.raises(Forbidden):
        client.recent(replace(TAGS, recent=GET("/nowhere", items="rows")), {"name": "1"})

    hiding = replace(PROVIDER, hides=True, check=Check(GET("/nowhere")))
    line = connection({"base_url": server.url, "username": "ada"})
    with Client(hiding, line, limits=SMALL) as blind, pytest.raises(Forbidden):
        blind.recent(below, {"name": "2"})


def test_a_list_that_is_none(client: Client, server: Listener) -> None:
    """A missing list is forbidden to this account, an answer without a list is no emptiness."""
    with pytest.raises(Forbidden, match="no list of User"):
        next(client.pages(USERS, None))
    server.answers = lambda _seen: told({"rows": None})
    with pytest.raises(Misconfigured, match="no list at 'rows'"):
        next(client.pages(TICKETS, None))
    server.answers = lambda _seen: Told(200, b"")
    with pytest.raises(Misconfigured, match="no list"):
        next(client.pages(TICKETS, None))


def test_one_record_is_read_or_gone(client: Client, tracker: Tracker) -> None:
    """By its own address, or as the only one of a list."""
    tracker.ticket(1)
    tracker.tags.append({"id": "1", "label": "blue"})

    assert client.read(TICKETS, "1").shape == "get"
    assert client.read(TAGS, "1").values == {"name": "blue"}
    for resource in (TICKETS, TAGS):
        with pytest.raises(Gone):
            client.read(resource, "99")
    for odd in ("", ".", ".."):
        with pytest.raises(Rejected):
            client.read(TICKETS, odd)
    with pytest.raises(Gone):
        client.read(TICKETS, "a b?c#d%")


def test_a_create_is_read_back(client: Client, server: Listener) -> None:
    """The remote words go out, and the record comes back as the provider shows it."""
    made = client.create(TICKETS, {"name": "New", "status": "CLOSED"})

    assert (made.remote_id, made.values["name"], made.values["status"]) == ("1", "New", "CLOSED")
    sent = next(json.loads(seen.body) for seen in server.seen if seen.method == "POST")
    assert sent == {"title": "New", "state": "s2"}


def test_a_create_that_cannot_be_is_refused_before_it_leaves(client: Client, server: Listener) -> None:
    """Required fields, unwritable fields, unknown words: each named, and nothing sent."""
    for values, fields in (
        ({}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": "x", "status": "HELD", "description": "d", "tags": []}, {"status", "description", "tags"}),
    ):
        with pytest.raises(Rejected) as caught:
            client.create(TICKETS, values)
        assert set(caught.value.fields) == fields
    with pytest.raises(Rejected, match="does not let user records be created"):
        client.create(USERS, {"name": "x"})
    assert not [seen for seen in server.seen if seen.method != "GET"]


def test_a_create_whose_answer_is_lost_is_uncertain_and_found(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """It is not repeated; a bounded search finds what it made, newest first."""
    tracker.ticket(1, title="New")
    tracker.wrong = [Told(502, b"")]
    with pytest.raises(Uncertain):
        client.create(TICKETS, {"name": "New"})

    assert len([seen for seen in server.seen if seen.method == "POST"]) == 1
    assert [found.remote_id for found in client.recent(TICKETS, {"name": "New"})] == ["2", "1"]
    assert client.recent(TICKETS, {"name": "Other"}) == []
    assert client.recent(USERS, {"name": "x"}) == []


def test_a_create_is_looked_for_as_the_provider_keeps_what_it_said(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """It is asked for that, and what it finds is known by that."""
    tracker.ticket(1, title="New")
    lenses = {**TICKETS.mapping.lenses, "name": text("title", trims=True)}
    tickets = replace(TICKETS, mapping=Mapping(Ticket, **lenses))

    assert [one.remote_id for one in client.recent(tickets, {"name": " New "})] == ["1"]
    assert server.seen[-1].query["q"] == "New"


def test_what_a_create_said_beside_tells_its_record_from_others(client: Client, tracker: Tracker) -> None:
    """Of two that have the same name the one that says all of it; what was not said tells nothing."""
    for number, state in ((1, "open"), (2, "done")):
        tracker.ticket(number, title="New", state=state)
    tickets = replace(TICKETS, tells_apart=("status",))

    assert [one.remote_id for one in client.recent(tickets, {"name": "New", "status": "CLOSED"})] == ["2"]
    assert len(client.recent(tickets, {"name": "New"})) == 2


def test_an_answer_that_does_not_name_what_it_made(client: Client, server: Listener) -> None:
    """It was made, so this is uncertain, not refused."""
    server.answers = lambda _seen: told({"done": True}, 201)
    with pytest.raises(Uncertain, match="does not name its id"):
        client.create(TICKETS, {"name": "x"})


def test_post_once_is_asked_twice_and_done_once(client: Client, tracker: Tracker, server: Listener) -> None:
    """When the first answer is lost, the same address is asked again, and proves that it was used."""
    tracker.wrong = [None, Told(502, b"")]
    with pytest.raises(Uncertain):
        client.create(TAGS, {"name": "blue"})
    assert [tag["label"] for tag in tracker.tags] == ["blue"]
    assert len(client.recent(TAGS, {"name": "blue"})) == 1

    assert client.create(TAGS, {"name": "red"}).values == {"name": "red"}
    assert len([seen for seen in server.seen if seen.method == "POST"]) == 5


def test_an_update_sends_what_differs_under_a_fresh_condition(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """The pre-image is handed over before anything leaves; a second time there is nothing to send."""
    tracker.ticket(1)
    journal: list[Observation] = []
    after = client.update(TICKETS, "1", {"name": None, "status": "OPEN"}, before=journal.append)

    assert [image.values["name"] for image in journal] == ["T1"]
    sent = [json.loads(seen.body) for seen in server.seen if seen.method == "PATCH"]
    assert sent == [{"title": ""}]
    assert after.values["name"] == ""
    client.update(TICKETS, "1", {"name": "", "status": "OPEN"}, before=journal.append)
    assert len(journal) == 1


def test_an_edit_of_another_field_in_between_is_no_conflict(client: Client, tracker: Tracker) -> None:
    """The condition fails, the record is read again, and both edits survive."""
    tracker.ticket(1)
    tracker.edits = [lambda row: row.update(state="done")]
    after = client.update(TICKETS, "1", {"name": "Mine"})

    assert (after.values["name"], after.values["status"]) == ("Mine", "CLOSED")


def test_an_edit_of_the_same_field_in_between_is_a_conflict(client: Client, tracker: Tracker) -> None:
    """Nothing is overwritten, and the error says what stands there now."""
    tracker.ticket(1)
    tracker.edits = [lambda _row: None, lambda row: row.update(title="Theirs")]
    with pytest.raises(Moved) as caught:
        client.update(TICKETS, "1", {"name": "Mine"})

    assert caught.value.fields == {"name": "is 'Theirs' by now"}
    assert tracker.rows["1"]["title"] == "Theirs"


def test_what_was_expected_is_compared_just_before(
    client: Client, tracker: Tracker, server: Listener
) -> None:
    """A record that says something else than the caller last saw is not written to."""
    tracker.ticket(1)
    with pytest.raises(Moved) as caught:
        client.update(TICKETS, "1", {"name": "Mine"}, expected={"status": "CLOSED"})
    assert set(caught.value.fields) == {"status"}
    assert client.update(TICKETS, "1", {"name": "Mine"}, expected={"status": "OPEN"}).values["name"] == "Mine"
    assert len([seen for seen in server.seen if seen.method == "PATCH"]) == 1


def test_a_record_that_never_rests(client: Client, tracker: Tracker) -> None:
    """After some rounds the write gives up, and says so."""
    row = tracker.ticket(1)
    tracker.edits = [lambda _row, n=n: row.update(note=None, extra=n) for n in range(100)]
    with pytest.raises(Moved, match="kept changing"):
        client.update(TICKETS, "1", {"name": "Mine"})


def test_deleting(client: Client, tracker: Tracker) -> None:
    """Gone afterwards, and gone before is told."""
    tracker.ticket(1)
    client.delete(TICKETS, "1")

    assert tracker.rows == {}
    with pytest.raises(Gone):
        client.delete(TICKETS, "1")
    with pytest.raises(Rejected, match="be deleted"):
        client.delete(TAGS, "1")


def test_amending_goes_on_whatever_others_do(client: Client, tracker: Tracker) -> None:
    """For additions that nobody loses: tried again under a fresh condition, and not for ever."""
    row = tracker.ticket(1)
    api: Any = client._session
    tracker.edits = [lambda row: row.update(extra=1)]
    amend(api, "/tickets/1", {"title": "amended"})
    assert row["title"] == "amended"
    tracker.edits = [lambda row, n=n: row.update(extra=n) for n in range(100)]
    with pytest.raises(Moved):
        amend(api, "/tickets/1", {"title": "again"})


def test_passthrough(client: Client, server: Listener) -> None:
    """Every status is an answer, every body too, and the path stays the account's."""
    server.answers = lambda seen: Told(
        418, b"\xff\xfe" if seen.path == "/b" else b"tea" if seen.path == "/t" else b'{"a":1}'
    )
    answers = [
        client.raw("get", path, params={"q": "1"}, headers={"X-A": "b"}) for path in ("/j", "/t", "/b")
    ]

    assert [(answer.status, answer.body) for answer in answers] == [
        (418, {"a": 1}),
        (418, "tea"),
        (418, b"\xff\xfe"),
    ]
    assert server.seen[0].query == {"q": "1"}
    assert server.seen[0].headers["X-A"] == "b"
    assert client.raw("POST", "/j", body=b"as it is").status == 418
    assert server.seen[-1].body == b"as it is"
    with pytest.raises(Misconfigured):
        client.raw("GET", "http://elsewhere.example/")


def test_the_clock_of_a_run_is_the_providers(client: Client, tracker: Tracker) -> None:
    """An empty first run starts the next one at the provider's date."""
    assert tracker.rows == {}
    cursor = list(client.pages(TICKETS, None))[-1].cursor

    assert datetime.fromisoformat(cursor["since"]) == datetime(2026, 1, 1, 10, tzinfo=UTC)
