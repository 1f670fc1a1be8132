"""Mailchimp in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors.mailchimp import KEY, LIST, members, vendor
from tests.emulators.world import World
from tests.integrations.providers.mailchimp.account import MEMBERS, addressed
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.crm import Contact
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture


def _fill(world: World) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        members.add(world, f"{name.lower()}@acme.example", FNAME=name)


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """An audience of three, linked and read once."""

    def values(audience: Emulator) -> dict[str, str]:
        return {"base_url": audience.url, "list_id": LIST, "api_key": KEY}

    with mirroring(alice, vendor, "mailchimp", fill=_fill, values=values, model=Contact) as made:
        yield made


def test_an_audience_is_mirrored_and_another_address_makes_no_second_contact(product: Product) -> None:
    """An edit is read as such; who is archived goes with what changed, who is deleted for good with all."""
    world = product.remote.world
    ada, ben, cleo = world.rows("member")
    members.change(world, ada, email_address="augusta@acme.example", merge_fields={"FNAME": "Augusta"})
    members.archive(world, ben)
    _, changes = product.read(Contact)
    seen = product.record(Contact, ada["contact_id"])
    archived = product.record(Contact, ben["contact_id"]).remote_was_deleted
    members.forget(world, cleo)
    product.read(Contact, full=True)

    assert (changes.mode, product.count(Contact)) == ("changes", 3)
    assert (seen.first_name, seen.email_key, seen.remote_was_deleted) == (
        "Augusta",
        "augusta@acme.example",
        False,
    )
    assert (archived, product.record(Contact, cleo["contact_id"]).remote_was_deleted) == (True, True)


def test_a_contact_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By its address among those who changed last; nobody is there twice."""
    world = product.remote.world
    made = product.write("create", first_name="Eve", email_addresses=addressed("eve@acme.example"))
    changed = product.write("update", made.record_id, email_addresses=addressed("eva@acme.example"))
    product.remote.faults.lose(f"POST {MEMBERS}")
    lost = product.write("create", email_addresses=addressed("fay@acme.example"))
    settled = product.later(lost, settle.STILL_UNDER_WAY + 1)

    assert (made.state, changed.state, lost.state) == (WriteState.DONE, WriteState.DONE, WriteState.UNCERTAIN)
    assert product.record(Contact, made.remote_id).email_key == "eva@acme.example"
    assert (settled.state, settled.remote_id) == (WriteState.DONE, world.rows("member")[-1]["contact_id"])
    assert len(world.rows("member")) == 5
