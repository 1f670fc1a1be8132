"""Zendesk in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import ticket, vendor
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import World
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.ticketing import Account, Attachment, Comment, Contact, Tag, Team, Ticket, User
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture

MODELS = (Account, Attachment, Comment, Contact, Tag, Team, Ticket, User)


def _fill(world: World) -> None:
    for subject in ("Printer", "Scanner"):
        told = {"subject": subject, "comment": {"body": "It burns."}, "tags": ["vip"]}
        ticket.change_ticket(world, ticket.add_ticket(world, told), comment={"body": "Still."})


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """A desk with two tickets, linked and read once."""

    def values(desk: Emulator) -> dict[str, str]:
        return {"base_url": desk.url, "email": EMAIL, "api_token": TOKEN, "exports_per_minute": "6000"}

    with mirroring(alice, vendor, "zendesk", fill=_fill, values=values) as made:
        yield made


def test_a_desk_is_mirrored_and_what_it_lists_as_deleted_is_marked(product: Product) -> None:
    """All models arrive; a deleted ticket is known as such by the next run for changes, without a read by id."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    printer = product.remote.world.rows("ticket")[0]
    ticket.delete(product.remote.world, printer)
    product.remote.world.clock.forward(60)
    _, run = product.read(Ticket)

    assert counts == {
        "Account": 1,
        "Attachment": 0,
        "Comment": 2,
        "Contact": 1,
        "Tag": 1,
        "Team": 1,
        "Ticket": 2,
        "User": 2,
    }
    assert (run.mode, run.removed) == ("changes", 1)
    assert product.ticket(printer["id"]).remote_was_deleted
    assert product.remote.asked("GET", f"{API}/tickets/{printer['id']}") == []


def test_a_ticket_is_written_and_a_lost_create_is_settled_by_its_mark(product: Product) -> None:
    """Though the search does not show it, and another one with the same name came at the same time."""
    world = product.remote.world
    made = product.write("create", name="Plotter", description="It leaks.", priority="LOW")
    world.clock.forward(60)
    changed = product.write("update", made.record_id, status="ON_HOLD")
    product.remote.faults.lose(f"POST {API}/tickets")
    lost = product.write("create", name="Fax", description="It hums.")
    ticket.add_ticket(world, {"subject": "Fax", "comment": {"body": "It hums, too."}})
    world.clock.forward(60)
    settled = product.later(lost, settle.STILL_UNDER_WAY + 61)
    fax = next(one for one in world.rows("ticket") if one["description"] == "It hums.")

    assert (made.state, changed.state, lost.state) == (WriteState.DONE, WriteState.DONE, WriteState.UNCERTAIN)
    shown = product.ticket(made.remote_id)
    assert (shown.status, shown.priority, shown.description) == ("ON_HOLD", "LOW", "It leaks.")
    assert (settled.state, settled.remote_id) == (WriteState.DONE, str(fax["id"]))
    assert len(world.rows("ticket")) == 5
