"""What is read of an organization, and the traps in reading it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Misconfigured, NeedsReauthorisation, Rejected, RetryLater
from integrations.kit.paging import Turn
from integrations.providers.salesforce.soql import ById, ByStamp
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.salesforce import acts, fields, querying, vendor
from tests.emulators.vendors.salesforce.common import API, ORGANIZATION, refusal
from tests.emulators.world import Clock
from tests.integrations.lines import Learner
from tests.integrations.providers.salesforce.org import (
    QUEUE,
    START,
    account_at,
    everything,
    pages_of,
    questions,
    resource_of,
    sent,
    user,
)
from unified_api.models.crm import Account, Contact, Lead, Opportunity, Stage, User

EVE: dict[str, Any] = {"FirstName": "Eve", "LastName": "Stone", "Company": "Acme"}


def test_the_account_is_known_by_its_organization(org: Emulator, client: Client) -> None:
    """By its id; another token is refused, and the word for that is one for renewing it."""
    assert client.check() == ORGANIZATION
    with account_at(org, "00D!other") as other, pytest.raises(NeedsReauthorisation):
        other.check()


def test_a_lead_says_who_it_is_and_what_became_of_it(org: Emulator, client: Client) -> None:
    """One that is converted is qualified, and names its contact, account and sale."""
    world = org.world
    told = {"Email": "eve@acme.example", "Phone": "1", "MobilePhone": "2", "LeadSource": "Web"}
    place = {"Street": "1 Main Street\nRear", "City": "London", "Country": "GB"}
    eve = acts.new(world, "Lead", **EVE, **told, **place, Title="Buyer", OwnerId=user(org, 1))
    ben = acts.new(world, "Lead", LastName="Reed", Company="Reed & Co", Status="Unqualified")
    made = acts.convert(world, eve, "Ten printers")
    seen = everything(client, Lead)
    values = seen[eve["id"]].values

    assert (values["first_name"], values["last_name"], values["company"]) == ("Eve", "Stone", "Acme")
    assert values["email_addresses"] == [{"email_address": "eve@acme.example"}]
    assert values["phone_numbers"] == [
        {"phone_number": "1"},
        {"phone_number": "2", "phone_number_type": "MOBILE"},
    ]
    assert values["addresses"] == [
        {"street_1": "1 Main Street", "street_2": "Rear", "city": "London", "country": "GB"}
    ]
    assert (values["lead_source"], values["title"], values["owner"]) == ("Web", "Buyer", user(org, 1))
    assert (values["status"], seen[ben["id"]].values["status"]) == ("QUALIFIED", "UNQUALIFIED")
    assert values["converted_date"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert {name: values[f"converted_{name.lower()}"] for name in made} == {
        name: one["id"] for name, one in made.items()
    }


def test_what_field_level_security_hides_breaks_no_reading(org: Emulator, client: Client) -> None:
    """Hidden fields are not asked for, and nothing is said of them: not that they are empty."""
    eve = acts.new(org.world, "Lead", **EVE, Email="eve@acme.example", Phone="1", City="London")
    fields.hide(org.world, "Lead", "Email", "LeadSource", "Street", "Score__c")
    listed, by_id = everything(client, Lead)[eve["id"]], client.read(resource_of(Lead), eve["id"])
    (asked,) = sent(org, "POST", f"{API}/composite/sobjects/Lead")

    for seen in (listed.values, by_id.values):
        assert seen["last_name"] == "Stone"
        assert {"email_addresses", "lead_source"} & set(seen) == set()
        assert seen["addresses"] == [{"city": "London"}]
    assert {"Email", "Score__c"} & set(asked["fields"]) == set()
    assert "Campaign_Answer__c" in asked["fields"]


def test_a_field_that_is_hidden_in_the_midst_of_a_reading_is_not_asked_for_in_the_next(
    org: Emulator, client: Client
) -> None:
    """What was described before is over; the question that names it is refused whole, once."""
    acts.new(org.world, "Lead", **EVE)
    org.faults.meanwhile("POST */composite/*", lambda world: fields.hide(world, "Lead", "Phone"))
    with pytest.raises(Rejected, match="Phone"):
        pages_of(client, Lead)
    with account_at(org) as later:
        assert len(everything(later, Lead)) == 1


def test_an_object_that_the_account_may_not_see_is_forbidden(org: Emulator, client: Client) -> None:
    """The list is; other models go on."""
    org.world.add("hidden", {"id": "Opportunity"})
    with pytest.raises(Forbidden, match="Opportunity"):
        pages_of(client, Opportunity)
    assert pages_of(client, Contact)[-1].last


def test_a_queue_is_no_user(org: Emulator, client: Client) -> None:
    """A lead that waits in one is nobody's."""
    eve = acts.new(org.world, "Lead", **EVE, OwnerId=QUEUE)
    ada = acts.new(org.world, "Lead", **EVE, OwnerId=user(org))
    seen = everything(client, Lead)

    assert (seen[eve["id"]].values["owner"], seen[ada["id"]].values["owner"]) == (None, user(org))
    assert QUEUE not in everything(client, User)


def test_what_a_long_transaction_saved_is_found_when_it_shows(org: Emulator, client: Client) -> None:
    """It comes under the stamp of when it was saved, before the last reading: minutes are looked back."""
    world = org.world
    ben = acts.new(world, "Lead", LastName="Reed", Company="Acme")
    world.clock.forward(3600)
    eve = acts.long(world, "Lead", 600, **EVE)
    acts.long(world, "Lead", 600, ben, Company="Umbrella")
    world.clock.forward(300)
    pages = pages_of(client, Lead)
    during = {o.remote_id: o.values["company"] for page in pages for o in page.observations}
    world.clock.forward(420)
    after = {
        remote_id: o.values["company"] for remote_id, o in everything(client, Lead, pages[-1].cursor).items()
    }

    assert during == {ben["id"]: "Acme"}
    assert after == {ben["id"]: "Umbrella", eve["id"]: "Acme"}


def test_what_the_system_itself_changes_is_found(org: Emulator, client: Client) -> None:
    """SystemModstamp goes with it, where LastModifiedDate does not."""
    eve = acts.new(org.world, "Lead", **EVE)
    org.world.clock.forward(7200)
    cursor = pages_of(client, Lead)[-1].cursor
    acts.touch(org.world, "Lead", eve)
    again = everything(client, Lead, cursor)

    assert set(again) == {eve["id"]}
    assert "SystemModstamp >=" in questions(org)[-1]


def test_pages_are_told_by_stamp_and_id(org: Emulator, client: Client) -> None:
    """Records of one stamp, as of an import, are gone through by ids; what changes meanwhile is met at the end."""
    world = org.world
    cursor = pages_of(client, Lead)[-1].cursor
    world.clock.forward(2000)
    made = [acts.new(world, "Lead", LastName=f"Number {number}", Company="Acme") for number in range(25)]
    seen = []
    resource = resource_of(Lead)
    assert resource.changes is not None
    for page in pages_of(client, Lead, cursor, size=10):
        seen += [o.remote_id for o in page.observations]
        world.clock.forward(1)
        acts.edit(world, "Lead", made[0], Company="Moved")
        if len(seen) > 40:
            break
    asked = [q for q in questions(org) if " OR " in q]

    assert set(seen) == {one["id"] for one in made}
    assert asked
    assert not any("OFFSET" in q for q in questions(org))


def test_a_page_that_is_cut_short_is_not_the_last(
    org: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is not done; the next one begins behind its last record, whatever becomes of its cursor."""
    monkeypatch.setattr(querying, "PAGE", 4)
    for number in range(11):
        acts.new(org.world, "Lead", LastName=f"Number {number}", Company="Acme")
    pages = pages_of(client, Lead)

    assert [len(page.observations) for page in pages] == [4, 4, 3]
    assert pages[-1].complete
    assert not [one for one in org.exchanges if "/query/" in one.request.path]


def test_a_record_without_its_stamp_is_no_end() -> None:
    """Taken for the end, what is behind it would be lost."""
    page = Turn({"done": False, "records": [{"Id": "00Q5g00000LEAD1EAA"}]}, {}, 1)
    with pytest.raises(Misconfigured, match="cannot go on"):
        ByStamp().next(None, page)
    assert ById().next(None, page) == {"beyond": "00Q5g00000LEAD1EAA"}


def test_a_composite_request_is_bounded(org: Emulator, client: Client) -> None:
    """As many as on a page of ids, which is fewer than one may have; of one that has gone meanwhile nothing is said."""
    made = [acts.new(org.world, "Lead", LastName=f"Number {number}", Company="Acme") for number in range(12)]
    org.faults.meanwhile("POST */composite/*", lambda world: acts.delete(world, "Lead", made[0]))
    pages = pages_of(client, Lead, size=5)
    asked = [len(one["ids"]) for one in sent(org, "POST", f"{API}/composite/sobjects/Lead")]

    assert asked == [5, 5, 2]
    assert {o.remote_id for page in pages for o in page.observations} == {one["id"] for one in made[1:]}


def test_what_is_deleted_is_told_as_long_as_it_is_in_the_bin(org: Emulator, client: Client) -> None:
    """By the list of changes, and by a read by id; behind that, it is simply not there."""
    world = org.world
    eve, ben = (acts.new(world, "Lead", **{**EVE, "LastName": name}) for name in ("Stone", "Reed"))
    cursor = pages_of(client, Lead)[-1].cursor
    acts.delete(world, "Lead", eve)
    told = everything(client, Lead, cursor)
    with pytest.raises(Gone):
        client.read(resource_of(Lead), eve["id"])
    world.clock.forward(timedelta(days=16).total_seconds())
    late = everything(client, Lead, cursor)

    assert (told[eve["id"]].gone, told[ben["id"]].gone) == (True, False)
    assert eve["id"] not in late
    assert set(everything(client, Lead)) == {ben["id"]}


def test_what_was_merged_names_the_one_that_is_left(org: Emulator, client: Client) -> None:
    """In the list of changes, and in a read by id: it is not a mere delete."""
    world = org.world
    for kind, model in (("Lead", Lead), ("Contact", Contact), ("Account", Account)):
        told = {"Name": "Acme"} if kind == "Account" else {"LastName": "Stone"}
        left, other = (acts.new(world, kind, **told) for _ in range(2))
        cursor = pages_of(client, model)[-1].cursor
        acts.merge(world, kind, left, other)
        seen = everything(client, model, cursor)[other["id"]]
        with pytest.raises(Gone) as caught:
            client.read(resource_of(model), other["id"])

        assert (seen.gone, seen.merged_into) == (False, left["id"])
        assert caught.value.merged_into == left["id"]


def test_ids_of_15_and_of_18_signs_are_one_record(org: Emulator, client: Client) -> None:
    """What is read by the shorter one is known by the longer one; what is no id is not asked for."""
    eve = acts.new(org.world, "Lead", **EVE)

    assert client.read(resource_of(Lead), eve["id"][:15]).remote_id == eve["id"]
    before = len(org.exchanges)
    with pytest.raises(Gone):
        client.read(resource_of(Lead), "../Contact")
    assert len(org.exchanges) == before


def test_a_sale_says_what_its_stage_means(org: Emulator, client: Client) -> None:
    """Won or lost follows from the stage, which is known by its word."""
    for name, amount in (("Prospecting", None), ("Closed Won", 99.5), ("Closed Lost", 10)):
        acts.new(org.world, "Opportunity", Name=name, StageName=name, Amount=amount)
    sales = {o.values["name"]: o.values for o in everything(client, Opportunity).values()}

    assert {name: one["status"] for name, one in sales.items()} == {
        "Prospecting": "OPEN",
        "Closed Won": "WON",
        "Closed Lost": "LOST",
    }
    assert (sales["Closed Won"]["amount"], sales["Closed Won"]["stage"]) == (100, "Closed Won")
    assert {"Prospecting", "Closed Lost"} <= set(everything(client, Stage))


@dataclass
class _Pauses(Learner):
    paused: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        """Notes it."""
        self.paused.append(seconds)


def test_the_limit_of_the_day_is_learnt_and_waited_for() -> None:
    """The header tells what remains; a refusal with its word is no lack of permission, and is over in a while."""
    limiter, small = _Pauses(), replace(vendor.limits[0], most=2)
    with emulating(replace(vendor, limits=(small,)), Clock(START)) as org:
        in_an_hour = org.world.clock.now() + timedelta(hours=1)
        with account_at(org, limiter=limiter) as client:
            client.check()
            client.check()
            with pytest.raises(RetryLater, match="TotalRequests") as caught:
                client.check()

    assert (caught.value.after, limiter.paused) == (3600, [3600])
    assert limiter.learnt == [(1, in_an_hour), (0, in_an_hour), (0, in_an_hour)]


def test_too_many_long_calls_are_over_soon(org: Emulator, client: Client) -> None:
    """The same word is said of calls that run for long: then seconds are waited for, and the call is made again."""
    body = [{"message": "ConcurrentPerOrgLongTxn Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    org.faults.refuse(403, "GET */query", body=body)
    before = org.world.clock.now()

    assert client.check() == ORGANIZATION
    assert org.world.clock.now() - before == timedelta(seconds=10)


def test_errors_are_lists_also_in_a_success(org: Emulator, client: Client) -> None:
    """Each has a word and a sentence; who is told reads both."""
    told = refusal(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Leads need a region.", "Region__c").told
    org.faults.refuse(400, "POST */sobjects/Lead", body=told)
    org.faults.refuse(200, "POST */sobjects/Lead", body={"success": False, "errors": told})
    for _ in range(2):
        with pytest.raises(Rejected, match="Leads need a region") as caught:
            client.create(resource_of(Lead), {"last_name": "Stone", "company": "Acme"})
        assert caught.value.fields == {"Region__c": "Leads need a region."}
