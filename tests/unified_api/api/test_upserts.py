"""POST with `match_by`: one record, whoever asks and however many do."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from integrations.kit.lenses import on_day
from integrations.kit.mapping import Mapping
from tenants.scope import scope
from tests import stub
from tests.paging.walks import place
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import product_of
from tests.unified_api.api.test_writes import problems
from unified_api import registry
from unified_api.api import bulkhead, idempotency
from unified_api.api.openapi.document import document
from unified_api.models.base import CommonModel, category_of, common_models, model_id, wire_fields
from unified_api.models.fields import Number, Text
from unified_api.models.ticketing import Ticket
from unified_api.sync import ignoring
from unified_api.sync.models import Job, Write

BY_NAME, BY_CREATOR = "tickets?match_by=name", "tickets?match_by=creator"
STRANGER = str(uuid.uuid4())


def put(api: Linked, values: dict[str, Any], path: str = BY_NAME, **headers: str) -> Any:
    """The answer to an upsert."""
    return api.send("post", path, {"model": values}, **headers)


@pytest.fixture
def read(api: Linked) -> Linked:
    """An account whose records have been read."""
    api.work()
    return api


def test_what_is_there_is_changed_and_what_is_not_is_made(read: Linked, desk: stub.Desk) -> None:
    """201 with the new record, then 200 with the same one, changed; what says the same already is not sent."""
    made = put(read, {"name": "leak", "status": "OPEN"})
    changed = put(read, {"name": "leak", "status": "CLOSED"})
    same = put(read, {"name": "leak", "status": "CLOSED"})

    assert [answer.status_code for answer in (made, changed, same)] == [201, 200, 200]
    assert made.json()["model"]["id"] == changed.json()["model"]["id"] == same.json()["model"]["id"]
    assert same.json()["model"]["status"] == "CLOSED"
    assert [method for method, _path in desk.writes()] == ["POST", "PATCH"]
    assert len(desk.tables["tickets"]) == 1


def test_all_fields_of_the_key_have_to_say_the_same(read: Linked, desk: stub.Desk) -> None:
    """Exactly: nothing is matched by likeness."""
    put(read, {"name": "leak", "description": "cellar"})
    other = put(read, {"name": "leak", "description": "attic"}, "tickets?match_by=name,description")
    like = put(read, {"name": "Leak"})

    assert [answer.status_code for answer in (other, like)] == [201, 201]
    assert len(desk.tables["tickets"]) == 3


@pytest.fixture
def by_day(read: Linked, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where records are known by when they are due, of which the provider keeps the day alone."""
    lenses = {name: lens for name, lens in stub.TICKETS.mapping.lenses.items() if name != "due_date"}
    mapping = Mapping(Ticket, due_date=on_day("due"), **lenses)
    provider = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, mapping=mapping), stub.USERS))
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    return "tickets?match_by=due_date"


def test_values_match_that_are_one_at_the_provider(read: Linked, desk: stub.Desk, by_day: str) -> None:
    """Where it keeps the day of a moment, a record is known by any moment of that day."""
    days = ("2026-03-02T09:00:00Z", "2026-03-02T17:30:00Z", "2026-03-02T00:00:00Z", "2026-03-03T09:00:00Z")
    answers = [put(read, {"name": "leak", "due_date": day}, by_day) for day in days]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 201]
    assert [ticket["due"] for ticket in desk.tables["tickets"].values()] == ["2026-03-02", "2026-03-03"]


def test_a_create_under_way_matches_by_what_is_one_at_the_provider(
    read: Linked, desk: stub.Desk, by_day: str
) -> None:
    """503 while it is unsettled: another moment of the day would be the same record."""
    desk.cut_after_write = 1
    lost = put(read, {"name": "leak", "due_date": "2026-03-02T09:00:00Z"}, by_day)
    between = put(read, {"name": "leak", "due_date": "2026-03-02T10:00:00Z"}, by_day)

    assert [answer.status_code for answer in (lost, between)] == [202, 503]
    assert len(desk.tables["tickets"]) == 1


def test_several_that_match_are_named_and_nothing_is_sent(read: Linked, desk: stub.Desk) -> None:
    """400 with the ids of all of them."""
    ids = [str(read.land(str(number), name="leak")) for number in (7, 8)]
    desk.log.clear()
    answer = put(read, {"name": "leak", "status": "CLOSED"})

    assert (answer.status_code, problems(answer)) == (400, [("AMBIGUOUS_MATCH", "model/name")])
    assert all(one in answer.json()["errors"][0]["detail"] for one in ids)
    assert desk.log == []


def test_two_at_once_make_one_record(read: Linked, desk: stub.Desk) -> None:
    """Who comes second finds the first one's, and changes it; also while the provider is slow."""
    desk.delay = 0.2
    came: list[tuple[int, str]] = []

    def ask(status: str) -> None:
        try:
            answer = put(read, {"name": "leak", "status": status})
            came.append((answer.status_code, answer.json()["model"]["id"]))
        finally:
            connection.close()

    several = [
        threading.Thread(target=ask, args=(word,)) for word in ("OPEN", "CLOSED", "IN_PROGRESS", "OPEN")
    ]
    for one in several:
        one.start()
    for one in several:
        one.join()

    assert sorted(status for status, _id in came) == [200, 200, 200, 201]
    assert len({record for _status, record in came}) == 1
    assert len(desk.tables["tickets"]) == 1


def test_while_a_create_is_unsettled_nothing_like_it_is_made(
    read: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503: nothing was begun. Once it is settled, its record is the one that is changed."""
    monkeypatch.setattr(idempotency, "PATIENCE", 0.0)
    desk.cut_after_write = 1
    lost = put(read, {"name": "leak", "status": "OPEN"})
    between = put(read, {"name": "leak", "status": "CLOSED"})
    read.stored(lambda: Job.objects.update(due_at="2020-01-01T00:00:00Z", leased_until=None))
    read.work()
    after = put(read, {"name": "leak", "status": "CLOSED"})

    assert [answer.status_code for answer in (lost, between, after)] == [202, 503, 200]
    assert int(between.headers["Retry-After"]) > 0
    assert [method for method, _path in desk.writes()] == ["POST", "PATCH"]


def test_one_that_waits_for_its_turn_stands_for_its_record(
    read: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `run_async` a create is only journalled; who asks meanwhile is told to come back."""
    monkeypatch.setattr(idempotency, "PATIENCE", 0.0)
    waiting = put(read, {"name": "leak"}, f"{BY_NAME}&run_async=true")
    between = put(read, {"name": "leak", "status": "CLOSED"}, f"{BY_NAME}&run_async=true")
    read.work()
    after = put(read, {"name": "leak", "status": "CLOSED"}, f"{BY_NAME}&run_async=true")
    read.work()

    assert [answer.status_code for answer in (waiting, between, after)] == [202, 503, 202]
    assert [ticket["state"] for ticket in desk.tables["tickets"].values()] == ["done"]


def test_few_upserts_of_a_tenant_wait_at_once(read: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share their places with who repeats a request; one too many is told to come back."""
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: read.work())
    monkeypatch.setattr(idempotency, "time", clock)
    put(read, {"name": "leak"}, f"{BY_NAME}&run_async=true")
    with ExitStack() as waiting:
        for _ in range(bulkhead.PLACES.of_tenant):
            waiting.enter_context(bulkhead.PLACES.one(read.person.tenant_id))
        answer = put(read, {"name": "leak"})

    assert (answer.status_code, "is being made by write" in answer.json()["detail"]) == (503, True)
    assert put(read, {"name": "leak"}).status_code == 200


def test_an_idempotency_key_is_for_one_way_to_match(read: Linked, desk: stub.Desk) -> None:
    """Repeated it replays; with another `match_by` it is another request."""
    key = {"Idempotency_Key": "order-66"}
    answers = [put(read, {"name": "leak"}, **key) for _ in range(2)]
    other = put(read, {"name": "leak"}, "tickets?match_by=name,status", **key)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 400
    assert len(desk.writes()) == 1


def test_a_remote_id_changes_a_record_and_makes_none_where_the_provider_gives_ids(
    read: Linked, desk: stub.Desk
) -> None:
    """404 with its pointer, before any call."""
    made = put(read, {"name": "leak"}).json()["model"]
    path = "tickets?match_by=remote_id"
    changed = put(read, {"remote_id": made["remote_id"], "name": "flood"}, path)
    desk.log.clear()
    none = put(read, {"remote_id": "4711", "name": "flood"}, path)

    assert (changed.status_code, changed.json()["model"]["name"], changed.json()["warnings"]) == (
        200,
        "flood",
        [],
    )
    assert (none.status_code, problems(none)) == (404, [("RECORD_GONE", "model/remote_id")])
    assert desk.log == []


@pytest.mark.parametrize(
    ("path", "values", "status", "wrong"),
    [
        (BY_NAME, {"status": "OPEN"}, 400, ("MISSING_REQUIRED_FIELD", "model/name")),
        (BY_NAME, {"name": ""}, 400, ("MISSING_REQUIRED_FIELD", "model/name")),
        (BY_NAME, {"name": 7}, 400, ("INCORRECT_FIELD_TYPE", "model/name")),
        (BY_NAME, {"name": "leak", "tags": ["a"]}, 400, ("UNSUPPORTED_FIELD", "model/tags")),
        (BY_NAME, {"name": "leak", "priority": "HIGH"}, 400, ("INVALID_FIELD_CHOICE", "model/priority")),
        (
            "tickets?match_by=creator",
            {"name": "x", "creator": str(uuid.uuid4())},
            400,
            ("INVALID_FIELD_CHOICE", "model/creator"),
        ),
    ],
)
def test_what_the_account_cannot_do_is_refused_before_any_call(
    read: Linked, desk: stub.Desk, path: str, values: dict[str, Any], status: int, wrong: tuple[str, str]
) -> None:
    """With its pointer, as in any write."""
    desk.log.clear()
    answer = put(read, values, path)

    assert (answer.status_code, problems(answer)) == (status, [wrong])
    assert desk.log == []
    assert read.stored(Write.objects.count) == 0


@pytest.mark.parametrize("name", ["nothing", "tags", "assignees", "field_mappings"])
def test_what_can_be_no_key_is_named(read: Linked, name: str) -> None:
    """Unknown fields, and lists, in whose sameness nobody agrees; the refusal names the keys of the reference."""
    answer = put(read, {"name": "leak"}, f"tickets?match_by={name}")

    told = document()["paths"]["/api/ticketing/v1/tickets"]["post"]["parameters"]
    [keys] = [one["schema"]["items"]["enum"] for one in told if one.get("name") == "match_by"]
    assert answer.status_code == 400
    assert answer.json() == {"match_by": [f"{name!r} is none of {', '.join(keys)}"]}


def test_an_integration_that_cannot_change_what_it_makes_has_no_upsert(
    read: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """404 before any call, whether there is a record or not."""
    tickets = replace(stub.TICKETS, update=None)
    monkeypatch.setitem(
        registry._providers, "stub", replace(stub.PROVIDER, resources=(tickets, stub.USERS, stub.TAGS))
    )
    desk.log.clear()

    assert put(read, {"name": "leak"}).status_code == 404
    assert desk.log == []


def test_who_has_not_read_everything_makes_nothing(api: Linked, desk: stub.Desk) -> None:
    """503 until the first reading is over, where the provider cannot be asked: the record may be there."""
    desk.add(title="leak", state="open")
    before = put(api, {"name": "leak", "status": "CLOSED"})
    api.work()
    after = put(api, {"name": "leak", "status": "CLOSED"})

    assert (before.status_code, after.status_code) == (503, 200)
    assert len(desk.tables["tickets"]) == 1


def test_the_records_of_a_product_are_known_by_its_ids_addresses_and_relations(
    alice: Person, link: Link
) -> None:
    """A contact by one of its addresses; a record that only can be made by the contract is changed as well."""
    crm = product_of(alice, link, "crm")

    def lead(path: str, **values: Any) -> Any:
        return crm.call("post", f"crm/v1/{path}", {"model": values})

    first = lead("leads?match_by=remote_id", remote_id="L-1", last_name="Hopper", company="Navy")
    again = lead("leads?match_by=remote_id", remote_id="L-1", company="Yale")
    addresses = [{"email_address": "grace@example.com"}, {"email_address": "hopper@example.com"}]
    contact = lead("contacts?match_by=email_addresses", last_name="Hopper", email_addresses=addresses)
    same = lead("contacts?match_by=email_addresses", first_name="Grace", email_addresses=addresses[1:])

    assert [answer.status_code for answer in (first, again, contact, same)] == [201, 200, 201, 200]
    assert (again.json()["model"]["last_name"], again.json()["model"]["company"]) == ("Hopper", "Yale")
    assert same.json()["model"]["id"] == contact.json()["model"]["id"]
    assert [one["email_address"] for one in same.json()["model"]["email_addresses"]] == ["hopper@example.com"]


def test_what_a_product_pushes_without_an_id_is_known_by_its_fields(alice: Person, link: Link) -> None:
    """Also a model that the contract lets nobody write, by a relation that is named by the product's own id."""
    hris = product_of(alice, link, "hris")
    path = "sync/v1/records/hris.Dependent?match_by=employee,first_name"
    model = {"employee": {"remote_id": "E-1"}, "first_name": "Ada"}
    first = hris.call("post", path, {"model": {**model, "last_name": "Byron"}})
    again = hris.call("post", path, {"model": {**model, "last_name": "King"}})
    other = hris.call("post", path, {"model": {**model, "employee": {"remote_id": "E-2"}}})

    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 201]
    assert first.json()["model"]["id"] == again.json()["model"]["id"] != other.json()["model"]["id"]
    assert again.json()["model"]["last_name"] == "King"


WRITABLE = [one for one in common_models() if "create" in one.wire.writes]


@pytest.mark.parametrize("model", WRITABLE, ids=model_id)
def test_every_writable_model_can_be_matched(model: type[CommonModel], alice: Person, link: Link) -> None:
    """201, then 200 with the same record, and another value makes another one."""
    product = product_of(alice, link, category_of(model))
    fields = wire_fields(model).items()
    able = (n for n, one in fields if isinstance(one, Text | Number) and one.write != "never")
    name = next(able, "remote_id")
    told = (1.5, 1.5, 2.5) if isinstance(wire_fields(model).get(name), Number) else ("one", "one", "two")
    path = f"{place(product, model)[0]}?match_by={name}"
    answers = [product.call("post", path, {"model": {name: value}}) for value in told]
    ids = [answer.json()["model"]["id"] for answer in answers]

    assert [answer.status_code for answer in answers] == [201, 200, 201]
    assert ids[0] == ids[1] != ids[2]


def test_who_is_ignored_and_found_at_the_provider_is_not_made_again(
    read: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400: of the record nothing is taken in, and no other one is made in its place."""
    monkeypatch.setattr(Ticket, "wire", replace(Ticket.wire, ignores=True))
    searched = replace(stub.TICKETS, selects={("name", "EQUALS"): lambda told: {"title": told}})
    provider = replace(stub.PROVIDER, resources=(searched, stub.USERS))
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    desk.add(title="leak", state="open")
    read.send("post", "sync-status/resync", None)
    read.work()
    record = read.stored(lambda: Ticket.objects.get().id)
    with scope(read.person.tenant_id):
        ignoring.ignore(read.account, Ticket, record, ignoring.Why("GDPR", None))
    answer = put(read, {"name": "leak", "status": "OPEN"})

    assert (answer.status_code, problems(answer)) == (400, [("IGNORED_RECORD", "model/name")])
    assert desk.writes() == []
    assert read.stored(lambda: Ticket.objects.get().name) is None
