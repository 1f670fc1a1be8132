"""Leads of Pipedrive: whom they are about, what becomes of them, and what they are shown with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Rejected, Uncertain
from integrations.kit.paths import without
from integrations.providers.pipedrive import converted
from integrations.providers.pipedrive.paging import ByStart
from tests.emulators.engine import Emulator
from tests.emulators.vendors.pipedrive import first, records
from tests.integrations.providers.pipedrive.house import everything, resource_of
from unified_api.models.crm import Contact, Lead


def _new(house: Emulator, number: int, *, is_archived: bool = False) -> str:
    person = records.new(house.world, "persons", name=f"P{number}")["id"]
    return str(first.new_lead(house.world, f"L{number}", person_id=person, is_archived=is_archived)["id"])


def test_a_lead_is_shown_with_whom_it_is_about(house: Emulator, client: Client) -> None:
    """And made with a person of its own; where the lead is refused, none is left behind."""
    leads, address = resource_of(Lead), {"email_addresses": [{"email_address": "eve@x.example"}]}
    company = records.new(house.world, "organizations", name="Acme")["id"]
    old = first.new_lead(house.world, "Fax", organization_id=company)["id"]
    made = client.create(leads, {"title": "Printers", "first_name": "Eve", "last_name": "Adams", **address})
    found = everything(client, Lead)

    assert (found[old].values["company"], found[old].values["first_name"]) == ("Acme", None)
    assert found[made.remote_id].values["email_addresses"] == made.values["email_addresses"]
    assert (made.values["last_name"], len(house.world.rows("persons"))) == ("Adams", 1)
    other = {"email_addresses": [{"email_address": "ada@x.example"}]}
    with pytest.raises(Rejected):
        client.create(leads, {"title": "Printers", "owner": "99", **other})
    assert [one["is_deleted"] for one in house.world.rows("persons")] == [False, True]


def test_a_lead_of_a_known_address_makes_no_second_person(house: Emulator, client: Client) -> None:
    """In whatever case it is written; where the lead is refused, that person stays."""
    leads, address = resource_of(Lead), {"email_addresses": [{"email_address": "Eve@x.example"}]}
    emails = [{"value": "eve@x.example", "primary": True}]
    known = records.new(house.world, "persons", name="Eve Adams", emails=emails)["id"]
    house.world.clock.forward(3600)
    for number in range(100):
        records.new(house.world, "persons", name=f"P{number}")
    made = client.create(leads, {"title": "Printers", "last_name": "Adams", **address})
    with pytest.raises(Rejected):
        client.create(leads, {"title": "Faxes", "owner": "99", **address})

    assert made.raw["person_id"] == known
    assert (len(house.world.rows("persons")), house.world.get("persons", known)["is_deleted"]) == (101, False)


def test_a_lead_whose_person_was_made_unseen_is_repeated_with_that_person(
    house: Emulator, client: Client
) -> None:
    """The search does not find who was made just now, but is among the newest."""
    told = {
        "title": "Printers",
        "last_name": "Adams",
        "email_addresses": [{"email_address": "eve@x.example"}],
    }
    house.faults.lose("POST /persons")
    with pytest.raises(Uncertain):
        client.create(resource_of(Lead), told)
    [one] = house.world.rows("persons")
    made = client.create(resource_of(Lead), told)

    assert (made.raw["person_id"], len(house.world.rows("persons"))) == (one["id"], 1)


def test_a_lead_of_somebody_else_with_the_same_title_is_not_taken_for_the_lost_one(
    house: Emulator, client: Client
) -> None:
    """What a create may have made is known by its title and the address: names are parted as Pipedrive likes."""
    leads = resource_of(Lead)
    ada, eve = (
        {"title": "Website", "last_name": name, "email_addresses": [{"email_address": f"{name}@x.example"}]}
        for name in ("ada", "eve")
    )
    made = client.create(leads, ada)

    assert client.recent(leads, eve) == []
    assert [one.remote_id for one in client.recent(leads, ada)] == [made.remote_id]


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_lead_that_became_a_deal_stays_and_names_it(
    house: Emulator, client: Client, *, is_archived: bool
) -> None:
    """It leaves its list: complete readings, changes, and who asks for it by its id, find it by its deal."""
    leads, made = resource_of(Lead), [_new(house, number) for number in range(3)]
    cursor = list(client.pages(leads, None))[-1].cursor
    house.world.clock.forward(3600)
    deal = first.convert(house.world, house.world.get("leads", made[0]), "Looms")
    deal["is_archived"] = is_archived
    del house.world.table("leads")[made[1]]
    whole, changed = everything(client, Lead), everything(client, Lead, cursor)
    by_id = client.read(leads, made[0])

    assert set(whole) == {made[0], made[2]}
    for one in (whole[made[0]], changed[made[0]], by_id):
        assert (one.values["status"], one.values["converted_opportunity"]) == ("QUALIFIED", str(deal["id"]))
        assert (one.values["converted_contact"], one.values["first_name"]) == (str(deal["person_id"]), "P0")
        assert "lead_source" not in one.values
    with pytest.raises(Gone):
        client.read(leads, made[1])
    house.faults.refuse(404, "GET /deals")
    with pytest.raises(Forbidden):  # nobody knows whether it became a deal
        client.read(leads, made[1])


def test_a_lead_that_became_a_deal_long_ago_is_found_by_its_id(
    house: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many deals are newer; where not all were looked at, what was not found is not taken for deleted."""
    leads, (made, lost) = resource_of(Lead), [_new(house, number) for number in range(2)]
    deal = first.convert(house.world, house.world.get("leads", made), "Looms")
    del house.world.table("leads")[lost]
    house.world.clock.forward(3600)
    for number in range(1001):
        records.new(house.world, "deals", title=f"Deal {number}", stage_id=1001, pipeline_id=1)

    assert client.read(leads, made).values["converted_opportunity"] == str(deal["id"])
    with pytest.raises(Gone):
        client.read(leads, lost)
    monkeypatch.setattr(converted, "_MOST", 1000)
    for one in (made, lost):
        with pytest.raises(Forbidden, match="a complete reading tells more"):
            client.read(leads, one)


def test_a_lead_that_is_still_shown_beside_its_deal_is_that_deals(house: Emulator, client: Client) -> None:
    """Whatever list it stands in, and by its id; it is changed no more."""
    made = _new(house, 1, is_archived=True)
    shown = dict(house.world.get("leads", made))
    deal = first.convert(house.world, house.world.get("leads", made), "Looms")
    house.world.add("leads", shown)
    leads = resource_of(Lead)
    [page] = client.pages(leads, None)

    for one in (*page.observations, client.read(leads, made)):
        assert (one.remote_id, one.values["converted_opportunity"]) == (made, str(deal["id"]))
    assert len(page.observations) == 1
    for refused in (lambda: client.update(leads, made, {"title": "Fax"}), lambda: client.delete(leads, made)):
        with pytest.raises(Rejected, match="became a deal"):
            refused()


def test_a_lead_of_a_known_company_makes_no_second_one(house: Emulator, client: Client) -> None:
    """Be it found by the search, or among the newest; where the lead is refused, a new one is deleted again."""
    leads, told = resource_of(Lead), {"title": "Printers", "last_name": "Adams"}
    old = records.new(house.world, "organizations", name="Acme")["id"]
    house.world.clock.forward(3600)
    new = records.new(house.world, "organizations", name="Umbrella")["id"]
    made = [client.create(leads, {**told, "company": name}) for name in ("acme", "UMBRELLA")]
    with pytest.raises(Rejected):
        client.create(leads, {**told, "company": "Initech", "owner": "99"})

    assert [one.raw["organization_id"] for one in made] == [old, new]
    assert [one["is_deleted"] for one in house.world.rows("organizations")] == [False, False, True]


@pytest.mark.parametrize("nobody", [{}, {"last_name": None, "email_addresses": []}])
def test_a_lead_of_a_company_alone_makes_no_person(
    house: Emulator, client: Client, nobody: dict[str, Any]
) -> None:
    """Pipedrive takes an organization alone; of nobody at all it is refused as before."""
    made = client.create(resource_of(Lead), {"title": "Printers", "company": "Acme", **nobody})
    with pytest.raises(Rejected):
        client.create(resource_of(Lead), {"title": "Printers", **nobody})

    assert (made.values["company"], made.raw["person_id"]) == ("Acme", None)
    assert house.world.rows("persons") == []


@pytest.mark.parametrize(
    ("hidden", "secret"),
    [
        ("Lead.title", "Fax"),
        ("Lead.owner", "1001"),
        ("Lead.first_name", "Eve"),
        ("Lead.last_name", "Adams"),
        ("Contact.last_name", "Adams"),
    ],
)
def test_what_is_hidden_of_a_lead_is_hidden_in_what_it_is_shown_with(hidden: str, secret: str) -> None:
    """Its deal has a title and an owner as well, and its person a whole name."""
    deal = {"title": "Fax", "owner_id": 1001}
    person = {"name": "Eve Adams", "first_name": "Eve", "last_name": "Adams"}
    told: Any = {**deal, "deal": deal, "person": person}
    for place in resource_of(Lead).hidden_places(_of_crm(hidden), ()):
        told = without(told, place)

    assert "person" in told
    assert secret not in str(told)


def test_a_name_that_is_hidden_is_no_part_of_the_whole_one() -> None:
    """A person is told by both."""
    told: Any = {"name": "Eve Adams", "first_name": "Eve", "id": 3}
    for place in resource_of(Contact).hidden_places(_of_crm("Contact.first_name"), ()):
        told = without(told, place)

    assert told == {"id": 3}


def _of_crm(field: str) -> dict[str, set[str]]:
    model, name = field.split(".")
    return {f"crm.{model}": {name}}


def test_no_lead_is_passed_over_when_pages_shift(house: Emulator, client: Client) -> None:
    """One is deleted behind the first page: by offsets alone, another one would be on no page."""
    made = []
    for number in range(6):
        made.append(first.new_lead(house.world, f"Lead {number}")["id"])
        house.world.clock.forward(1)
    leads = resource_of(Lead)
    assert leads.list is not None
    pages = client.pages(replace(leads, list=replace(leads.list, paging=ByStart(size=2))), None)
    seen = {one.remote_id for one in next(pages).observations}
    del house.world.table("leads")[made[0]]
    seen |= {one.remote_id for page in pages for one in page.observations}

    assert seen == set(made)
