"""Salesforce in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce import TOKEN, acts, vendor
from tests.emulators.vendors.salesforce.common import API
from tests.emulators.world import World
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.base import record_id
from unified_api.models.crm import Account, Contact, Lead, Opportunity, Stage, User
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture

MODELS = (Account, Contact, Lead, Opportunity, Stage, User)


def _fill(world: World) -> None:
    acme = acts.new(world, "Account", Name="Acme")
    acts.new(world, "Contact", LastName="Reed", AccountId=acme["id"])
    for name in ("Ames", "Baker", "Cole"):
        acts.new(world, "Lead", LastName=name, Company="Acme")


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """An organization with three leads, linked and read once."""

    def values(org: Emulator) -> dict[str, str]:
        return {"base_url": org.url, "access_token": TOKEN}

    with mirroring(alice, vendor, "salesforce", fill=_fill, values=values, model=Lead) as made:
        yield made


def test_an_organization_is_mirrored_by_what_changed_also_what_is_gone(product: Product) -> None:
    """All models arrive; the next reading has the edit, the conversion, the delete and the merge, and nothing else."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    world = product.remote.world
    ames, baker, cole = world.rows("Lead")
    world.clock.forward(3600)
    acts.edit(world, "Lead", ames, FirstName="Ada")
    made = acts.convert(world, ames, "Ten printers")
    dan = acts.new(world, "Lead", LastName="Dan", Company="Acme")
    acts.delete(world, "Lead", baker)
    acts.merge(world, "Lead", ames, cole)
    world.clock.forward(60)
    _, changes = product.read(Lead)
    seen = product.record(Lead, ames["id"])
    gone = [product.record(Lead, one["id"]).remote_was_deleted for one in (ames, baker, cole, dan)]

    assert [counts[model.__name__] for model in MODELS] == [1, 1, 3, 0, 4, 3]
    assert changes.mode == "changes"
    assert (seen.first_name, seen.status) == ("Ada", "QUALIFIED")
    assert seen.converted_contact == record_id(product.account.id, Contact, made["Contact"]["id"])
    assert gone == [False, True, True, False]


def test_a_lead_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By who it is, among the newest of that name."""
    world = product.remote.world
    made = product.write("create", last_name="Stone", company="Acme")
    product.remote.faults.lose(f"POST {API}/sobjects/Lead")
    lost = product.write("create", last_name="O'Hara", company="Acme")
    settled = product.later(lost, settle.STILL_UNDER_WAY + 61)

    assert (made.state, lost.state) == (WriteState.DONE, WriteState.UNCERTAIN)
    assert product.record(Lead, made.remote_id).last_name == "Stone"
    assert (settled.state, settled.remote_id) == (WriteState.DONE, world.rows("Lead")[-1]["id"])
    assert len(world.rows("Lead")) == 5
