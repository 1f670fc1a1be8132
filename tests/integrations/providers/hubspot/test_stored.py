"""HubSpot in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import TOKEN, links, objects, searching, vendor
from tests.emulators.vendors.hubspot.common import API, VESSELS
from tests.emulators.world import World
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.base import CommonModel, record_id
from unified_api.models.crm import (
    Account,
    Association,
    AssociationType,
    Contact,
    CustomObject,
    CustomObjectClass,
    Engagement,
    EngagementType,
    Lead,
    Note,
    Opportunity,
    Stage,
    Task,
    User,
)
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture

MODELS = (
    *(Account, Contact, Engagement, EngagementType, Lead, Note, Opportunity, Stage, Task, User),
    *(CustomObjectClass, CustomObject, AssociationType, Association),
)


def _fill(world: World) -> None:
    acme = objects.new(world, "companies", name="Acme")
    for name in ("Ada", "Ben", "Cleo"):
        made = objects.new(world, "contacts", firstname=name, email=f"{name.lower()}@acme.example")
        links.associate(world, "contacts", made["id"], "companies", acme["id"], [])
    lead = objects.new(world, "leads", hs_lead_name="Ada")
    links.associate(world, "leads", lead["id"], "contacts", world.rows("contacts")[0]["id"], [])
    objects.new(world, "notes", hs_note_body="She called.", hs_timestamp="2026-01-31T09:00:00Z")
    objects.new(world, "meetings", hs_meeting_title="Demo", hs_timestamp="2026-01-31T09:00:00Z")
    objects.new(world, "deals", dealname="Ten printers", dealstage="closedwon", amount="1500")
    vessel = objects.new(world, VESSELS, call_sign="DK1")
    links.associate(world, VESSELS, vessel["id"], "companies", acme["id"], [])


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """A portal with a company, three contacts and a deal, linked and read once."""

    def values(portal: Emulator) -> dict[str, str]:
        return {"base_url": portal.url, "private_app_token": TOKEN}

    with mirroring(alice, vendor, "hubspot", fill=_fill, values=values, model=Contact) as made:
        yield made


def test_a_portal_is_mirrored_by_what_changed_and_a_complete_read_finds_what_is_archived(
    product: Product,
) -> None:
    """All models arrive; an edit by the search, an archived contact and a merged one by the complete list."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    world = product.remote.world
    ada, ben, cleo = world.rows("contacts")
    objects.edit(world, "contacts", ada, firstname="Augusta")
    objects.archive(world, "contacts", ben)
    objects.merge(world, "contacts", ada, cleo)
    world.clock.forward(searching.LAG)
    _, changes = product.read(Contact)
    seen = product.record(Contact, ada["id"])
    product.read(Contact, full=True)
    gone = [product.record(Contact, one["id"]).remote_was_deleted for one in (ada, ben, cleo)]

    assert [counts[model.__name__] for model in MODELS] == [1, 3, 1, 2, 1, 1, 1, 6, 0, 3, 4, 1, 4, 1]
    assert (changes.mode, changes.changed) == ("changes", 1)
    assert (seen.first_name, seen.account) == (
        "Augusta",
        record_id(product.account.id, Account, world.rows("companies")[0]["id"]),
    )
    assert gone == [False, True, True]


def test_a_contact_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By its address among the newest, once the search shows it."""
    world = product.remote.world
    made = product.write("create", first_name="Eve", email_addresses=[{"email_address": "eve@acme.example"}])
    changed = product.write("update", made.record_id, last_name="Stone")
    product.remote.faults.lose(f"POST {API}/contacts")
    lost = product.write("create", first_name="Fay", email_addresses=[{"email_address": "fay@acme.example"}])
    world.clock.forward(60)
    settled = product.later(lost, settle.STILL_UNDER_WAY + 61)

    assert (made.state, changed.state, lost.state) == (WriteState.DONE, WriteState.DONE, WriteState.UNCERTAIN)
    assert product.record(Contact, made.remote_id).last_name == "Stone"
    assert (settled.state, settled.remote_id) == (WriteState.DONE, world.rows("contacts")[-1]["id"])
    assert len(world.rows("contacts")) == 5


def test_a_custom_object_is_made_below_its_class_and_associated_with_a_contact(product: Product) -> None:
    """By our ids for the class, the type and the contact. An association that ends is gone by the next reading."""
    world, account = product.remote.world, product.account

    def ours(model: type[CommonModel], remote_id: str) -> UUID:
        return record_id(account.id, model, remote_id)

    ada, wanted = world.rows("contacts")[0], {"call_sign": "GB7", "berths": 12}
    vessels, types, associations = (
        replace(product, model=model) for model in (CustomObject, AssociationType, Association)
    )
    of_class, people = ours(CustomObjectClass, "2-3456"), {"id": str(ours(CustomObjectClass, "0-1"))}
    made = vessels.write("create", object_class=of_class, fields=wanted)
    names = {"remote_key_name": "captain", "display_name": "Captain"}
    type_ = types.write("create", source_class=of_class, target_object_classes=[people], **names)
    ends = {"source_object": made.record_id, "target_object": ours(Contact, ada["id"])}
    kind = {"target_model": "crm.Contact", "association_type": type_.record_id}
    put = associations.write("create", **ends, **kind)
    there = product.record(Association, put.remote_id)
    world.table("link").clear()
    product.read(Association)

    assert {one.state for one in (made, type_, put)} == {WriteState.DONE}
    assert product.record(CustomObject, made.remote_id).fields.items() >= wanted.items()
    assert (there.source_object, there.target_object) == (ends["source_object"], ends["target_object"])
    assert product.record(Association, put.remote_id).remote_was_deleted


def test_a_contact_whose_company_is_archived_is_not_gone(product: Product) -> None:
    """The association answers 404: it is refused, and what the call before it changed is read back."""
    world = product.remote.world
    ada = world.rows("contacts")[0]
    globex = objects.new(world, "companies", name="Globex")
    world.clock.forward(searching.LAG)
    product.read(Account)
    objects.archive(world, "companies", globex)
    told = record_id(product.account.id, Account, globex["id"])
    refused = product.write(
        "update", record_id(product.account.id, Contact, ada["id"]), first_name="Augusta", account=told
    )
    seen = product.record(Contact, ada["id"])

    assert (refused.state, refused.problems[0]["problem_type"]) == (WriteState.REJECTED, "PROVIDER_ERROR")
    assert "associations/companies" in (refused.error or "")
    assert (seen.remote_was_deleted, seen.first_name) == (False, "Augusta")
