"""The adapter against a real Tryton: what people do there is read, and what is written stands there."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.servers import Tryton
from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Misconfigured, NeedsReauthorisation, Rejected
from integrations.kit.provider import Resource
from integrations.providers.tryton.asking import last_change
from tests.integrations import metered
from tests.integrations.providers.tryton.filled import Filled
from tests.real.conftest import Linked, every
from unified_api.models.crm import Account, Contact, Lead, Opportunity, User
from unified_api.models.hris import Employee, TimesheetEntry

#: The first run of all installs the server and fills its first database.
pytestmark = pytest.mark.timeout(1800)
SALE, PARTY, MECHANISM = "sale.opportunity", "party.party", "party.contact_mechanism"


@pytest.fixture
def filled(tryton: Tryton) -> Filled:
    """A company and an employee under names that no other test has."""
    return Filled.little(tryton, uuid.uuid4().hex[:8])


@pytest.fixture
def client(filled: Filled, linked: Linked) -> Client:
    """A client of the ERP."""
    return linked("tryton", filled.tryton, timesheet_work=str(filled.work))


def resource(client: Client, model: Any) -> Resource:
    """What the adapter knows of a model; without lookback, so that only what follows is a change."""
    found = client.provider.resource(model)
    assert found is not None
    return replace(found, lookback=0.0)


def now_of(client: Client, model: Any) -> dict[str, Any]:
    """The cursor of one who has seen all changes so far."""
    pages = list(client.pages(resource(client, model), None))
    stamps = [last_change(one.raw) for page in pages for one in page.observations]
    return {"since": max(stamps).isoformat()}


def changed(client: Client, model: Any, cursor: dict[str, Any]) -> dict[str, Any]:
    """What has changed since then: values by id, None of one that is gone."""
    pages = client.pages(resource(client, model), cursor)
    return {o.remote_id: None if o.gone else o.values for page in pages for o in page.observations}


def mails(*names: str) -> list[dict[str, str]]:
    """E-mail addresses."""
    return [{"email_address": name} for name in names]


def test_the_account_is_known_by_its_database_and_company(client: Client, tryton: Tryton) -> None:
    """And a wrong key, database or company is told as what it is."""
    assert client.check() == f"{tryton.url} 1"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"key": "wrong"}, NeedsReauthorisation),
        ({"base_url": "{origin}/nothing"}, Misconfigured),
        ({"company": "99"}, Misconfigured),
    ],
)
def test_a_wrong_setting_is_told(
    tryton: Tryton, linked: Linked, wrong: dict[str, str], error: type[Exception]
) -> None:
    """Each asks for something else of the account's owner."""
    told = {name: value.format(origin=tryton.origin) for name, value in wrong.items()}
    with pytest.raises(error):
        linked("tryton", tryton, **told).check()


def test_a_contact_is_made_read_changed_and_removed(client: Client, filled: Filled) -> None:
    """And Tryton itself says so at every step; what somebody changes there is read."""
    contacts, mark = resource(client, Contact), filled.mark
    values = {
        "first_name": "Ada",
        "last_name": f"Lovelace{mark}",
        "email_addresses": mails(f"ada@{mark}.example"),
    }
    made = metered.create(client, contacts, values, spare=2)
    number = int(made.remote_id)
    fields = {"f": ["name", "contact_mechanisms.value", "categories.name"]}
    there = filled.tryton.rest("GET", f"{PARTY}/{number}", **fields)
    assert (there["name"], there["categories"][0]["name"]) == (f"Ada Lovelace{mark}", "Person")
    assert [one["value"] for one in there["contact_mechanisms"]] == [f"ada@{mark}.example"]

    filled.change(PARTY, number, name=f"Augusta Ada King{mark}")
    assert client.read(contacts, made.remote_id).values["first_name"] == "Augusta Ada"
    new = {"last_name": f"de Lovelace{mark}", "email_addresses": mails("c@x.example", f"ada@{mark}.example")}
    assert (
        metered.update(client, contacts, made.remote_id, new, spare=2).values["email_addresses"]
        == new["email_addresses"]
    )
    there = filled.tryton.rest("GET", f"{PARTY}/{number}", **fields)
    assert there["name"] == f"de Lovelace{mark}, Augusta Ada"
    same = client.read(contacts, made.remote_id).values
    before = filled.tryton.writes()
    client.update(contacts, made.remote_id, same)
    assert filled.tryton.writes() == before

    metered.delete(client, contacts, made.remote_id)
    for gone in (client.read, client.delete):
        with pytest.raises(Gone):
            gone(contacts, made.remote_id)


def test_what_was_never_changed_is_found_as_new(client: Client, filled: Filled) -> None:
    """Tryton has no `write_date` then."""
    filled.spent(hours=4)
    before = now_of(client, TimesheetEntry)
    new = str(filled.spent(hours=5))
    there = filled.tryton.rest("GET", f"timesheet.line/{new}", f="write_date")

    assert there["write_date"] is None
    assert changed(client, TimesheetEntry, before)[new]["hours_worked"] == 5


@pytest.mark.parametrize("model", [Employee, User])
def test_a_new_address_of_a_party_shows_its_employee(client: Client, filled: Filled, model: Any) -> None:
    """Though it does not touch the employee."""
    number, name = filled.employees[0], {Employee: "work_email", User: "email"}[model]
    fields = {"f": ["write_date", "party.contact_mechanisms"]}
    there = filled.tryton.rest("GET", f"company.employee/{number}", **fields)
    [mechanism] = there["party"]["contact_mechanisms"]
    before = now_of(client, model)
    filled.change(MECHANISM, mechanism, value="new@acme.example")
    after = changed(client, model, before)

    assert (
        filled.tryton.rest("GET", f"company.employee/{number}", **fields)["write_date"] == there["write_date"]
    )
    assert {one: values[name] for one, values in after.items()} == {str(number): "new@acme.example"}


def test_what_is_deactivated_is_seen_to_go(client: Client, filled: Filled) -> None:
    """A contact mechanism leaves its party, a party is gone, and nothing is hidden from whoever asks."""
    account = filled.parties[0]
    there = filled.tryton.rest("GET", f"{PARTY}/{account}", f="contact_mechanisms")
    phone = filled.make(MECHANISM, party=account, type="phone", value="+41 31 1")
    before = now_of(client, Account)
    filled.change(MECHANISM, phone, active=False)
    assert there["contact_mechanisms"]
    assert changed(client, Account, before)[str(account)]["phone_numbers"] == []

    filled.change(PARTY, account, active=False)
    assert changed(client, Account, before)[str(account)] is None
    with pytest.raises(Gone):
        client.read(resource(client, Account), str(account))


def test_who_moves_to_the_other_kind_is_gone_from_the_first(client: Client, filled: Filled) -> None:
    """An account that is put into the category of people is a contact from then on."""
    number = filled.parties[0]
    filled.person(f"Alan Turing{filled.mark}", f"alan-{filled.mark}")
    before = {model: now_of(client, model) for model in (Account, Contact)}
    filled.change(PARTY, number, categories=[["add", [filled.category()]]])

    assert changed(client, Account, before[Account])[str(number)] is None
    assert changed(client, Contact, before[Contact])[str(number)]["last_name"] == filled.mark


def test_days_say_whether_an_employee_is_there(client: Client, filled: Filled) -> None:
    """Whoever left is listed all the same, and whoever has not begun."""
    today = datetime.now(UTC).date()
    past, future = (
        {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}
        for day in (today - timedelta(days=3), today + timedelta(days=3))
    )
    more = [filled.employee(f"{name}{filled.mark}", f"{name}-{filled.mark}") for name in ("left", "coming")]
    there, left, coming = *filled.employees, *more
    filled.change("company.employee", left, end_date=past)
    filled.change("company.employee", coming, start_date=future)
    found = every(client, Employee)

    status = [found[str(one)]["employment_status"] for one in (there, left, coming)]
    assert status == ["ACTIVE", "INACTIVE", "PENDING"]


def test_a_lead_becomes_a_sale_that_is_won(client: Client, filled: Filled) -> None:
    """Recommended, accepted, converted and confirmed there: the amount is that of the sale."""
    leads, sales, address = (
        resource(client, Lead),
        resource(client, Opportunity),
        f"ada@{filled.mark}.example",
    )
    said = {"company": f"Engines {filled.mark}", "first_name": "Ada", "email_addresses": mails(address)}
    made = metered.create(client, leads, said, spare=3)
    number = int(made.remote_id)
    assert (made.values["status"], made.values["converted_opportunity"]) == ("OPEN", None)
    with pytest.raises(Gone):
        client.read(sales, made.remote_id)

    filled.accepted(filled.parties[0])
    before = now_of(client, Opportunity)
    filled.change(SALE, number, employee=filled.employees[0])
    filled.act(SALE, number, "opportunity")
    lead = client.read(leads, made.remote_id).values
    assert (lead["status"], lead["converted_opportunity"]) == ("QUALIFIED", made.remote_id)
    assert every(client, Account)[lead["converted_account"]]["name"] == said["company"]
    assert changed(client, Opportunity, before)[made.remote_id]["status"] == "OPEN"

    filled.won(number, "1250.40")
    sale = client.read(sales, made.remote_id).values
    assert (sale["status"], sale["amount"], sale["stage"]) == ("WON", 1250, "won")
    assert sale["close_date"] is not None
    assert client.read(leads, made.remote_id).values["status"] == "QUALIFIED"


def test_a_lead_of_somebody_known_is_at_their_party(client: Client, filled: Filled) -> None:
    """Nobody is there twice; the company is the one that Tryton knows."""
    leads, parties = resource(client, Lead), len(every(client, Account))
    said = {
        "company": "As marketing calls it",
        "email_addresses": mails(f"office0-{filled.mark}@example.com"),
    }
    made = client.create(leads, said)

    assert made.values["company"] == f"Company 0 {filled.mark}"
    assert len(every(client, Account)) == parties


def test_a_lead_that_is_cancelled_is_unqualified_and_no_sale(client: Client, filled: Filled) -> None:
    """Also where it had been accepted before."""
    number = filled.accepted(filled.parties[0])
    before = now_of(client, Opportunity)
    filled.act(SALE, number, "cancel")

    assert every(client, Lead)[str(number)]["status"] == "UNQUALIFIED"
    assert changed(client, Opportunity, before)[str(number)] is None


def test_what_runs_is_cancelled_to_be_deleted_and_what_is_won_is_refused(
    client: Client, filled: Filled
) -> None:
    """In Tryton's words."""
    sales = resource(client, Opportunity)
    running, won = (filled.accepted(filled.parties[0]) for _ in range(2))
    filled.won(won, "10")
    metered.delete(client, sales, str(running))
    with pytest.raises(Gone):
        client.read(resource(client, Lead), str(running))
    with pytest.raises(Rejected, match="you must cancel it"):
        client.delete(sales, str(won))

    assert client.read(sales, str(won)).values["status"] == "WON"


def test_what_is_fixed_in_a_state_is_refused_by_its_name(client: Client, filled: Filled) -> None:
    """What a sale amounts to is not ours to say once it is won, nor that it is."""
    number = filled.accepted(filled.parties[0])
    sales = resource(client, Opportunity)
    with pytest.raises(Rejected) as caught:
        client.update(sales, str(number), {"status": "WON"})
    assert set(caught.value.fields) == {"status"}
    filled.won(number, "10")
    with pytest.raises(Rejected) as caught:
        client.update(sales, str(number), {"amount": 11})

    assert set(caught.value.fields) == {"amount"}


def test_a_sale_that_was_made_as_a_lead_is_completed(client: Client, filled: Filled) -> None:
    """Where nobody knows whether it was accepted: it is, once; and what is not there any more is gone."""
    sales, number = resource(client, Opportunity), filled.lead(party=filled.parties[0])
    filled.change(SALE, number, employee=filled.employees[0])
    for _ in range(2):
        assert client.complete(sales, str(number), {}).values["stage"] == "opportunity"

    with pytest.raises(Gone):
        client.complete(sales, "987654321", {})


def test_losing_sets_the_day_to_that_day(client: Client, filled: Filled) -> None:
    """Whatever stood there."""
    number = filled.accepted(filled.parties[0])
    day = datetime(2100, 1, 1, tzinfo=UTC)
    said = {"close_date": day, "lost_reason": "Too dear", "status": "LOST"}
    sale = client.update(resource(client, Opportunity), str(number), said).values

    assert (sale["status"], sale["lost_reason"]) == ("LOST", "Too dear")
    assert sale["close_date"] < day


def test_what_tryton_does_not_know_is_told_by_its_name(client: Client) -> None:
    """It answers 500, which is no outage."""
    with pytest.raises(Forbidden, match=r"does not know 'nonsense\.model'"):
        client._session.get("/nonsense.model")
    with pytest.raises(Forbidden, match="does not know 'nonsense'"):
        client._session.get("/company.company", {"f": "nonsense"})


def test_a_range_past_the_end_is_refused_and_a_row_is_not(client: Client) -> None:
    """So pages go by rows."""
    past = {"Range": "records=5000-5010"}

    assert client.raw("GET", "/company.company", headers=past).status == 416
    assert client.raw("GET", "/company.company", params={"p": "5000", "s": "10"}).body == []


def test_a_person_needs_the_category_of_people(filled: Filled, linked: Linked) -> None:
    """Which is not made for them; what to do is told."""
    client = linked("tryton", filled.tryton, person_category="Nobody")
    with pytest.raises(Rejected, match="there is no party category 'Nobody'"):
        client.create(resource(client, Contact), {"last_name": "Lovelace"})


def test_a_country_that_was_not_imported_is_refused_by_its_name(client: Client, filled: Filled) -> None:
    """And nothing of the account is made."""
    said = {"name": f"Elsewhere {filled.mark}", "addresses": [{"city": "Oslo", "country": "NO"}]}
    with pytest.raises(Rejected) as caught:
        client.create(resource(client, Account), said)

    assert set(caught.value.fields) == {"addresses"}
    assert said["name"] not in [one.get("name") for one in every(client, Account).values()]
