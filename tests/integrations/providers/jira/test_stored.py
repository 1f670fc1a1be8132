"""Jira in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira.issues import drop, new_issue
from tests.emulators.vendors.jira.said import document, say
from tests.emulators.world import World
from tests.integrations.providers.mirrored import Product, mirroring, unhurried
from tests.people import Person
from unified_api.models.base import record_id
from unified_api.models.ticketing import Collection, Comment, Tag, Ticket, User
from unified_api.sync import settle
from unified_api.sync.models import WriteState

__all__ = ["unhurried"]  # a fixture


def _fill(world: World) -> None:
    for title in ("Printer", "Scanner", "Copier", "Fax"):
        home = jira.DEV if title == "Fax" else jira.HELP
        made = new_issue(world, home, summary=title, labels=["office"], assignee=jira.GRACE)
        say(world, made, document("It burns."), jira.ADA)


@pytest.fixture
def product(alice: Person, unhurried: None) -> Iterator[Product]:
    """A site with four issues, and something said on each, linked and read once."""

    def values(site: Emulator) -> dict[str, str]:
        return {"base_url": site.url, "email": jira.EMAIL, "api_token": jira.TOKEN}

    with mirroring(alice, jira.vendor, "jira", fill=_fill, values=values) as made:
        yield made


def test_issues_that_go_in_bulk_are_found_by_a_complete_read(product: Product) -> None:
    """Nobody tells of them; what is only hidden with its project is asked for by id, and nothing else is marked."""
    counts = {model.__name__: product.count(model) for model in (Collection, Comment, Tag, Ticket, User)}
    world = product.remote.world
    for one in world.rows("issue")[:2]:
        drop(world, one, silent=True)
    world.clock.forward(60)
    product.read(Ticket)
    early = product.gone()
    product.read(Ticket, full=True)

    assert counts == {"Collection": 2, "Comment": 4, "Tag": 1, "Ticket": 4, "User": 4}
    assert not any(early.values())
    assert product.gone() == {"Printer": True, "Scanner": True, "Copier": False, "Fax": False}


def test_a_ticket_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By its name among the newest of the account's own; a status without a transition is refused, and named."""
    world = product.remote.world
    help_desk, dev = ([str(record_id(product.account.id, Collection, one))] for one in (jira.HELP, jira.DEV))
    made = product.write("create", name="Plotter", collections=dev, ticket_type="Bug", tags=["new"])
    refused = product.write("update", made.record_id, status="CLOSED")
    moved = product.write("update", made.record_id, status="IN_PROGRESS")
    product.remote.faults.lose("POST */issue")
    lost = product.write("create", name="Stapler", collections=help_desk, ticket_type="Task")
    world.clock.forward(120)
    settled = product.later(lost, settle.STILL_UNDER_WAY + 61)
    stapler = next(one for one in world.rows("issue") if one["summary"] == "Stapler")

    assert (made.state, moved.state, lost.state) == (WriteState.DONE, WriteState.DONE, WriteState.UNCERTAIN)
    assert refused.state == WriteState.REJECTED
    assert [one["source"]["pointer"] for one in refused.problems] == ["model/status"]
    assert (settled.state, settled.record_id) == (
        WriteState.DONE,
        record_id(product.account.id, Ticket, stapler["id"]),
    )
    assert [one["summary"] for one in world.rows("issue")].count("Stapler") == 1


def test_what_the_search_shows_late_overwrites_nothing_newer(product: Product) -> None:
    """Its index is minutes behind our own write, and the mirror stays as the write left it."""
    world = product.remote.world
    (one,) = (one for one in world.rows("issue") if one["summary"] == "Printer")
    world.lags["issue"] = 300
    world.remember()
    world.clock.forward(1)
    product.write("update", record_id(product.account.id, Ticket, one["id"]), name="Printer, mended")
    product.read(Ticket)
    product.read(Ticket, full=True)

    assert product.ticket(one["id"]).name == "Printer, mended"
