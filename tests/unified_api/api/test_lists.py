"""Lists and single records: filters, cursors, extras."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.test import Client

from tenants.scope import scope
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api.api import filters
from unified_api.models.base import common_models, wire_fields
from unified_api.models.ticketing import Attachment, Collection, Comment, Tag, Ticket, User
from unified_api.sync import store, values

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def names(answer: Any) -> list[str]:
    """The names of the records of a page."""
    assert answer.status_code == 200, answer.content
    return [record["name"] for record in answer.json()["results"]]


@pytest.fixture
def three(api: Linked) -> Linked:
    """An account with three tickets that differ in everything."""
    api.land("7", model=User, name="Grace", email_address="grace@example.com")
    api.land("8", model=User, name="Alan")
    url = "https://desk.example/tickets/"
    api.land(
        "1", name="one", status="OPEN", assignees=["7"], creator="7", tags=["a", "b"], ticket_url=f"{url}1"
    )
    api.land(
        "2", name="two", status="CLOSED", assignees=["8", "7"], creator="8", due_date=NOON, priority="LOW"
    )
    api.land(
        "3",
        name="three",
        status="waiting",
        tags=["c"],
        due_date=NOON + dt.timedelta(hours=1),
        parent_ticket="1",
    )
    return api


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "OPEN"}, ["one"]),
        ({"status": "waiting"}, ["three"]),
        ({"status": ""}, ["one", "two", "three"]),
        ({"name": "two"}, ["two"]),
        ({"name": "tw"}, []),
        ({"ticket_url": "/tickets/1"}, ["one"]),
        ({"tags": "b,c"}, ["one", "three"]),
        ({"due_after": NOON.isoformat()}, ["two", "three"]),
        ({"due_before": NOON.isoformat()}, ["two"]),
        ({"due_after": "2026-01-31T12:00:00.000001Z", "due_before": "2026-02-01"}, ["three"]),
        ({"remote_id": "2"}, ["two"]),
        ({"remote_ids": "3,1"}, ["one", "three"]),
        ({"page_size": "5000"}, ["one", "two", "three"]),
        ({"no_such_parameter": "1", "expand": "nothing"}, ["one", "two", "three"]),
    ],
)
def test_filters(three: Linked, query: dict[str, str], expected: list[str]) -> None:
    """Each filter means what its field's class says; empty ones and unknown ones do nothing."""
    assert names(three.get("tickets", query)) == expected


def test_filters_by_relation(three: Linked) -> None:
    """One id or several, for single and for many relations."""
    grace, alan = (three.get("users", {"remote_id": r}).json()["results"][0]["id"] for r in ("7", "8"))

    assert names(three.get("tickets", {"assignee_ids": alan})) == ["two"]
    assert names(three.get("tickets", {"assignee_ids": f"{grace},{alan}"})) == ["one", "two"]
    assert names(three.get("tickets", {"creator_id": grace})) == ["one"]
    assert names(three.get("tickets", {"creator_ids": f"{grace},{alan}"})) == ["one", "two"]


@pytest.mark.parametrize(
    "query",
    [
        {"created_after": "yesterday"},
        {"modified_before": "2026-13-01"},
        {"due_after": "1"},
        {"assignee_ids": "7"},
        {"include_deleted_data": "maybe"},
        {"page_size": "-1"},
        {"page_size": "many"},
        {"cursor": "AAAA"},
        {"cursor": "é"},
        {"name": "a\x00b"},
        {"remote_ids": "a,\x00"},
    ],
)
def test_malformed_parameters_are_named(three: Linked, query: dict[str, str]) -> None:
    """400, with the parameter's name as key."""
    answer = three.get("tickets", query)

    assert (answer.status_code, list(answer.json())) == (400, list(query))


@pytest.mark.parametrize("category", ["hris", "crm", "ticketing"])
def test_every_declared_filter_chooses(category: str, alice: Person, link: Link) -> None:
    """Whatever a list can be asked for: what no record has finds none, and what is no such value is 400."""
    account = product_of(alice, link, category)
    models = [model for model in common_models(category) if model.wire.contract and model.wire.alone]
    for number, model in enumerate(models):
        account.linked.land("1", model=model)
        url = f"{category}/v1/{model.wire.path}"
        assert len(account.call("get", url).json()["results"]) == 1, url
        for one in filters.declared(model):
            if one.field or number == 0:  # those of all lists need to be tried once
                _try_filter(account, url, one)


def _try_filter(account: Product, url: str, one: filters.Filter) -> None:
    name, kind = one.parameter.name, kind_of(one.parameter.schema)
    strange = {
        "time": f"{2100 if name.endswith('_after') else 1970}-01-01T00:00:00Z",
        "id": str(uuid.uuid4()),
    }
    found = account.call("get", f"{url}?{name}={'true' if kind == 'flag' else strange.get(kind, 'nobody')}")
    expected = int(kind == "flag" and not one.field)  # `include_…` leaves none out
    assert (found.status_code, len(found.json()["results"])) == (200, expected), name
    if kind != "text":
        refused = account.call("get", f"{url}?{name}=nobody")
        assert (refused.status_code, list(refused.json())) == (400, [name])


def kind_of(schema: Any) -> str:
    """What the value of a filter is; of one that takes several, each of them."""
    told = schema.get("items", schema)
    if {"type": "boolean"} in told.get("anyOf", ()):
        return "flag"
    return {"date-time": "time", "uuid": "id"}.get(told.get("format"), "text")


def test_shells_and_deleted_records_stay_hidden(api: Linked) -> None:
    """Unless they are asked for."""
    record = api.land("1", name="one", creator="99")
    with scope(api.person.tenant_id), store.entry(api.account.id) as entry:
        entry.remove(Ticket, [record], store.Cause("sweep"))

    assert names(api.get("tickets")) == []
    assert names(api.get("tickets", {"include_deleted_data": "true"})) == ["one"]
    assert names(api.get("users")) == []
    assert [u["remote_id"] for u in api.get("users", {"include_shell_data": "true"}).json()["results"]] == [
        "99"
    ]


def test_wire_form_of_a_ticket(three: Linked) -> None:
    """Keys in the contract's order, times with Z, relations as ids, nulls where nothing is known."""
    one = three.get("tickets", {"name": "two"}).json()["results"][0]
    own = list(wire_fields(Ticket))

    assert list(one) == [
        *("id", "remote_id", "created_at", "modified_at", *own),
        *("remote_was_deleted", "field_mappings", "remote_data", "remote_fields"),
    ]
    assert one["due_date"] == "2026-01-31T12:00:00.000000Z"
    assert [uuid.UUID(i).version for i in one["assignees"]] == [5, 5]
    assert (one["description"], one["remote_data"], one["remote_was_deleted"]) == (None, None, False)


def test_only_models_with_remote_fields_have_the_key(api: Linked) -> None:
    """Tickets have remote fields in the contract, users do not."""
    api.land("1", name="one", creator="7")
    api.land("7", model=User, name="Grace")

    assert api.get("tickets", {"include_remote_fields": "true"}).json()["results"][0]["remote_fields"] == []
    assert "remote_fields" not in api.get("users").json()["results"][0]


def test_expands_one_level(three: Linked) -> None:
    """Relations become records; the ids inside these stay ids, and so do ids in lists' order."""
    page = three.get("tickets", {"expand": "assignees,parent_ticket"}).json()["results"]

    assert [u["name"] for u in page[1]["assignees"]] == ["Alan", "Grace"]
    assert page[2]["parent_ticket"]["name"] == "one"
    assert isinstance(page[2]["parent_ticket"]["creator"], str)
    assert page[0]["parent_ticket"] is None


def test_expand_takes_repeated_keys(three: Linked) -> None:
    """`expand=a&expand=b` is `expand=a,b`."""
    page = three.get("tickets", {"expand": ["creator", "assignees"], "name": "one"}).json()["results"]

    assert (page[0]["creator"]["name"], page[0]["assignees"][0]["name"]) == ("Grace", "Grace")


def test_remote_data_is_the_providers_answer(three: Linked) -> None:
    """As a list of path and data, only when it is asked for."""
    plain, told = (three.get("tickets", {"name": "one", **q}) for q in ({}, {"include_remote_data": "true"}))

    assert plain.json()["results"][0]["remote_data"] is None
    assert told.json()["results"][0]["remote_data"][0]["path"] == "/tickets"
    assert told.json()["results"][0]["remote_data"][0]["data"]["id"] == "1"


def test_enum_origins_are_the_providers_own_words(api: Linked, desk: Any) -> None:
    """With show_enum_origins, or its old name, the words stand as the desk spells them."""
    desk.add(title="one", state="busy", priority="p1")
    api.work()
    plain = api.get("tickets").json()["results"][0]
    told = api.get("tickets", {"show_enum_origins": "status,priority"}).json()["results"][0]
    old = api.get("tickets", {"remote_fields": "status"}).json()["results"][0]

    assert (plain["status"], plain["priority"]) == ("IN_PROGRESS", "URGENT")
    assert (told["status"], told["priority"]) == ("busy", "p1")
    assert (old["status"], old["priority"]) == ("busy", "URGENT")


def test_a_model_that_the_integration_never_shows_is_404(api: Linked) -> None:
    """The stub has no attachments, and refers to none."""
    assert api.get(Attachment.wire.path).status_code == 404
    assert api.get(Collection.wire.path).status_code == 404
    assert api.get(Comment.wire.path).status_code == 404
    assert api.get(Tag.wire.path).status_code == 200


def test_retrieve_has_the_version_as_etag(three: Linked) -> None:
    """It is the version that writes go by, and a reader who has it gets 304."""
    record = three.get("tickets", {"name": "one"}).json()["results"][0]["id"]
    answer = three.get(f"tickets/{record}")
    again = three.get(f"tickets/{record}", **{"If-None-Match": answer.headers["ETag"]})
    stored = three.stored(lambda: Ticket.objects.get(id=record))

    assert answer.headers["ETag"] == f'"{values.version(stored)}"'
    assert (again.status_code, again.content) == (304, b"")
    assert three.get("tickets/nonsense").status_code == 404


def test_pages_lead_back(api: Linked) -> None:
    """`previous` of each page is the page before it; the first page has none."""
    for number in range(7):
        api.land(str(number), name=str(number))
    first = api.get("tickets", {"page_size": 3}).json()
    second = api.get("tickets", {"page_size": 3, "cursor": first["next"]}).json()
    third = api.get("tickets", {"page_size": 3, "cursor": second["next"]}).json()
    back = api.get("tickets", {"page_size": 3, "cursor": third["previous"]}).json()
    start = api.get("tickets", {"page_size": 3, "cursor": back["previous"]}).json()

    assert [r["name"] for r in third["results"]] == ["6"]
    assert third["next"] is None
    assert back["results"] == second["results"]
    assert start["results"] == first["results"]
    assert (first["previous"], start["previous"]) == (None, None)


@pytest.mark.parametrize("position", [0, 10, -1])
def test_a_tampered_cursor_is_refused(three: Linked, position: int) -> None:
    """One changed character anywhere, or another list's cursor, is 400 that names `cursor`."""
    cursor = three.get("tickets", {"page_size": 1}).json()["next"]
    other = "A" if cursor[position] != "A" else "B"
    changed = list(cursor)
    changed[position] = other

    for path, forged in (("tickets", "".join(changed)), ("users", cursor), ("sync-status", cursor)):
        answer = three.get(path, {"cursor": forged})
        assert (answer.status_code, list(answer.json())) == (400, ["cursor"])


def test_a_reader_who_polls_by_modified_after_misses_nothing(api: Linked) -> None:
    """Three writers store at once, while one reader polls from the newest stamp that it has seen."""
    stop, wanted = threading.Event(), [f"{w}-{n}" for w in range(3) for n in range(15)]

    def write(writer: int) -> None:
        from django.db import connections

        for number in range(15):
            api.land(f"{writer}-{number}", name="written")
        connections.close_all()

    writers = [threading.Thread(target=write, args=(w,)) for w in range(3)]
    for writer in writers:
        writer.start()

    def watch() -> None:
        for writer in writers:
            writer.join()
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    seen: set[str] = set()
    since = "2020-01-01T00:00:00Z"
    last_round = False
    while not last_round:
        last_round = stop.is_set()
        while page := api.get("tickets", {"modified_after": since, "page_size": 100}).json()["results"]:
            fresh = {record["remote_id"] for record in page} - seen
            seen |= fresh
            since = max(record["modified_at"] for record in page)
            if not fresh:
                break
    watcher.join()

    assert seen == set(wanted)


def test_a_reader_of_several_pages_who_polls_from_before_the_first_misses_nothing(api: Linked) -> None:
    """Three writers change records of three pages while one reader polls: at the end it has what is stored."""
    texts = [f"{number:02}" for number in range(12)]
    for text in texts:
        api.land(text, name="new")

    def write(writer: int) -> None:
        from django.db import connections

        for number in range(15):
            api.land(texts[(5 * writer + 7 * number) % len(texts)], name=f"{writer}-{number}")
        connections.close_all()

    writers = [threading.Thread(target=write, args=(w,)) for w in range(3)]
    for writer in writers:
        writer.start()
    seen: dict[str, str] = {}
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    is_last = False
    while not is_last:
        is_last = not any(writer.is_alive() for writer in writers)
        began = dt.datetime.now(dt.UTC)
        cursor: str | None = ""
        while cursor is not None:
            query = {"modified_after": since.isoformat(), "page_size": 4, "cursor": cursor}
            page = api.get("tickets", query).json()
            seen |= {record["remote_id"]: record["name"] for record in page["results"]}
            cursor = page["next"]
        since = began

    assert seen == api.stored(lambda: dict(Ticket.objects.values_list("remote_id", "name")))


@pytest.mark.parametrize("asked", ["modified_after", "created_after", "page_size"])
def test_the_first_page_of_a_list_waits_for_commits_in_flight(
    api: Linked, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store transaction that has its stamp is waited for, so what it stores is on the page; later pages go on."""
    monkeypatch.setattr("unified_api.sync.feed.PATIENCE", dt.timedelta(minutes=2))
    stamped, go_on = threading.Event(), threading.Event()

    def write() -> None:
        from django.db import connections, transaction

        from unified_api.sync import feed

        with scope(api.person.tenant_id), transaction.atomic():
            feed.advance(1)
            stamped.set()
            go_on.wait(120)
        connections.close_all()

    query = {"page_size": "1"} if asked == "page_size" else {asked: "2020-01-01", "page_size": "1"}
    api.land("1", name="one")
    api.land("2", name="two")
    first = api.get("tickets", query).json()
    writer = threading.Thread(target=write)
    writer.start()
    stamped.wait(120)
    answers: list[Any] = []

    def read() -> None:
        from django.db import connections

        answers.append(api.get("tickets", query))
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.5)
    waited = reader.is_alive()
    second = api.get("tickets", {**query, "cursor": first["next"]})
    go_on.set()
    writer.join()
    reader.join()

    assert waited
    assert names(second) == ["two"]
    assert names(answers[0]) == ["one"]


def test_a_commit_that_stalls_holds_a_first_page_for_seconds_only(
    api: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is 503, which clients ask again: without what is in flight, a page would have them miss it."""
    monkeypatch.setattr("unified_api.sync.feed.PATIENCE", dt.timedelta(milliseconds=50))
    api.land("1", name="one")
    stamped, go_on = threading.Event(), threading.Event()

    def stall() -> None:
        from django.db import connections, transaction

        from unified_api.sync import feed

        with scope(api.person.tenant_id), transaction.atomic():
            feed.advance(1)
            stamped.set()
            go_on.wait(120)
        connections.close_all()

    writer = threading.Thread(target=stall)
    writer.start()
    stamped.wait(120)
    held = api.get("tickets")
    go_on.set()
    writer.join()

    assert (held.status_code, held.headers["Retry-After"]) == (503, "5")
    assert names(api.get("tickets")) == ["one"]


def test_head_is_get_without_a_body(three: Linked) -> None:
    """On lists, records and account-level paths: same status and headers, nothing to read; and errors likewise."""
    one = next(row["id"] for row in three.get("tickets").json()["results"])
    for path in (
        "tickets",
        f"tickets/{one}",
        "tickets/nothing",
        "account-details",
        "sync-status",
        "tickets?page_size=x",
    ):
        got = three.get(path)
        headed = Client().head(f"/api/ticketing/v1/{path}", headers=three.headers)
        assert (headed.status_code, headed.content) == (got.status_code, b""), path
        assert headed.headers.get("ETag") == got.headers.get("ETag")
        assert headed.headers["Content-Type"] == got.headers["Content-Type"]
    assert three.get("tickets").status_code == 200
