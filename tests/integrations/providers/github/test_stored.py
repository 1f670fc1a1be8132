"""GitHub in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github.issues import new_comment
from tests.emulators.world import World
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.base import record_id
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture

MODELS = (Collection, Comment, Tag, Team, Ticket, User)


def _fill(world: World) -> None:
    for title in ("Printer", "Scanner", "Copier", "Pull"):
        made = desk.ghost(world, title, pull=title == "Pull")
        new_comment(world, made, 583231, "It burns.")


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """A repository with three issues, a pull request, and something said on each, linked and read once."""

    def values(hub: Emulator) -> dict[str, str]:
        named = {"owner": desk.OWNER, "repository": desk.NAME, "token": desk.TOKENS["admin"]}
        return {"base_url": hub.url, **named}

    with mirroring(alice, desk.vendor, "github", fill=_fill, values=values) as made:
        yield made


def test_without_a_feed_of_deletions_a_complete_read_finds_them(product: Product) -> None:
    """Deleted and transferred issues are marked; what was only hidden from the credential is not."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    world = product.remote.world
    desk.delete(world, 1)
    desk.transfer(world, 2)
    world.clock.forward(60)
    product.read(Ticket, full=True)
    marked = product.gone()
    for user in world.rows("user"):
        user["role"] = "none"
    stream, _ = product.read(Ticket, full=True)

    assert counts == {"Collection": 1, "Comment": 3, "Tag": 2, "Team": 1, "Ticket": 3, "User": 3}
    assert marked == {"Printer": True, "Scanner": True, "Copier": False}
    assert product.gone() == marked
    assert (stream.status, "Forbidden" in str(stream.error)) == ("FAILED", True)


def test_a_ticket_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By its title among the newest issues; labels that would be dropped are refused, and named."""
    world = product.remote.world
    made = product.write("create", name="Plotter", description="It leaks.", tags=["bug"])
    changed = product.write("update", made.record_id, status="CLOSED")
    product.remote.faults.lose("POST */issues")
    lost = product.write("create", name="Fax")
    world.clock.forward(60)
    settled = product.later(lost, settle.STILL_UNDER_WAY + 61)
    world.get("user", 583231)["role"] = "read"
    refused = product.write("update", made.record_id, tags=["question"])

    assert (made.state, changed.state, lost.state) == (WriteState.DONE, WriteState.DONE, WriteState.UNCERTAIN)
    assert (settled.state, settled.record_id) == (
        WriteState.DONE,
        record_id(product.account.id, Ticket, str(desk.at(world, 6)["number"])),
    )
    assert [one["title"] for one in world.rows("issue")].count("Fax") == 1
    assert refused.state == WriteState.REJECTED
    assert [one["source"]["pointer"] for one in refused.problems] == ["model/tags"]
