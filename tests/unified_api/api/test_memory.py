"""/api/sync/v1/records, history, why and changes: what a product can ask of the past."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import psycopg
import pytest
from django.test import Client

from tenants import apikeys
from tenants.models import ApiKey
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.test_cursors import land_together
from unified_api.models.base import wire_fields
from unified_api.models.ticketing import Ticket, User
from unified_api.sync.memory import changes


def ask(api: Linked, path: str, query: dict[str, Any] | None = None, status: int = 200) -> Any:
    """GET below /api/sync/v1, with the key alone."""
    answer = Client().get(f"/api/sync/v1/{path}", query or {}, headers=api.person.headers)
    assert answer.status_code == status, answer.content
    return answer.json()


def follow(api: Linked, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything of the feed that there is to read behind a cursor."""
    found, more = [], True
    while more:
        page = ask(api, "changes", query)
        found += page["results"]
        query, more = {**query, "cursor": page["next"]}, page["has_more"]
    return found


def test_a_record_is_shown_as_of_a_time(api: Linked) -> None:
    """Now, as it was, and before it was seen; times are spelled as in lists."""
    due = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    record = api.land("1", name="A", due_date=due)
    first = ask(api, f"records/{record}")
    api.land("1", name="B", due_date=None)
    then = ask(api, f"records/{record}", {"as_of": first["as_of"]})
    before = ask(api, f"records/{record}", {"as_of": "2020-01-01"})
    now = ask(api, f"records/{record}")

    listed = api.get(f"tickets/{record}").json()
    assert {name: listed[name] for name in now["values"]} == now["values"]
    assert (now["modified_at"], now["remote_id"]) == (listed["modified_at"], "1")
    assert (then["presence"], then["values"]["name"], then["values"]["due_date"]) == (
        "present",
        "A",
        "2026-03-01T12:00:00.000000Z",
    )
    assert (before["presence"], before["values"]) == ("not created", {})
    assert (now["model"], now["linked_account_id"]) == ("ticketing.Ticket", str(api.account.id))


def test_a_sensitive_field_is_not_shown(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as it was nor what it changed from, nor by why."""
    monkeypatch.setattr(wire_fields(Ticket)["description"], "sensitive", True)
    record = api.land("1", description="eyes only")
    api.land("1", description="yours only")
    query = {"record_id": str(record), "field": "description"}
    shown = [ask(api, f"records/{record}"), ask(api, "history", query), ask(api, "why", query)]
    shown.append(ask(api, "changes"))

    assert "only" not in str(shown)
    assert shown[0]["values"]["description"] is None
    assert shown[3]["results"][1]["fields"]["description"] == {"old": None, "new": None, "is_hidden": True}


def test_the_history_is_paged_newest_first_and_back(api: Linked) -> None:
    """Each entry shows once, whichever way one goes, and what comes meanwhile moves nothing."""
    record = api.land("1", name="0")
    for number in range(1, 6):
        api.land("1", name=str(number))
    query = {"record_id": str(record), "page_size": 4}
    first = ask(api, "history", query)
    api.land("1", name="later")
    second = ask(api, "history", {**query, "cursor": first["next"]})
    again = ask(api, "history", {**query, "cursor": second["previous"]})

    names = [entry["fields"]["name"]["new"] for entry in first["results"] + second["results"]]
    assert names == ["5", "4", "3", "2", "1", "0"]
    assert second["next"] is None
    assert again["results"] == first["results"]


def test_a_callers_own_write_names_its_key(api: Linked) -> None:
    """The history shows the key's hint and the write, and why says so."""
    made = api.send("post", "tickets", {"model": {"name": "Mine"}})
    record = made.json()["model"]["id"]
    (entry,) = ask(api, "history", {"record_id": record})["results"]
    told = ask(api, "why", {"record_id": record, "field": "name"})

    hint = api.person.api_key.reveal()[-4:]
    assert (entry["by"], entry["write"]["actor"]) == ("api", hint)
    assert entry["write"]["id"] == made.headers["X-Isthmus-Write"]
    assert f"created with it by API key …{hint}" in told["sentence"]
    assert (told["value"], told["end"], told["steps"][0]["by"]) == ("Mine", "origin", "api")


def test_a_product_that_reads_on_from_its_cursor_misses_nothing(api: Linked) -> None:
    """The last page has a cursor too; what comes later is behind it, each entry once."""
    for number in range(5):
        api.land(str(number), name="A")
    first = ask(api, "changes", {"page_size": 2})
    seen = first["results"] + follow(api, {"page_size": 2, "cursor": first["next"]})
    end = ask(api, "changes", {"begin": "now"})
    nothing = ask(api, "changes", {"cursor": end["next"]})
    api.land("1", name="B")
    (news,) = ask(api, "changes", {"cursor": nothing["next"]})["results"]

    assert [entry["position"] for entry in seen] == [1, 2, 3, 4, 5]
    assert (end["results"], nothing["results"], nothing["has_more"]) == ([], [], False)
    assert (news["kind"], news["fields"]) == (
        "updated",
        {"name": {"old": "A", "new": "B", "is_hidden": False}},
    )
    assert (news["position"], news["source"], news["model"]) == (6, "pull", "ticketing.Ticket")


@pytest.mark.parametrize("looked_at", [1, 2, 3, 100])
def test_filters_leave_out_what_is_not_wanted_and_skip_nothing(
    api: Linked, link: Link, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """By account, by model, and by both, however little of the log one page looks at."""
    monkeypatch.setattr(changes, "LOOKED_AT", looked_at)
    other = link(api.person, end_user_origin_id="customer-2")
    api.land("1", name="A")
    api.land("u", model=User, name="A")
    other.land("1", name="A")
    api.land("2", name="A")
    mine, tickets = {"linked_account_id": str(api.account.id)}, {"model": "ticketing.Ticket"}

    def positions(query: dict[str, Any]) -> list[int]:
        return [entry["position"] for entry in follow(api, {**query, "page_size": 1})]

    assert positions({}) == [1, 2, 3, 4]
    assert positions(mine) == [1, 2, 4]
    assert positions(tickets) == [1, 3, 4]
    assert positions(mine | tickets) == [1, 4]


def test_a_test_key_sees_nothing_of_real_accounts(api: Linked) -> None:
    """Neither their records nor their changes."""
    record = api.land("1", name="A")
    with api.person.at_work():
        _, text = apikeys.issue("test", kind=ApiKey.Kind.TEST)
    tester = Linked(Person("test", api.person.tenant_id, text), api.account, api.token, api.moments)

    ask(tester, f"records/{record}", status=404)
    ask(tester, "history", {"record_id": str(record)}, status=404)
    ask(tester, "why", {"record_id": str(record), "field": "name"}, status=404)
    ask(tester, "changes", {"linked_account_id": str(api.account.id)}, status=404)
    assert ask(tester, "changes")["results"] == []


def test_an_account_that_was_deleted_has_no_past(api: Linked) -> None:
    """Its records are erased: nothing of them shows any more, from the first moment on."""
    record = api.land("1", name="A")
    api.send("post", "delete-account", {})

    ask(api, f"records/{record}", status=404)
    assert ask(api, "changes")["results"] == []


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("history", {}, "record_id"),
        ("history", {"record_id": "x"}, "record_id"),
        ("history", {"record_id": "RECORD", "field": "nothing"}, "field"),
        ("history", {"record_id": "RECORD", "cursor": "x"}, "cursor"),
        ("why", {"record_id": "RECORD"}, "field"),
        ("records/RECORD", {"as_of": "yesterday"}, "as_of"),
        ("changes", {"model": "ticketing"}, "model"),
        ("changes", {"model": "sync.Write"}, "model"),
        ("changes", {"begin": "then"}, "begin"),
        ("changes", {"linked_account_id": "x"}, "linked_account_id"),
    ],
)
def test_what_cannot_be_meant_is_named(api: Linked, path: str, query: dict[str, str], named: str) -> None:
    """400, with the parameter at fault."""
    record = str(api.land("1", name="A"))
    query = {name: value.replace("RECORD", record) for name, value in query.items()}

    assert list(ask(api, path.replace("RECORD", record), query, status=400)) == [named]


def test_what_is_not_there_is_404(api: Linked) -> None:
    """An id that nobody knows, and one that is none."""
    ask(api, f"records/{uuid.uuid4()}", status=404)
    ask(api, "records/nothing", status=404)
    ask(api, "history", {"record_id": str(uuid.uuid4())}, status=404)


def test_a_cursor_of_the_feed_belongs_to_its_tenant(api: Linked, charlie: Person, link: Link) -> None:
    """Another tenant's is refused by name."""
    api.land("1", name="A")
    cursor = ask(api, "changes")["next"]

    assert "cursor" in ask(link(charlie), "changes", {"cursor": cursor}, status=400)


def test_a_page_of_the_feed_goes_by_index(
    api: Linked, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all accounts and of one: no statement reads the log from its beginning, and none sorts."""
    monkeypatch.setattr(changes, "LOOKED_AT", 5)
    land_together(api, [str(number) for number in range(500)])
    database.execute("ANALYZE sync_change")
    with api.person.at_work():
        plans = [changes.stretch(100, account).explain() for account in (None, api.account.id)]

    assert all("Index Scan" in plan and "Sort" not in plan for plan in plans), plans
