"""What is odd about Pipedrive, and what the adapter makes of it.

What SEMANTICS.md says of Pipedrive with a source, and the test that stands for it, of leads in `test_leads`:

    v2 cursor and limit; v1 all at once           test_both_versions_are_read_in_their_ways
    updated_since is inclusive                    test_changes_are_found_by_an_inclusive_second
    status=deleted shows deals of 30 days         test_a_deal_that_is_deleted_is_told_with_what_changed
    archived deals and leads have lists of their own  test_what_is_archived_stays_present
    webhooks with http_auth_user and password     test_webhooks_carry_the_password_that_was_asked_for
    no signature                                  test_webhooks_carry_the_password_that_was_asked_for
    PATCH; custom fields under hashes, by ids     test_options_are_written_by_their_ids_under_hashes
    stage_id must match pipeline_id               test_a_stage_takes_its_pipeline_with_it
    daily budget, burst, headers, 429             test_a_spent_day_waits_longer_than_a_burst
    personFields and the others                   test_options_are_written_by_their_ids_under_hashes
    v1 start and limit; leads' updated_since      test_no_lead_is_passed_over_when_pages_shift
    leads have UUIDs, and need somebody           test_a_lead_is_shown_with_whom_it_is_about
    lead to deal is a job; the lead is gone       test_a_lead_that_became_a_deal_stays_and_names_it
    x-api-token                                   test_a_wrong_token_is_the_owners_to_mend

Not looked at here, as the adapter does not use it: recents, merges, and tokens by OAuth beside what all
adapters share.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Gone, NeedsReauthorisation, Rejected, RetryLater
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback
from integrations.providers.pipedrive.paging import ByStart
from tenants.vault import Secret
from tests.emulators.engine import Emulator
from tests.emulators.vendors.pipedrive import COMPANY, first, records
from tests.integrations.providers.pipedrive.house import PROVIDER, START, account_at, everything, resource_of
from unified_api.models.base import OWN
from unified_api.models.crm import Account, Contact, Lead, Note, Opportunity, Task, User


def test_a_wrong_token_is_the_owners_to_mend(house: Emulator, client: Client) -> None:
    """The account is known by the company of its user."""
    assert client.check() == str(COMPANY)
    with account_at(house, token="wrong") as other, pytest.raises(NeedsReauthorisation):
        other.check()


def test_both_versions_are_read_in_their_ways(house: Emulator, client: Client) -> None:
    """The second has cursors; users of the first come all at once, with those who are gone."""
    made = [records.new(house.world, "persons", name=f"P{n}")["id"] for n in range(5)]
    contacts = resource_of(Contact)
    assert contacts.list is not None
    short = replace(contacts, list=replace(contacts.list, paging=replace(contacts.list.paging, size=2)))  # type: ignore[type-var]
    found = [o.remote_id for page in client.pages(short, None) for o in page.observations]
    people = everything(client, User)

    assert found == [str(one) for one in made]
    assert [one.values["is_active"] for one in people.values()] == [True, True, False]


def test_changes_are_found_by_an_inclusive_second(house: Emulator, client: Client) -> None:
    """What changed in the second of the cursor is shown again."""
    records.new(house.world, "organizations", name="Old")
    house.world.clock.forward(3600)
    new = records.new(house.world, "organizations", name="New")
    exactly = replace(resource_of(Account), lookback=0.0)
    found = {
        o.remote_id for p in client.pages(exactly, {"since": new["update_time"]}) for o in p.observations
    }

    assert found == {str(new["id"])}


def test_a_deleted_record_leaves_its_list_and_is_gone_by_its_id(house: Emulator, client: Client) -> None:
    """Its last change is as it was, so that only a complete list, or a webhook, tells; by its id it is still shown."""
    made = records.new(house.world, "persons", name="Eve")
    before = made["update_time"]
    house.world.clock.forward(3600)
    client.delete(resource_of(Contact), str(made["id"]))

    assert made["update_time"] == before
    assert everything(client, Contact) == {}
    with pytest.raises(Gone, match="shows the record as deleted"):
        client.read(resource_of(Contact), str(made["id"]))


def test_a_deal_that_is_deleted_is_told_with_what_changed(house: Emulator, client: Client) -> None:
    """Of deals there is a list of what was deleted, on pages of its own; it is no news that it changed."""
    made = [records.new(house.world, "deals", title=f"D{n}", stage_id=1001, pipeline_id=1) for n in range(4)]
    deals = resource_of(Opportunity)
    cursor = list(client.pages(deals, None))[-1].cursor
    house.world.clock.forward(3600)
    for one in made[:3]:
        records.delete(house.world, "deals", one)
    pages = list(client.pages(deals, cursor))

    assert {o.remote_id for page in pages for o in page.observations if o.gone} == {
        str(o["id"]) for o in made[:3]
    }
    assert not pages[-1].complete
    assert not any(o.gone for o in everything(client, Opportunity).values())


@pytest.mark.parametrize("model", [Opportunity, Lead])
def test_what_is_archived_stays_present(house: Emulator, client: Client, model: Any) -> None:
    """It leaves its list for another one: a complete reading shows both, each record once."""
    made = {_of(house, model, number, is_archived=number % 2 == 0) for number in range(6)}
    whole = resource_of(model)
    assert whole.list is not None
    pages = list(client.pages(whole, None))
    found = [one for page in pages for one in page.observations]

    assert sorted(one.remote_id for one in found) == sorted(made)
    assert (pages[-1].complete, {one.gone for one in found}) == (True, {False})
    assert not any("is_of_first_page" in one.raw for one in found)


def test_what_is_archived_while_it_is_read_is_shown_once(house: Emulator, client: Client) -> None:
    """It stands in both lists: what is said there of it last counts."""
    person = records.new(house.world, "persons", name="Ada")["id"]
    made = first.new_lead(house.world, "Printers", person_id=person)
    house.faults.meanwhile("GET /leads/archived", lambda _world: made.update(is_archived=True))
    [page] = client.pages(resource_of(Lead), None)

    assert [one.values["status"] for one in page.observations] == ["CLOSED"]
    assert page.bad == ()


@pytest.mark.parametrize("model", [Opportunity, Lead])
def test_where_all_is_archived_it_is_present(house: Emulator, client: Client, model: Any) -> None:
    """The list of the others is empty; more are archived than one page has, or than can be looked up at once."""
    made = {_of(house, model, number, is_archived=True) for number in range(120)}

    assert set(everything(client, model)) == made


def test_an_archive_that_says_for_ever_that_there_is_more_ends(
    house: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing new has come for a few pages, nothing will."""
    made = _of(house, Lead, 1, is_archived=True)
    asked: list[str] = []

    def more(_paging: ByStart, _state: Any, _turn: Any) -> dict[str, Any]:
        asked.append("page")
        assert len(asked) < 10
        return {"start": 0, "last": None}

    monkeypatch.setattr(ByStart, "next", more)
    page = next(iter(client.pages(resource_of(Lead), None)))

    assert [one.remote_id for one in page.observations] == [made] * len(page.observations)
    assert page.observations


def _of(house: Emulator, model: Any, number: int, *, is_archived: bool) -> str:
    if model is Opportunity:
        told = {"title": f"Deal {number}", "stage_id": 1001, "is_archived": is_archived}
        return str(records.new(house.world, "deals", **told)["id"])
    person = records.new(house.world, "persons", name=f"P{number}")["id"]
    return str(first.new_lead(house.world, f"L{number}", person_id=person, is_archived=is_archived)["id"])


def test_a_person_goes_by_one_name(client: Client) -> None:
    """Of which one part is changed with the other beside it; without any it is the address."""
    contacts = resource_of(Contact)
    address = {"email_addresses": [{"email_address": "ada@example.com"}]}
    made = client.create(contacts, {"first_name": "Ada", "last_name": "King", **address})
    changed = client.update(contacts, made.remote_id, {"last_name": "Lovelace"})
    bare = client.create(contacts, address)

    assert (made.raw["name"], changed.raw["name"], bare.raw["name"]) == (
        "Ada King",
        "Ada Lovelace",
        "ada@example.com",
    )


def test_a_person_whose_names_are_taken_away_goes_by_the_address(house: Emulator, client: Client) -> None:
    """That it has, or is given with it; without any it is refused by name."""
    contacts, nameless = resource_of(Contact), {"first_name": None, "last_name": None}
    address = {"email_addresses": [{"email_address": "ada@example.com"}]}
    made = client.create(contacts, {"first_name": "Ada", "last_name": "King", **address})
    bare = str(
        records.new(house.world, "persons", name="Ben Stone", first_name="Ben", last_name="Stone")["id"]
    )

    assert client.update(contacts, made.remote_id, nameless).raw["name"] == "ada@example.com"
    with pytest.raises(Rejected) as caught:
        client.update(contacts, bare, nameless)
    assert set(caught.value.fields) == {"first_name", "last_name"}


def test_the_primary_address_stands_first(house: Emulator, client: Client) -> None:
    """Wherever it stands there; what is written first becomes it."""
    two = [
        {"value": "b@x.example", "primary": False},
        {"value": "a@x.example", "primary": True, "label": "work"},
    ]
    made = str(records.new(house.world, "persons", name="Ada", emails=two)["id"])
    found = client.read(resource_of(Contact), made).values["email_addresses"]
    changed = client.update(resource_of(Contact), made, {"email_addresses": found[::-1]})

    assert [one["email_address"] for one in found] == ["a@x.example", "b@x.example"]
    assert [(one["value"], one["primary"]) for one in changed.raw["emails"]] == [
        ("b@x.example", True),
        ("a@x.example", False),
    ]


def test_options_are_written_by_their_ids_under_hashes(house: Emulator, client: Client) -> None:
    """What has another id is refused by the vendor."""
    made = str(records.new(house.world, "persons", name="Ada")["id"])
    code, _, _ = records.FIELDS["persons"]
    [own] = client.field_classes(resource_of(Contact))
    changed = client.update(resource_of(Contact, code), made, {OWN + code: 28})

    assert (own.key, own.name, own.choices) == (code, "Score", ((27, "Fair"), (28, "Friend")))
    assert changed.raw["custom_fields"] == {code: 28}
    with pytest.raises(Rejected):
        client.update(resource_of(Contact, code), made, {OWN + code: 99})


def test_a_stage_takes_its_pipeline_with_it(house: Emulator, client: Client) -> None:
    """A deal that moves to a stage of another one would be refused."""
    made = str(records.new(house.world, "deals", title="Printers", stage_id=1001, pipeline_id=1)["id"])
    moved = client.update(resource_of(Opportunity), made, {"stage": "1003"})

    assert (moved.values["stage"], moved.raw["pipeline_id"]) == ("1003", 2)


def test_a_deal_whose_new_stage_is_gone_is_refused_and_there(house: Emulator, client: Client) -> None:
    """Its pipeline cannot be looked up: that says nothing about the deal."""
    made = str(records.new(house.world, "deals", title="Printers", stage_id=1001, pipeline_id=1)["id"])
    with pytest.raises(Rejected, match="the opportunity is there"):
        client.update(resource_of(Opportunity), made, {"stage": "1999"})


def test_a_refusal_with_a_200_is_one(house: Emulator, client: Client) -> None:
    """The first version says `success: false` in it [?]; the status that it names counts."""
    house.world.add("quirk", {"id": "refusals are 200"})
    with pytest.raises(Gone):
        client.read(resource_of(User), "77")
    assert PROVIDER.refuse is not None
    assert PROVIDER.refuse(200, {"success": False, "error": "no"}, {}) == 400
    assert PROVIDER.refuse(200, {"success": True, "data": None}, {}) is None


def test_a_spent_day_waits_longer_than_a_burst() -> None:
    """Its budget comes back at some midnight, which is looked for every hour."""
    assert PROVIDER.refuse is not None
    day = PROVIDER.refuse(429, {"success": False}, {"x-daily-requests-left": "0"})

    assert isinstance(day, RetryLater)
    assert day.after == 3_600.0
    assert PROVIDER.refuse(429, {"success": False}, {"x-daily-requests-left": "12"}) is None


def test_webhooks_carry_the_password_that_was_asked_for(house: Emulator, client: Client) -> None:
    """Nothing is signed: a delivery is known by the password of its subscription, and only names what is read again."""
    callback = Callback(url="https://isthmus.example/hook", secret=Secret("a long secret"))
    first = client.subscribe(callback)
    second = client.subscribe(callback)
    made = records.new(house.world, "persons", name="Ada")
    records.delete(house.world, "persons", made)
    told = [one.headers["Authorization"] for one in house.packed()]

    assert len(house.world.rows("hook")) == 1
    assert told == [f"Basic {base64.b64encode(b'isthmus:a long secret').decode()}"] * 2
    client.unsubscribe(second.id)
    assert (house.world.rows("hook"), first.id != second.id) == ([], True)


@pytest.mark.parametrize(
    ("places", "remote_id"),
    [
        ({"meta": {"entity": "deal", "entity_id": "7"}, "data": {"id": 8}}, "7"),
        ({"meta": {"entity": "deal"}, "data": {"id": 8}, "previous": {"id": 9}}, "8"),
        ({"meta": {"entity": "deal"}, "data": None, "previous": {"id": 9}}, "9"),
        ({"meta": {"entity": "deal"}, "data": None}, None),
    ],
)
def test_wherever_a_delivery_has_the_id_it_is_found(places: dict[str, Any], remote_id: str | None) -> None:
    """Where it has none, the list is read."""
    assert PROVIDER.webhooks is not None
    delivery = Delivery({}, json.dumps(places).encode())

    assert [(one.model, one.remote_id) for one in PROVIDER.webhooks.hints(delivery)] == [
        (Opportunity, remote_id)
    ]


def test_a_note_that_was_deleted_is_gone(house: Emulator, client: Client) -> None:
    """It leaves its list; moments have no zone, and are in UTC."""
    person = records.new(house.world, "persons", name="Ada")["id"]
    made = client.create(resource_of(Note), {"content": "<p>Called</p>", "contact": str(person)})
    client.delete(resource_of(Note), made.remote_id)

    assert made.values["remote_created_at"] == START
    assert everything(client, Note) == {}
    with pytest.raises(Gone):
        client.read(resource_of(Note), made.remote_id)


def test_calls_and_meetings_are_no_tasks(house: Emulator, client: Client) -> None:
    """All other activities are, whatever types the customer has; one without a time is due at midnight."""
    for kind in ("call", "meeting", "deadline"):
        records.new(house.world, "activities", subject=kind, type=kind, due_date="2026-03-01", due_time=None)
    [found] = [one for one in everything(client, Task).values() if not one.gone]

    assert (found.values["subject"], found.values["due_date"]) == (
        "deadline",
        datetime(2026, 3, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("operator", "told", "found"),
    [
        ("EQUALS", "WON", ["won"]),
        ("IS_ONE_OF", ["LOST"], ["lost"]),
        ("IS_ONE_OF", ["WON", "LOST"], ["lost", "open", "won"]),
        ("EQUALS", "OTHER", ["lost", "open", "won"]),
    ],
)
def test_deals_of_one_status_are_asked_for(
    house: Emulator, client: Client, operator: str, told: Any, found: list[str]
) -> None:
    """Pipedrive takes one; of several it is asked for all, and so it is for what is archived."""
    for title in ("open", "won", "lost", "stowed"):
        stage = {"stage_id": 1001, "pipeline_id": 1, "is_archived": title == "stowed"}
        records.new(house.world, "deals", title=title, status="open" if title == "stowed" else title, **stage)
    asked = resource_of(Opportunity).selected([("status", operator, told)])
    seen = [one.values["name"] for page in client.pages(asked, None) for one in page.observations]

    assert sorted(seen) == sorted([*found, "stowed"])
