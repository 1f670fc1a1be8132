"""The emulator of Zendesk against what is known of the system: each test is for one statement of its documents.

What SEMANTICS.md says of Zendesk with a source, and the test that stands for it:

    page[size], page[after], has_more           test_cursor_pages
    10,000 by offset, 1,000 by search
        test_numbered_pages_end_behind_ten_thousand_records_and_search_behind_a_thousand
    exports: cursor, end_of_stream              test_an_export_by_cursor_goes_to_the_end_of_the_stream
    exports: the last minute is withheld        test_an_export_withholds_the_last_minute
    exports: ten requests a minute              test_ten_exports_a_minute
    generated_timestamp, unchanged duplicates   test_the_system_touches_tickets_without_updating_them
    organizations by time, twice at borders     test_an_export_by_time_shows_some_twice
    include=comment_events                      test_comments_are_in_the_events_of_tickets
    status: deleted in the export               test_deleted_tickets_are_exported_with_a_status_of_their_own
    users: active: false                        test_deleted_users_are_inactive
    signature of webhooks                       test_webhooks_are_signed
    headers of limits, 429 and Retry-After      test_ten_exports_a_minute, providers/zendesk/test_sent.py
    30 updates of a ticket in ten minutes       test_thirty_updates_of_a_ticket_in_ten_minutes
    safe_update, updated_stamp, 409             test_a_safe_update_is_refused_when_the_ticket_moved
    a create needs a comment                    test_a_create_needs_a_comment_which_becomes_the_description
    description and comments are not edited     providers/zendesk/test_writing.py
    uploads are named by a comment              test_files_are_uploaded_and_then_named_by_a_comment
    ticket_fields                               providers/zendesk/test_writing.py
    errors by field                             test_closed_is_final_and_solved_needs_an_assignee

What is known and has no test here is listed on the adapter's page, since the adapter uses none of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.exchange import Answer, Request
from tests.emulators.vendors.zendesk import exports, hooks, people, searching, ticket, vendor
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Clock

KEY: Final = {"authorization": "Basic " + base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()}


class Desk:
    """The emulator, asked without a network."""

    def __init__(self) -> None:
        self.emulator = Emulator.of(vendor, Clock(datetime(2026, 1, 31, 12, tzinfo=UTC)))
        self.emulator.begin("http://desk.example")
        self.world = self.emulator.world

    def ask(self, method: str, path: str, body: Any = None, /, **how: Any) -> Answer:
        """The answer to a request."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        headers = {"content-type": "application/json", **KEY, **how.get("headers", {})}
        query = [(n, str(v)) for n, v in (how.get("query") or {}).items()]
        return self.emulator.take(Request(method, API + path, query, headers, raw))[0]

    def make(self, **told: Any) -> dict[str, Any]:
        """A ticket that is a minute old."""
        usual = {"subject": "Printer", "comment": {"body": "It burns."}}
        made = dict(self.ask("POST", "/tickets", {"ticket": {**usual, **told}}).body["ticket"])
        self.world.clock.forward(exports.WITHHELD)
        return made

    def change(self, made: dict[str, Any], **told: Any) -> Answer:
        """Change a ticket."""
        return self.ask("PUT", f"/tickets/{made['id']}", {"ticket": told})

    def export(self, kind: str, start: float = 0, **query: Any) -> Any:
        """A page of an export."""
        return self.ask("GET", f"/incremental/{kind}", query={"start_time": int(start), **query}).body


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk; every exchange must have been as the description has it."""
    desk = Desk()
    yield desk
    assert desk.emulator.violations == []


def test_who_has_no_token_is_refused_and_told_who_that_is(desk: Desk) -> None:
    """401 in a form of its own; `/users/me` answers 200 to nobody."""
    nobody = {"headers": {"authorization": "Basic bm9ib2R5"}}

    refused = desk.ask("GET", "/tickets", **nobody)
    assert (refused.status, refused.body) == (401, {"error": "Couldn't authenticate you"})
    assert desk.ask("GET", "/users/me", **nobody).body["user"]["id"] is None
    assert desk.ask("GET", "/users/me").body["user"]["email"] == EMAIL


def test_paths_may_end_in_json(desk: Desk) -> None:
    """As the addresses in answers do."""
    assert desk.ask("GET", "/users/me.json").status == 200


def test_cursor_pages(desk: Desk) -> None:
    """`page[size]`, `page[after]`, `meta.has_more`, `links.next`; each record once."""
    for _ in range(5):
        desk.make()
    query: dict[str, Any] = {"page[size]": 2}
    seen, more = [], True
    while more:
        page = desk.ask("GET", "/tickets", query=query).body
        seen += [one["id"] for one in page["tickets"]]
        more, query = page["meta"]["has_more"], {**query, "page[after]": page["meta"]["after_cursor"]}
        assert (page["links"]["next"] is not None) is more

    assert seen == sorted(set(seen))
    assert len(seen) == 5


def test_numbered_pages_end_behind_ten_thousand_records_and_search_behind_a_thousand(desk: Desk) -> None:
    """Beyond, the request is refused."""
    asked = [
        desk.ask("GET", "/tickets", query={"page": 100}).status,
        desk.ask("GET", "/tickets", query={"page": 101}).status,
    ]
    searched = [
        desk.ask("GET", "/search", query={"query": "type:ticket", "page": n}).status for n in (10, 11)
    ]

    assert (asked, searched) == ([200, 400], [200, 422])


def test_an_export_withholds_the_last_minute(desk: Desk) -> None:
    """A ticket appears when it is a minute old; a start within that minute is refused."""
    made = desk.make()
    shown = [one["id"] for one in desk.export("tickets/cursor")["tickets"]]
    desk.change(made, priority="low")
    now = desk.world.clock.now().timestamp()
    hidden = desk.export("tickets/cursor")["tickets"]

    assert (shown, hidden) == ([made["id"]], [])
    query = {"start_time": int(now) - 59}
    assert desk.ask("GET", "/incremental/tickets/cursor", query=query).status == 422


def test_an_export_by_cursor_goes_to_the_end_of_the_stream(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`after_cursor` also stands on the last page, which `end_of_stream` tells; it is good for the next run."""
    monkeypatch.setattr(exports, "_SIZE", 2)
    made = [desk.make()["id"] for _ in range(3)]
    first = desk.export("tickets/cursor")
    last = desk.export("tickets/cursor", cursor=first["after_cursor"])
    desk.change({"id": made[0]}, priority="low")
    desk.world.clock.forward(60)
    later = desk.export("tickets/cursor", cursor=last["after_cursor"])

    assert [first["end_of_stream"], last["end_of_stream"], later["end_of_stream"]] == [False, True, True]
    assert [[one["id"] for one in page["tickets"]] for page in (first, last, later)] == [
        made[:2],
        made[2:],
        made[:1],
    ]


def test_the_system_touches_tickets_without_updating_them(desk: Desk) -> None:
    """`generated_timestamp` moves, `updated_at` does not, and the ticket is exported again."""
    made = desk.make()
    since = desk.world.clock.now().timestamp()
    ticket.touch(desk.world, desk.world.get("ticket", made["id"]), silently=True)
    desk.world.clock.forward(60)
    (again,) = desk.export("tickets/cursor", since)["tickets"]

    assert again["updated_at"] == made["updated_at"]
    assert again["generated_timestamp"] >= since


def test_an_export_by_time_shows_some_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page begins with the second of the last record, inclusively."""
    monkeypatch.setattr(exports, "_SIZE", 2)
    for number in range(3):
        desk.world.clock.forward(1)
        people.add_organization(desk.world, f"number {number}")
    desk.world.clock.forward(60)
    first = desk.export("organizations")
    second = desk.export("organizations", first["end_time"])

    assert first["organizations"][-1] == second["organizations"][0]
    assert (first["end_of_stream"], first["next_page"].endswith(f"start_time={first['end_time']}")) == (
        False,
        True,
    )


def test_ten_exports_a_minute(desk: Desk) -> None:
    """The eleventh is refused with the seconds to wait."""
    statuses = [desk.ask("GET", "/incremental/tickets/cursor", query={"start_time": 0}) for _ in range(11)]

    assert [answer.status for answer in statuses] == [200] * 10 + [429]
    assert statuses[-1].headers["Retry-After"] == "60"


def test_thirty_updates_of_a_ticket_in_ten_minutes(desk: Desk) -> None:
    """The next is refused, of this ticket alone; headers tell what remains of the account's limit."""
    one, other = desk.make(), desk.make()
    statuses = [desk.change(one, priority="low") for _ in range(31)]

    assert [answer.status for answer in statuses] == [200] * 30 + [429]
    assert desk.change(other, priority="low").status == 200
    assert (
        statuses[0].headers["ratelimit-remaining"] == statuses[0].headers["X-Rate-Limit-Remaining"] == "699"
    )


def test_comments_are_in_the_events_of_tickets(desk: Desk) -> None:
    """With `include=comment_events`, in whole. The first one, the description, is beside what the ticket began with."""
    made = desk.make()
    desk.change(made, comment={"body": "On my way.", "public": False})
    desk.world.clock.forward(60)
    whole = desk.export("ticket_events", include="comment_events")["ticket_events"]
    bare = desk.export("ticket_events")["ticket_events"]

    said = [
        child.get("body")
        for event in whole
        for child in event["child_events"]
        if child["event_type"] == "Comment"
    ]
    assert said == ["It burns.", "On my way."]
    assert all("body" not in child for event in bare for child in event["child_events"])
    assert {event["ticket_id"] for event in whole} == {made["id"]}
    kinds = [{child["event_type"] for child in event["child_events"]} for event in whole]
    assert kinds == [{"Create", "Comment"}, {"Comment"}]


def test_deleted_tickets_are_exported_with_a_status_of_their_own(desk: Desk) -> None:
    """And are gone from everywhere else."""
    made = desk.make()
    assert desk.ask("DELETE", f"/tickets/{made['id']}").status == 204
    desk.world.clock.forward(60)

    assert [one["status"] for one in desk.export("tickets/cursor")["tickets"]] == ["deleted"]
    assert desk.ask("GET", f"/tickets/{made['id']}").status == 404
    assert desk.ask("GET", "/tickets").body["tickets"] == []


def test_deleted_users_are_inactive(desk: Desk) -> None:
    """They are exported, and shown by id, but not listed."""
    made = desk.ask("POST", "/users", {"user": {"name": "Eve", "email": "eve@acme.example"}}).body["user"]
    desk.ask("DELETE", f"/users/{made['id']}")
    desk.world.clock.forward(60)
    exported = {one["id"]: one["active"] for one in desk.export("users/cursor")["users"]}

    assert exported[made["id"]] is False
    assert desk.ask("GET", f"/users/{made['id']}").body["user"]["active"] is False
    assert made["id"] not in {one["id"] for one in desk.ask("GET", "/users").body["users"]}


def test_a_safe_update_is_refused_when_the_ticket_moved(desk: Desk) -> None:
    """By its `updated_at`, with 409; without `safe_update` the last one wins."""
    made = desk.make()
    desk.change(made, priority="low")
    stale = {"safe_update": True, "updated_stamp": made["updated_at"]}

    assert desk.change(made, subject="Plotter", **stale).status == 409
    assert desk.change(made, subject="Plotter").status == 200


def test_a_safe_update_cannot_tell_two_edits_of_one_second(desk: Desk) -> None:
    """Who read between them overwrites the second."""
    made = desk.make()
    desk.change(made, priority="low")
    read = desk.ask("GET", f"/tickets/{made['id']}").body["ticket"]
    desk.world.clock.forward(0.5)
    desk.change(made, subject="Scanner")
    stamp = {"safe_update": True, "updated_stamp": read["updated_at"]}

    assert desk.change(made, subject="Plotter", **stamp).status == 200


def test_a_key_makes_one_ticket(desk: Desk) -> None:
    """The same `Idempotency-Key` again answers with the ticket that it made, and says so."""
    body = {"ticket": {"subject": "Printer", "comment": {"body": "It burns."}}}
    answers = [desk.ask("POST", "/tickets", body, headers={"idempotency-key": "k"}) for _ in range(2)]

    assert answers[0].body["ticket"]["id"] == answers[1].body["ticket"]["id"]
    assert [answer.headers["x-idempotency-lookup"] for answer in answers] == ["miss", "hit"]


def test_external_ids_of_tickets_may_be_shared(desk: Desk) -> None:
    """All that have one are listed."""
    made = [desk.make(external_id="x")["id"] for _ in range(2)]
    desk.make()

    found = desk.ask("GET", "/tickets", query={"external_id": "x"}).body["tickets"]
    assert [one["id"] for one in found] == made


def test_an_address_is_one_users(desk: Desk) -> None:
    """A second user with it is refused; it cannot be changed later."""
    person = {"user": {"name": "Eve", "email": "eve@acme.example"}}
    made = desk.ask("POST", "/users", person).body["user"]

    assert desk.ask("POST", "/users", person).body["details"]["email"]
    changed = desk.ask("PUT", f"/users/{made['id']}", {"user": {"email": "other@acme.example"}}).body["user"]
    assert changed["email"] == "eve@acme.example"


def test_a_create_needs_a_comment_which_becomes_the_description(desk: Desk) -> None:
    """That is never changed later."""
    assert desk.ask("POST", "/tickets", {"ticket": {"subject": "Printer"}}).status == 422
    made = desk.make()
    later = desk.change(made, comment={"body": "Never mind."}).body["ticket"]

    assert (made["description"], later["description"]) == ("It burns.", "It burns.")


def test_closed_is_final_and_solved_needs_an_assignee(desk: Desk) -> None:
    """Both are refused by field, as the errors of a record are."""
    made = desk.make()
    solved = desk.change(made, status="solved")
    desk.world.get("ticket", made["id"])["status"] = "closed"
    closed = desk.change(made, priority="low")

    assert (solved.status, closed.status) == (422, 422)
    assert closed.body["error"] == "RecordInvalid"
    assert closed.body["details"]["status"][0]["description"] == "Status: closed prevents ticket update"


def test_words_are_fixed(desk: Desk) -> None:
    """Status, priority and type take no other ones."""
    made = desk.make()

    assert [desk.change(made, **{name: "odd"}).status for name in ("status", "priority", "type")] == [422] * 3


def test_tags_replace_all_that_are_there(desk: Desk) -> None:
    """In small letters and without blanks; other addresses add to them."""
    made = desk.make(tags=["VIP", "two words"])
    assert made["tags"] == ["two", "vip", "words"]
    desk.ask("PUT", f"/tickets/{made['id']}/tags", {"tags": ["more"]})
    assert desk.ask("GET", f"/tickets/{made['id']}").body["ticket"]["tags"] == ["more", "two", "vip", "words"]
    assert desk.change(made, tags=["only"]).body["ticket"]["tags"] == ["only"]


def test_a_drop_down_is_a_tag(desk: Desk) -> None:
    """Its value is among the tags, and goes with the tag."""
    made = desk.make(custom_fields=[{"id": 1002, "value": "printer"}])
    without = desk.change(made, tags=[]).body["ticket"]
    put = desk.change(made, tags=["scanner"]).body["ticket"]

    assert made["tags"] == ["printer"]
    assert [one["value"] for one in (without["custom_fields"][0], put["custom_fields"][0])] == [
        None,
        "scanner",
    ]


def test_files_are_uploaded_and_then_named_by_a_comment(desk: Desk) -> None:
    """A token is good for one comment."""
    made = desk.make()
    upload = desk.ask(
        "POST", "/uploads", b"smoke", query={"filename": "log.txt"}, headers={"content-type": "text/plain"}
    ).body["upload"]
    told = {"comment": {"body": "See there.", "uploads": [upload["token"]]}}

    assert [desk.change(made, **told).status for _ in range(2)] == [200, 422]
    said = desk.ask("GET", f"/tickets/{made['id']}/comments", query={"sort_order": "desc"}).body["comments"]
    assert [(file["file_name"], file["size"]) for file in said[0]["attachments"]] == [("log.txt", 5)]
    assert (
        desk.ask("GET", f"/attachments/{upload['attachment']['id']}").body["attachment"]["file_name"]
        == "log.txt"
    )


def test_triggers_change_the_ticket_and_its_neighbours(desk: Desk) -> None:
    """In the transaction of a write, so that its answer shows it; and other tickets as well."""
    problem, incident = desk.make(type="problem"), desk.make(type="incident")

    def solve(world: Any, _kind: str, changed: dict[str, Any]) -> None:
        if changed["priority"] == "low":
            changed["type"] = "question"
            world.get("ticket", problem["id"])["priority"] = "low"

    desk.world.rules.append(solve)
    shown = desk.change(incident, priority="low").body["ticket"]

    assert shown["type"] == "question"
    assert desk.ask("GET", f"/tickets/{problem['id']}").body["ticket"]["priority"] == "low"


def test_the_search_comes_behind(desk: Desk) -> None:
    """What was made just now is not found, though it is there."""
    desk.ask("POST", "/tickets", {"ticket": {"subject": "Printer", "comment": {"body": "It burns."}}})
    query = {"query": 'type:ticket subject:"printer"'}
    at_once = desk.ask("GET", "/search", query=query).body["results"]
    desk.world.clock.forward(searching.LAG)

    assert (len(at_once), len(desk.ask("GET", "/search", query=query).body["results"])) == (0, 1)


def test_webhooks_are_signed(desk: Desk) -> None:
    """By the digest of timestamp and body, under the secret that the system chose; only for what was asked for."""
    word = "zen:event-type:ticket.created"
    hook = {"name": "x", "endpoint": "http://me.example", "status": "active", "subscriptions": [word]}
    made = desk.ask("POST", "/webhooks", {"webhook": hook}).body["webhook"]
    secret = desk.ask("GET", f"/webhooks/{made['id']}/signing_secret").body["signing_secret"]["secret"]
    desk.make(priority="low")
    (delivery,) = desk.emulator.outbox

    stamp = delivery.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    assert delivery.headers["X-Zendesk-Webhook-Signature"] == hooks.signature(secret, stamp, delivery.body)
    assert json.loads(delivery.body)["type"] == word
    assert json.loads(delivery.body)["id"]
    assert "secret" not in json.dumps(made)
