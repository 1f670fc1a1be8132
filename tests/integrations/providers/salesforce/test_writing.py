"""What is written to an organization, and the traps in writing there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.endpoints import Write
from integrations.kit.errors import Forbidden, Moved, Rejected, RetryLater, Uncertain
from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce import acts, fields
from tests.emulators.vendors.salesforce.common import API, refusal
from tests.emulators.world import Record, World
from tests.integrations import metered
from tests.integrations.providers.salesforce.org import (
    QUEUE,
    account_at,
    own,
    questions,
    resource_of,
    sent,
    user,
)
from unified_api.models.crm import Account, Contact, Lead, Opportunity

EVE = {"last_name": "Stone", "company": "Acme"}
LOCKED = refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record").told
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def _lead(org: Emulator, **told: Any) -> Record:
    """One that was made long ago."""
    made = acts.new(org.world, "Lead", FirstName="Eve", LastName="Stone", Company="Acme", **told)
    org.world.clock.forward(3600)
    return made


def test_a_lead_lives(org: Emulator, client: Client) -> None:
    """Made, changed, emptied; what is not said is not sent."""
    leads = resource_of(Lead)
    said: dict[str, Any] = {
        **EVE,
        "first_name": "Eve",
        "email_addresses": [{"email_address": "eve@acme.example"}],
        "phone_numbers": [{"phone_number": "1"}, {"phone_number": "2", "phone_number_type": "FAX"}],
        "addresses": [{"street_1": "1 Main Street", "city": "London"}],
        "owner": user(org, 1),
        "lead_source": "Web",
    }
    made = client.create(leads, said)
    assert {name: made.values[name] for name in said} == said
    changes: list[dict[str, Any]] = [
        {"addresses": [{"street_1": "1 Main Street", "street_2": "Rear"}]},
        {"addresses": [], "phone_numbers": [{"phone_number": "3", "phone_number_type": "MOBILE"}]},
        {"first_name": None, "email_addresses": []},
    ]
    for change in changes:
        shown = client.update(leads, made.remote_id, change)
        assert {name: shown.values[name] for name in change} == change
    told = sent(org, "PATCH", f"{API}/sobjects/Lead/{made.remote_id}")
    assert told[0] == {"Street": "1 Main Street\nRear", "City": None}


@pytest.mark.parametrize(
    ("model", "said", "change"),
    [
        (Lead, EVE, {"first_name": "Eve"}),
        (
            Contact,
            {"last_name": "Reed"},
            {"last_name": "Read"},
        ),
        (Account, {"name": "Acme"}, {"industry": "Mining"}),
        (
            Opportunity,
            {"name": "A sale", "stage": "Prospecting", "close_date": DAY},
            {"name": "A better one"},
        ),
    ],
)
def test_a_write_takes_as_many_calls_as_plans_tell(
    org: Emulator, model: Any, said: dict[str, Any], change: dict[str, Any]
) -> None:
    """Each on a line of its own, with the fields that the account sees, which are described anew."""
    resource = resource_of(model)
    with account_at(org) as client:
        made = metered.create(client, resource, said)
    assert isinstance(resource.update, Write)
    org.world.clock.forward(3600)
    with account_at(org) as client:
        # A record that changed just now is looked at twice, this one is not.
        metered.update(client, resource, made.remote_id, change, spare=1)
    with account_at(org) as client:
        metered.delete(client, resource, made.remote_id)


def test_an_edit_by_somebody_else_in_between_is_not_overwritten(org: Emulator, client: Client) -> None:
    """The write is refused, and thought over again: another field goes on, the same one is left to who asked."""
    eve = _lead(org)

    def edit(**told: Any) -> Any:
        def done(world: World) -> None:
            world.clock.forward(5)
            acts.edit(world, "Lead", eve, **told)

        return done

    org.faults.meanwhile("PATCH *", edit(LeadSource="Web"))
    shown = client.update(resource_of(Lead), eve["id"], {"title": "Buyer"})
    assert (shown.values["title"], shown.values["lead_source"]) == ("Buyer", "Web")
    org.faults.meanwhile("PATCH *", edit(Title="Owner"))
    with pytest.raises(Moved):
        client.update(resource_of(Lead), eve["id"], {"title": "Seller"})
    assert eve["values"]["Title"] == "Owner"


def test_a_record_that_changed_within_the_same_second_is_looked_at_again(
    org: Emulator, client: Client
) -> None:
    """The condition goes by seconds: when the second is over, it tells every later change."""
    eve = acts.new(org.world, "Lead", FirstName="Eve", LastName="Stone", Company="Acme")
    before = org.world.clock.now()
    client.update(resource_of(Lead), eve["id"], {"title": "Buyer"})

    assert (org.world.clock.now() - before).total_seconds() >= 1
    assert len(org.asked("GET", f"{API}/sobjects/Lead/{eve['id']}")) == 3


def test_a_row_that_is_locked_is_written_when_it_is_free(org: Emulator, client: Client) -> None:
    """Nothing was done, so that a create, too, may be asked for again; if it stays locked, later."""
    org.faults.refuse(400, "POST */sobjects/Lead", body=LOCKED, times=2)
    made = client.create(resource_of(Lead), EVE)
    assert made.values["last_name"] == "Stone"
    assert len(org.world.rows("Lead")) == 1
    org.world.clock.forward(3600)
    org.faults.refuse(400, "PATCH *", body=LOCKED, times=9)
    with pytest.raises(RetryLater) as caught:
        client.update(resource_of(Lead), made.remote_id, {"title": "Buyer"})
    assert not caught.value.left


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED"])
def test_a_success_that_is_none_means_what_its_word_says(org: Emulator, client: Client, code: str) -> None:
    """Its errors have their word under another name than those of a refusal."""
    errors = [{"statusCode": code, "message": "Not now.", "fields": []}]
    org.faults.refuse(200, "POST */sobjects/Lead", body={"success": False, "errors": errors}, times=9)
    with pytest.raises(RetryLater, match=code):
        client.create(resource_of(Lead), EVE)


def test_a_converted_lead_is_read_only(org: Emulator, client: Client) -> None:
    """What is written to it is refused with their word."""
    eve = _lead(org)
    acts.convert(org.world, eve)
    org.world.clock.forward(3600)
    with pytest.raises(Rejected, match="CONVERTED_LEAD"):
        client.update(resource_of(Lead), eve["id"], {"title": "Buyer"})


def test_a_duplicate_is_refused_and_the_record_that_it_is_like_is_named(
    org: Emulator, client: Client
) -> None:
    """By a rule of theirs, which nobody overrides."""
    org.world.add("duplicate rule", {"id": "Lead"})
    eve = _lead(org, Email="eve@acme.example")
    with pytest.raises(Rejected, match="DUPLICATES_DETECTED") as caught:
        client.create(resource_of(Lead), {**EVE, "email_addresses": [{"email_address": "eve@acme.example"}]})

    assert eve["id"] in caught.value.detail
    assert len(org.world.rows("Lead")) == 1


def test_refusals_name_common_fields(org: Emulator, client: Client) -> None:
    """What is missing, too long or nobody's, by our names; a text is never cut."""
    leads, eve = resource_of(Lead), _lead(org)
    with pytest.raises(Rejected) as missing:
        client.create(leads, {"last_name": "Stone"})
    with pytest.raises(Rejected) as long:
        client.update(leads, eve["id"], {"title": "x" * 129})
    with pytest.raises(Rejected) as nobody:
        client.update(leads, eve["id"], {"owner": None})
    with pytest.raises(Rejected) as two:
        client.update(
            leads, eve["id"], {"email_addresses": [{"email_address": f"{n}@a.example"} for n in "ab"]}
        )

    assert set(missing.value.fields) == {"company"}
    assert set(long.value.fields) == {"title"}
    assert (set(nobody.value.fields), set(two.value.fields)) == ({"owner"}, {"email_addresses"})
    assert (
        org.asked("PATCH", f"{API}/sobjects/Lead/{eve['id']}")
        == org.asked("PATCH", f"{API}/sobjects/Lead/{eve['id']}")[:1]
    )


def test_what_may_not_be_written_is_forbidden(org: Emulator, client: Client) -> None:
    """Somebody else's record that is shared for reading; their answer has the status of a mistake."""
    eve = _lead(org)
    body = refusal(400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id").told
    org.faults.refuse(400, "PATCH *", body=body)
    with pytest.raises(Forbidden):
        client.update(resource_of(Lead), eve["id"], {"title": "Buyer"})


def test_assignment_rules_route_new_leads_and_no_others(org: Emulator, client: Client) -> None:
    """A lead whose owner is told stays that person's, and an edit gives none away."""
    org.world.add("assignment rule", {"id": "Lead", "owner": QUEUE})
    new = client.create(resource_of(Lead), EVE)
    told = client.create(resource_of(Lead), {**EVE, "owner": user(org, 1)})
    changed = client.update(resource_of(Lead), told.remote_id, {"title": "Buyer"})

    assert org.world.table("Lead")[new.remote_id]["values"]["OwnerId"] == QUEUE
    assert (told.values["owner"], changed.values["owner"]) == (user(org, 1), user(org, 1))


@pytest.mark.parametrize(
    "name", ["O'Hara", "Back\\slash", "' OR LastName != '", "Two\nlines", "tab\t{last_name}", "\\'"]
)
def test_what_is_put_into_a_question_stays_what_it_is(org: Emulator, client: Client, name: str) -> None:
    """Quotes, backslashes, line breaks and braces in values end no literal, and find the record that has them."""
    for other in ("Hara", "Backslash", "Stone"):
        acts.new(org.world, "Lead", LastName=other, Company="Acme")
    made = client.create(resource_of(Lead), {**EVE, "last_name": name})

    assert [one.remote_id for one in client.recent(resource_of(Lead), {**EVE, "last_name": name})] == [
        made.remote_id
    ]


def test_a_create_whose_answer_was_lost_is_found_by_what_it_said(org: Emulator, client: Client) -> None:
    """Among few, the newest first; a namesake is not it, at another company or with another address."""
    _lead(org)
    acts.new(org.world, "Lead", LastName="Stone", Company="Umbrella")
    acts.new(org.world, "Lead", LastName="Stone", Company="Acme & Sons", Email="ben@acme.example")
    org.faults.lose("POST */sobjects/Lead")
    said = {**EVE, "company": "Acme & Sons", "email_addresses": [{"email_address": "eve@acme.example"}]}
    with pytest.raises(Uncertain):
        client.create(resource_of(Lead), said)
    found = client.recent(resource_of(Lead), said)

    assert [one.values["email_addresses"] for one in found] == [said["email_addresses"]]
    assert "ORDER BY CreatedDate DESC, Id DESC LIMIT 50" in questions(org)[-1]


def test_fields_of_the_customer_are_read_and_written(org: Emulator, client: Client) -> None:
    """As what they are: several choices are a list here, and one text there."""
    eve = _lead(org, Score__c=1.5)
    leads = resource_of(Lead, "Campaign_Answer__c", "Score__c", "Interests__c", "Customer__c")
    told = {
        "Campaign_Answer__c": "Webinar",
        "Score__c": 7.5,
        "Interests__c": ["fax", "ink"],
        "Customer__c": True,
    }
    shown = client.update(leads, eve["id"], own(**told))

    assert {name: shown.raw[name] for name in told} == told
    assert eve["values"]["Interests__c"] == "fax;ink"
    assert client.update(leads, eve["id"], own(**told)).raw == shown.raw


def test_fields_are_described_as_the_account_sees_them(org: Emulator, client: Client) -> None:
    """Those that can be written, without those of common fields; the customer's own are told apart."""
    fields.hide(org.world, "Lead", "Score__c")
    found = {one.key: one for one in client.field_classes(resource_of(Lead))}

    assert (found["Interests__c"].kind, found["Customer__c"].kind) == ("list", "bool")
    assert {key for key, one in found.items() if one.is_custom} == {
        "Campaign_Answer__c",
        "Download__c",
        "Interests__c",
        "Customer__c",
    }
    assert {"Company", "IsDeleted", "Score__c", "SystemModstamp"} & set(found) == set()


def test_a_country_is_written_by_its_code_where_the_account_knows_codes(
    org: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not, it is a text like any other."""
    codes = {
        **fields.fields_of("Contact"),
        "MailingCountryCode": fields.Field("MailingCountryCode", "picklist", 10, "cu"),
    }
    known = fields.fields_of
    monkeypatch.setattr(fields, "fields_of", lambda kind: codes if kind == "Contact" else known(kind))
    said = {"last_name": "Reed", "email_addresses": [{"email_address": "r@acme.example"}]}
    client.create(resource_of(Contact), {**said, "addresses": [{"country": "GB"}]})
    client.create(resource_of(Lead), {**EVE, "addresses": [{"country": "GB"}]})

    assert sent(org, "POST", f"{API}/sobjects/Contact")[0]["MailingCountryCode"] == "GB"
    assert sent(org, "POST", f"{API}/sobjects/Lead")[0]["Country"] == "GB"


def test_an_hour_that_differs_is_no_change_of_a_day(org: Emulator, client: Client) -> None:
    """Nor are capitals one of an address, or less than a second one of a moment: nothing is sent."""
    closes = {"close_date": datetime(2026, 3, 1, 15, 30, tzinfo=UTC)}
    sale = client.create(resource_of(Opportunity), {"name": "Looms", "stage": "Prospecting", **closes})
    mail = {"email_addresses": [{"email_address": "Eve@Acme.example"}]}
    person = client.create(resource_of(Contact), {"last_name": "Stone", **mail})
    org.world.table("Contact")[person.remote_id]["values"]["Email"] = "eve@acme.example"
    org.world.clock.forward(3600)
    shown = client.update(resource_of(Opportunity), sale.remote_id, closes)
    client.update(resource_of(Contact), person.remote_id, mail)
    found = client.recent(resource_of(Contact), {"last_name": "Stone", **mail})

    assert shown.values["close_date"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert sent(org, "PATCH", f"{API}/sobjects/Opportunity/{sale.remote_id}") == []
    assert sent(org, "PATCH", f"{API}/sobjects/Contact/{person.remote_id}") == []
    assert [one.remote_id for one in found] == [person.remote_id]
