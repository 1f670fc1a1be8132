"""The adapter of Zendesk over its emulator: what it reads and writes, and the traps that are known of the system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.decoding import Seen, decode_page
from integrations.kit.errors import Gone, Moved, NeedsReauthorisation, Rejected, RetryLater, Uncertain
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback, Hint
from tests.emulators import official
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.zendesk import exports, people, ticket, vendor
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Clock, Record, World
from tests.integrations import listener
from tests.integrations.lines import Key, connection
from tests.integrations.listener import Told, listening
from unified_api import registry
from unified_api.models.base import OWN
from unified_api.models.ticketing import Account, Attachment, Comment, Contact, Tag, Team, Ticket, User

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
#: Where records stand in the description's examples.
DOCUMENTED: dict[Any, tuple[str, str]] = {
    Ticket: ("ticket", "tickets"),
    User: ("user", "users"),
    Contact: ("user", "users"),
    Account: ("organization", "organizations"),
    Team: ("group", "groups"),
    Comment: ("comment", "comments"),
    Attachment: ("attachment", "attachments"),
}
ANY_TICKET = f"PUT {API}/tickets/*"


@pytest.fixture
def desk() -> Iterator[Emulator]:
    """A desk with an administrator, an agent, a customer, an organization, a group, and fields; two hours old."""
    with emulating(vendor, Clock(START)) as emulator:
        emulator.world.clock.forward(7200)
        yield emulator


@pytest.fixture
def client(desk: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with _client(desk) as opened:
        yield opened


def _client(desk: Emulator, token: str = TOKEN) -> Client:
    clock = desk.world.clock
    line = connection({"base_url": desk.url, "email": EMAIL}, {"api_token": token}, sleep=clock.forward)
    provider = registry.by_slug("zendesk")
    return Client(provider, replace(line, clock=clock.now), patience=Patience(attempts=2))


def _of(client: Client, model: Any) -> Resource:
    found = client.provider.resource(model)
    assert found is not None
    return found


def _pages(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> list[Page]:
    return list(client.pages(_of(client, model), cursor))


def _all(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    return {o.remote_id: o for page in _pages(client, model, cursor) for o in page.observations}


def _ticket(world: World, subject: str = "Printer", **told: Any) -> Record:
    """A ticket of the customer, which is long over."""
    asks = next(user for user in world.rows("user") if user["role"] == "end-user")
    said = {"body": "It burns.", "author_id": asks["id"]}
    usual = {"subject": subject, "comment": said, "requester_id": asks["id"], "submitter_id": asks["id"]}
    made = ticket.add_ticket(world, {**usual, **told})
    world.clock.forward(300)
    return made


def _agent(world: World) -> int:
    return int(next(user["id"] for user in world.rows("user") if user["role"] == "agent"))


def test_the_account_is_known_by_its_address(desk: Emulator, client: Client) -> None:
    """A good token is taken; with another one the system answers 200 as to a stranger, and that is a refusal."""
    assert client.check() == desk.url
    with _client(desk, "wrong") as other, pytest.raises(NeedsReauthorisation):
        other.check()


def test_whoever_is_there_is_read(desk: Emulator, client: Client) -> None:
    """Agents as users, end users as contacts, organizations as accounts, groups as teams."""
    customer = next(user for user in desk.world.rows("user") if user["role"] == "end-user")
    desk.world.clock.forward(60)
    contact = _all(client, Contact)[str(customer["id"])]

    assert {o.values["name"] for o in _all(client, User).values()} == {"Ada Admin", "Ben Agent"}
    assert (contact.values["email_address"], contact.values["account"]) == ("cleo@acme.example", "1001")
    assert [o.values for o in _all(client, Account).values()] == [
        {"name": "Acme", "domains": ["acme.example"]}
    ]
    assert [o.values["name"] for o in _all(client, Team).values()] == ["Support"]


def test_a_ticket_is_read_with_all_that_hangs_on_it(desk: Emulator, client: Client) -> None:
    """Its fields, the customer's own fields by their ids, comments by whom they are, and files."""
    world = desk.world
    made = _ticket(world, tags=["vip"], priority="high", custom_fields=[{"id": 1002, "value": "printer"}])
    with Spool(100) as spool:
        spool.write(b"smoke")
        values = {"ticket": str(made["id"]), "file_name": "log ä.txt", "is_private": True}
        file = client.create(_of(client, Attachment), values, Content(spool, "text/plain"))
    world.clock.forward(90)
    shown = _all(client, Ticket)[str(made["id"])]
    said = list(_all(client, Comment).values())
    files = _all(client, Attachment)

    assert shown.values["status"] == "OPEN"
    assert (shown.values["creator"], shown.values["contact"]) == (None, str(made["requester_id"]))
    assert shown.values["tags"] == ["printer", "vip"]
    assert shown.values["ticket_url"] == f"{desk.url}/agent/tickets/{made['id']}"
    assert shown.raw["custom_fields"] == {"1002": "printer", "1003": None}
    assert [(o.values["body"], o.values["contact"], o.values["is_private"]) for o in said] == [
        ("It burns.", str(made["requester_id"]), False),
        ("log ä.txt", None, True),
    ]
    assert [o.values["user"] for o in said] == [None, "1001"]
    assert files[file.remote_id].values == {
        "file_name": "log ä.txt",
        "ticket": str(made["id"]),
        "content_type": "text/plain",
        "size": 5,
        "is_private": True,
        "uploaded_by": "1001",
        "remote_created_at": datetime(2026, 1, 31, 11, 5, tzinfo=UTC),
    }
    assert {o.values["name"] for o in _all(client, Tag).values()} == {"printer", "vip"}
    with Spool(100) as spool:
        assert client.download(_of(client, Attachment), file.remote_id, spool) == "text/plain"
        assert b"".join(spool.read()) == b"smoke"


def test_the_last_minute_is_withheld_and_nothing_of_it_is_lost(desk: Emulator, client: Client) -> None:
    """What changes at any second before, during or after a run is in that run or in the next."""
    made = _ticket(desk.world)
    cursor: dict[str, Any] | None = _pages(client, Ticket)[-1].cursor
    for seconds in (1, 20, 59, 60, 61, 119, 121, 300):
        ticket.change_ticket(desk.world, made, subject=f"after {seconds}")
        desk.world.clock.forward(seconds)
        pages = _pages(client, Ticket, cursor)
        shown = {o.values["name"] for page in pages for o in page.observations}
        assert (f"after {seconds}" in shown) is (seconds >= exports.WITHHELD)
        desk.world.clock.forward(exports.WITHHELD)
        behind = _pages(client, Ticket, pages[-1].cursor)
        shown |= {o.values["name"] for page in behind for o in page.observations}
        assert f"after {seconds}" in shown
        cursor = behind[-1].cursor
        desk.world.clock.forward(3600)


def test_pages_of_exports_are_read_to_their_end_within_the_limit(
    desk: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small pages, some records twice; where the eleventh request of a minute is refused, it goes on behind that."""
    monkeypatch.setattr(exports, "_SIZE", 2)
    for number in range(23):
        _ticket(desk.world, f"number {number}")
    seen, refusals = _patiently(desk, client, Ticket)
    said, _ = _patiently(desk, client, Comment)

    assert (len(seen), len(said), refusals) == (23, 23, 1)


def _patiently(desk: Emulator, client: Client, model: Any) -> tuple[set[str], int]:
    """All records that a run shows, and how often it was asked to wait."""
    seen: set[str] = set()
    cursor: dict[str, Any] | None = None
    refusals = 0
    while cursor is None or "state" in cursor:
        try:
            for page in client.pages(_of(client, model), cursor):
                cursor = page.cursor
                seen |= {o.remote_id for o in page.observations}
        except RetryLater as error:
            refusals += 1
            desk.world.clock.forward(error.after or 0)
    return seen, refusals


def test_a_ticket_that_the_system_touched_comes_again_unchanged(desk: Emulator, client: Client) -> None:
    """Exports go by another stamp than `updated_at`: what comes again says the same."""
    made = _ticket(desk.world)
    first = _pages(client, Ticket)
    ticket.touch(desk.world, made, silently=True)
    desk.world.clock.forward(120)
    again = _all(client, Ticket, first[-1].cursor)[str(made["id"])]

    assert (again.values, again.version) == (
        first[0].observations[0].values,
        first[0].observations[0].version,
    )


def test_what_is_deleted_is_told_as_such(desk: Emulator, client: Client) -> None:
    """Tickets by a status of their own, users as inactive, groups by a mark; nobody finds them by id."""
    world = desk.world
    made = _ticket(world)
    customer = next(user for user in world.rows("user") if user["role"] == "end-user")
    ticket.delete(world, made)
    customer.update(active=False, updated_at=made["updated_at"])
    group = world.rows("group")[0]
    group["deleted"] = True
    world.clock.forward(60)

    for model, record in ((Ticket, made), (Contact, customer), (Team, group)):
        assert _all(client, model)[str(record["id"])].gone
        with pytest.raises(Gone):
            client.read(_of(client, model), str(record["id"]))


def test_who_becomes_an_agent_is_no_contact_any_more(desk: Emulator, client: Client) -> None:
    """The same id is a user from then on."""
    customer = next(user for user in desk.world.rows("user") if user["role"] == "end-user")
    customer["role"] = "agent"
    desk.world.clock.forward(60)

    assert _all(client, Contact)[str(customer["id"])].gone
    assert not _all(client, User)[str(customer["id"])].gone


def test_an_edit_of_somebody_else_is_not_overwritten(desk: Emulator, client: Client) -> None:
    """Of another field it stays beside ours; of the same one ours is refused."""
    world = desk.world
    made = _ticket(world)

    def edited(**told: Any) -> Any:
        def edit(_world: World) -> None:
            world.clock.forward(5)
            ticket.change_ticket(world, made, **told)

        return edit

    desk.faults.meanwhile(ANY_TICKET, edited(subject="Scanner"))
    client.update(_of(client, Ticket), str(made["id"]), {"priority": "LOW"})
    assert (made["subject"], made["priority"]) == ("Scanner", "low")
    world.clock.forward(60)
    desk.faults.meanwhile(ANY_TICKET, edited(priority="urgent"))
    with pytest.raises(Moved):
        client.update(_of(client, Ticket), str(made["id"]), {"priority": "HIGH"})
    assert made["priority"] == "urgent"


@pytest.mark.parametrize("age", [0, 0.4, 1, 1.5, 2, 10])
def test_a_stamp_of_whole_seconds_hides_no_edit(desk: Emulator, client: Client, age: float) -> None:
    """However soon after one edit we read, another one right before our write is seen, since a second lies between."""
    world = desk.world
    made = _ticket(world)
    ticket.change_ticket(world, made, priority="low")
    world.clock.forward(age)
    desk.faults.meanwhile(ANY_TICKET, lambda _world: ticket.change_ticket(world, made, subject="Scanner"))

    with pytest.raises(Moved):
        client.update(_of(client, Ticket), str(made["id"]), {"name": "Plotter"})
    assert made["subject"] == "Scanner"


def test_tags_replace_the_whole_set_and_lose_nothing(desk: Emulator, client: Client) -> None:
    """A tag that somebody adds while we write is not lost: ours is refused, and decided anew on what is there."""
    world = desk.world
    made = _ticket(world, tags=["vip"], custom_fields=[{"id": 1002, "value": "printer"}])
    before = client.read(_of(client, Ticket), str(made["id"])).values["tags"]

    def add(_world: World) -> None:
        world.clock.forward(2)
        ticket.change_ticket(world, made, tags=[*made["tags"], "urgent"])

    desk.faults.meanwhile(ANY_TICKET, add)
    with pytest.raises(Moved):
        client.update(_of(client, Ticket), str(made["id"]), {"tags": [*before, "ours"]})
    assert made["tags"] == ["printer", "urgent", "vip"]
    world.clock.forward(10)
    there = client.read(_of(client, Ticket), str(made["id"])).values["tags"]
    answer = client.update(_of(client, Ticket), str(made["id"]), {"tags": [*there, "ours"]})
    assert answer.values["tags"] == ["ours", "printer", "urgent", "vip"]
    assert answer.raw["custom_fields"]["1002"] == "printer"


def test_what_triggers_change_beside_is_in_the_answer(desk: Emulator, client: Client) -> None:
    """A rule of the customer's runs within our write: what is stored is what stands there afterwards."""

    def rule(_world: World, _kind: str, changed: Record) -> None:
        if "vip" in changed["tags"]:
            changed.update(priority="urgent", tags=sorted({*changed["tags"], "escalated"}))

    desk.world.rules.append(rule)
    values = {"name": "Printer", "description": "It burns.", "priority": "LOW", "tags": ["vip"]}
    made = client.create(_of(client, Ticket), values)
    assert (made.values["priority"], made.values["tags"]) == ("URGENT", ["escalated", "vip"])
    desk.world.rules[:] = [lambda _world, _kind, changed: changed.update(status="hold")]
    changed = client.update(_of(client, Ticket), made.remote_id, {"name": "Plotter"})
    assert (changed.values["name"], changed.values["status"]) == ("Plotter", "ON_HOLD")


def test_a_create_whose_answer_was_lost_is_found_at_once(desk: Emulator, client: Client) -> None:
    """By its mark, and it alone, while the search does not show it yet and another has the same subject."""
    values = {"name": 'The "red" printer', "description": "It burns."}
    desk.faults.lose(f"POST {API}/tickets")
    with pytest.raises(Uncertain):
        client.create(_of(client, Ticket), values)
    other = _ticket(desk.world, 'The "red" printer')
    found = [o.remote_id for o in client.recent(_of(client, Ticket), values)]

    assert len(desk.world.rows("ticket")) == 2
    assert found == [str(desk.world.rows("ticket")[0]["id"])]
    assert str(other["id"]) not in found
    sent = desk.asked("POST", f"{API}/tickets")
    assert [len(one.headers["idempotency-key"]) for one in sent] == [32]


def test_what_others_made_is_found_by_the_search(desk: Emulator, client: Client) -> None:
    """A ticket with the subject that is sought, as a bridge asks before it makes one."""
    made = _ticket(desk.world, "Printer")
    _ticket(desk.world, "Printer burns")

    assert [o.remote_id for o in client.recent(_of(client, Ticket), {"name": "Printer"})] == [str(made["id"])]


def test_a_lost_answer_to_an_update_is_not_sent_again(desk: Emulator, client: Client) -> None:
    """Repeated, it would meet a stamp that it moved itself, and look like an edit of somebody else."""
    made = _ticket(desk.world)
    desk.faults.lose(ANY_TICKET)
    with pytest.raises(Uncertain):
        client.update(_of(client, Ticket), str(made["id"]), {"name": "Plotter"})

    assert made["subject"] == "Plotter"
    assert len(desk.asked("PUT", f"{API}/tickets/{made['id']}")) == 1


def test_refusals_name_our_fields(desk: Emulator, client: Client) -> None:
    """Closed is final, solved needs an assignee, and only an agent can be one."""
    made = _ticket(desk.world)
    refused: list[dict[str, str]] = []
    for values in ({"status": "CLOSED"}, {"assignees": [str(made["requester_id"])]}):
        with pytest.raises(Rejected) as caught:
            client.update(_of(client, Ticket), str(made["id"]), values)
        refused.append(caught.value.fields)
    made["status"] = "closed"
    with pytest.raises(Rejected) as caught:
        client.update(_of(client, Ticket), str(made["id"]), {"name": "Plotter"})

    assert refused[0] == {"assignees": "Assignee: is required when solving a ticket"}
    assert refused[1] == {"assignees": f"Assignee: {made['requester_id']} is not an agent"}
    assert caught.value.fields == {"status": "Status: closed prevents ticket update"}
    with pytest.raises(Rejected, match="can only be one there"):
        client.update(_of(client, Ticket), str(made["id"]), {"assignees": ["1", "2"]})


def test_a_ticket_is_made_and_changed_with_every_field(desk: Emulator, client: Client) -> None:
    """What was sent is what stands there."""
    world = desk.world
    problem = _ticket(world, "Fire", type="problem")
    contact, group = str(problem["requester_id"]), str(world.rows("group")[0]["id"])
    values = {
        "name": "Printer",
        "description": "It burns.",
        "status": "ON_HOLD",
        "priority": "HIGH",
        "ticket_type": "incident",
        "assignees": [str(_agent(world))],
        "assigned_teams": [group],
        "contact": contact,
        "account": "1001",
        "parent_ticket": str(problem["id"]),
        "tags": ["burning"],
        "due_date": datetime(2026, 2, 1, 12, tzinfo=UTC),
    }
    resource = _of(client, Ticket)
    made = client.create(resource, values)
    assert {name: made.values[name] for name in values} == values
    world.clock.forward(60)
    later = {
        **{name: value for name, value in values.items() if name != "description"},
        "name": "Plotter",
        "status": "OPEN",
        "priority": None,
        "tags": [],
        "due_date": values["due_date"] + timedelta(days=1),  # type: ignore[operator]
        "assigned_teams": [],
    }
    changed = client.update(resource, made.remote_id, later)
    assert {name: changed.values[name] for name in later} == later
    client.delete(resource, made.remote_id)
    with pytest.raises(Gone):
        client.read(resource, made.remote_id)


def test_the_customers_own_fields_are_described_and_written(desk: Emulator, client: Client) -> None:
    """Those that the customer made, with what they can be; a drop-down brings its tag."""
    made = _ticket(desk.world)
    resource = _of(client, Ticket)
    known = {one.key: one for one in client.field_classes(resource)}
    changed = client.update(
        resource.with_own(["1002", "1003"]), str(made["id"]), {f"{OWN}1002": "scanner", f"{OWN}1003": 5}
    )

    assert {(one.name, one.kind) for one in known.values()} == {("Product", "string"), ("Seats", "number")}
    assert known["1002"].choices == (("printer", "Printer"), ("scanner", "Scanner"))
    assert (changed.raw["custom_fields"], changed.raw["tags"]) == (
        {"1002": "scanner", "1003": 5},
        ["scanner"],
    )


def test_comments_are_made_and_found_and_become_private(desk: Emulator, client: Client) -> None:
    """A comment is known by its ticket and itself; who hides it later is seen by the next run."""
    world, resource = desk.world, _of(client, Comment)
    made = _ticket(world)
    values = {"ticket": str(made["id"]), "body": "On my way.", "is_private": False}
    said = client.create(resource, values)
    assert said.remote_id.startswith(f"{made['id']}-")
    assert {name: said.values[name] for name in values} == values
    assert said.values["user"] == "1001"
    assert [o.remote_id for o in client.recent(resource, values)] == [said.remote_id]
    world.clock.forward(90)
    cursor = _pages(client, Comment)[-1].cursor
    client.raw(
        "PUT", f"/tickets/{made['id']}/comments/{said.remote_id.partition('-')[2]}/make_private", body={}
    )
    world.clock.forward(90)
    assert _all(client, Comment, cursor)[said.remote_id].values["is_private"] is True
    for unknown in ("nonsense", f"{made['id']}-7", "7-7"):
        with pytest.raises(Gone):
            client.read(resource, unknown)


def test_a_comment_behind_the_first_page_is_found(desk: Emulator, client: Client) -> None:
    """By its id, among more than stand on one page."""
    made = _ticket(desk.world)
    for number in range(105):
        ticket.change_ticket(desk.world, made, comment={"body": f"number {number}"})
    last = desk.world.rows("comment")[-1]

    found = client.read(_of(client, Comment), f"{made['id']}-{last['id']}")
    assert found.values["body"] == "number 104"


def test_a_contact_is_made_once(desk: Emulator, client: Client) -> None:
    """An address is nobody else's: a second create is refused by it, and the first one is found."""
    resource = _of(client, Contact)
    values = {"name": "Eve", "email_address": "eve@acme.example", "account": "1001"}
    made = client.create(resource, values)
    with pytest.raises(Rejected) as caught:
        client.create(resource, values)

    assert {name: made.values[name] for name in values} == values
    assert "already being used" in caught.value.fields["email_address"]
    assert [o.remote_id for o in client.recent(resource, values)] == [made.remote_id]
    assert client.update(resource, made.remote_id, {"phone_number": "+1"}).values["phone_number"] == "+1"


def test_webhooks_are_asked_for_proved_and_followed(desk: Emulator, client: Client) -> None:
    """In the place of what was asked for before; signed by the secret that the system chose; naming what to read."""
    webhooks = client.provider.webhooks
    assert webhooks is not None
    seen: list[listener.Seen] = []

    def takes(one: listener.Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        callback = Callback(f"{server.url}/hook", Key("not used"))
        desk.faults.refuse(422, f"POST {API}/webhooks", body={"error": "no such event"})
        client.subscribe(callback)
        kept = client.subscribe(callback)
        made = _ticket(desk.world)
        ticket.change_ticket(desk.world, made, comment={"body": "On my way."}, priority="low")
        people.add_user(desk.world, "Eve", "eve@acme.example")
        client.check()  # any exchange has the engine look at what happened
        assert set(desk.deliver()) == {200}
    headers = [{name.lower(): value for name, value in one.headers.items()} for one in seen]
    deliveries = [Delivery(told, one.body) for told, one in zip(headers, seen, strict=True)]
    now = desk.world.clock.now()
    hints = [hint for one in deliveries for hint in webhooks.hints(one)]

    assert len(desk.world.rows("webhook")) == 1
    assert kept.secret is not None
    assert all(webhooks.proof.holds(one, [Key(kept.secret)], now) for one in deliveries)
    assert not any(webhooks.proof.holds(one, [Key("other")], now) for one in deliveries)
    said = [f"{made['id']}-{one['id']}" for one in desk.world.rows("comment")]
    assert {(hint.model, hint.remote_id) for hint in hints} >= {
        (Ticket, str(made["id"])),
        *((Comment, one) for one in said),
        (Contact, str(desk.world.rows("user")[-1]["id"])),
    }
    assert Hint("zen:event-type:ticket.priority_changed", Ticket, str(made["id"])) in hints
    assert client.read(_of(client, Comment), said[-1]).values["body"] == "On my way."
    client.unsubscribe(kept.id)
    assert desk.world.rows("webhook") == []


def test_the_last_requests_of_a_minute_are_not_used_up(desk: Emulator, client: Client) -> None:
    """What remains of the account's limit is told by headers, and the limiter learns it."""
    learnt: list[tuple[int, datetime]] = []
    line = connection({"base_url": desk.url, "email": EMAIL}, {"api_token": TOKEN})

    class Learner:
        def acquire(self, cost: int) -> float:
            """Never waits."""
            return 0.0 * cost

        def learn(self, remaining: int, reset: datetime) -> None:
            """Notes it."""
            learnt.append((remaining, reset))

        def pause(self, seconds: float) -> None:
            """Nobody asks for one here."""
            raise AssertionError(seconds)

    with Client(client.provider, replace(line, limiter=Learner(), clock=desk.world.clock.now)) as watched:
        watched.check()

    assert learnt == [(699, desk.world.clock.now() + timedelta(seconds=60))]


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_every_example_of_the_description_is_understood(model: Any) -> None:
    """Where the description is at hand: none of the records in it is set aside."""
    judge = official.description(vendor)
    examples = judge.document["components"]["examples"] if judge else {}
    resource = registry.by_slug("zendesk").resource(model)
    seen = Seen(started=1, arrived=2, path="/", shape="list", dirty=False)
    read = 0
    for example in examples.values():
        value = example["value"] if isinstance(example.get("value"), dict) else {}
        found = [value.get(name) for name in DOCUMENTED[model]]
        records = [one for some in found for one in (some if isinstance(some, list) else [some])]
        decoding = decode_page(resource, [one for one in records if one and "id" in one], seen)
        assert decoding.bad == ()
        read += len(decoding.observations)

    assert read or judge is None
