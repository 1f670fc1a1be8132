"""GitHub in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github.issues import new_comment
from tests.emulators.world import Clock
from tests.people import Person
from unified_api.link import linking
from unified_api.models.base import CommonModel, record_id
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User
from unified_api.sync import clock, job, journal, settle, steer, tasks, write
from unified_api.sync.models import Job, Stream, Write, WriteState

MODELS = (Collection, Comment, Tag, Team, Ticket, User)


@dataclass
class Product:
    """Isthmus, linked to the repository."""

    hub: Emulator
    account: LinkedAccount

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def read_everything(self, model: type[CommonModel]) -> Stream:
        """Have a model read from the start; how its stream stands then."""
        with transaction.atomic():
            stream = steer.read_everything(self.stream(model).id)
        self.work()
        with transaction.atomic():
            stream.refresh_from_db()
        return stream

    def stream(self, model: type[CommonModel]) -> Stream:
        """The stream of a model."""
        found: Stream = Stream.objects.get(model=f"ticketing.{model.__name__}")
        return found

    def write(self, operation: str, record: Any = None, **wanted: Any) -> Write:
        """Write a ticket as the API does."""
        intent = journal.Intent(self.account, Ticket, operation, wanted=wanted, record_id=record)
        entered, lease = journal.enter_and_claim(intent)
        return write.perform(entered, lease, self.account, patient=False)

    def later(self, entered: Write, seconds: float) -> Write:
        """The same write that many seconds later, when a worker has looked after it."""
        with transaction.atomic():
            Write.objects.filter(id=entered.id).update(sent_at=clock.now() - dt.timedelta(seconds=seconds))
            Job.objects.filter(reference=entered.id).update(due_at=clock.now(), leased_until=None)
        self.work()
        with transaction.atomic():
            found: Write = Write.objects.get(id=entered.id)
        return found

    def gone(self) -> dict[str, bool]:
        """Of the tickets that are mirrored, whether they are marked as deleted, by title."""
        with transaction.atomic():
            told = Ticket.objects.filter(is_shell=False).values_list("name", "remote_was_deleted")
            return dict(told)

    def count(self, model: type[CommonModel]) -> int:
        """How many records are mirrored."""
        with transaction.atomic():
            return int(model._default_manager.filter(is_shell=False).count())


@pytest.fixture
def product(alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """A repository with three issues, a pull request, and something said on each, linked and read once."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setattr(job, "wake", lambda *_arguments: None)
    began = clock.now() - dt.timedelta(hours=2)
    with emulating(desk.vendor, Clock(began)) as hub, scope(alice.tenant_id):
        for title in ("Printer", "Scanner", "Copier", "Pull"):
            made = desk.ghost(hub.world, title, pull=title == "Pull")
            new_comment(hub.world, made, 583231, "It burns.")
        hub.world.clock.forward(600)
        values = {
            "base_url": hub.url,
            "owner": desk.OWNER,
            "repository": desk.NAME,
            "token": desk.TOKENS["admin"],
        }
        linked = linking.link(linking.Request("github", "customer-1", values))
        product = Product(hub, linked.account)
        product.work()
        yield product


def test_without_a_feed_of_deletions_a_complete_read_finds_them(product: Product) -> None:
    """Deleted and transferred issues are marked; what was only hidden from the credential is not."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    world = product.hub.world
    desk.delete(world, 1)
    desk.transfer(world, 2)
    world.clock.forward(60)
    product.read_everything(Ticket)
    marked = product.gone()
    for user in world.rows("user"):
        user["role"] = "none"
    stream = product.read_everything(Ticket)

    assert counts == {"Collection": 1, "Comment": 3, "Tag": 2, "Team": 1, "Ticket": 3, "User": 3}
    assert marked == {"Printer": True, "Scanner": True, "Copier": False}
    assert product.gone() == marked
    assert (stream.status, "Forbidden" in str(stream.error)) == ("FAILED", True)


def test_a_ticket_is_written_and_a_lost_create_is_found(product: Product) -> None:
    """By its title among the newest issues; labels that would be dropped are refused, and named."""
    world = product.hub.world
    made = product.write("create", name="Plotter", description="It leaks.", tags=["bug"])
    changed = product.write("update", made.record_id, status="CLOSED")
    product.hub.faults.lose("POST */issues")
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
