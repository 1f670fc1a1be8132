"""Zendesk in the product: its emulator linked, mirrored and written to, with this test as the only worker."""

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
from tests.emulators.vendors.zendesk import ticket, vendor
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Clock
from tests.people import Person
from unified_api.link import linking
from unified_api.models.base import CommonModel, record_id
from unified_api.models.ticketing import Account, Attachment, Comment, Contact, Tag, Team, Ticket, User
from unified_api.sync import clock, job, journal, settle, steer, tasks, write
from unified_api.sync.models import Job, Run, Stream, Write, WriteState

MODELS = (Account, Attachment, Comment, Contact, Tag, Team, Ticket, User)


@dataclass
class Product:
    """Isthmus, linked to the desk."""

    desk: Emulator
    account: LinkedAccount

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def read_changes(self) -> Run:
        """Have the tickets read, as far as they changed; how that went."""
        with transaction.atomic():
            stream = steer.read_now(Stream.objects.get(model="ticketing.Ticket").id)
        self.work()
        with transaction.atomic():
            found: Run = Run.objects.filter(stream_id=stream.id).latest("started")
        return found

    def write(self, operation: str, record: Any = None, **wanted: Any) -> Write:
        """Write as the API does."""
        intent = journal.Intent(self.account, Ticket, operation, wanted=wanted, record_id=record)
        entered, lease = journal.enter_and_claim(intent)
        return write.perform(entered, lease, self.account, patient=False)

    def later(self, entered: Write, seconds: float) -> Write:
        """The same write that many seconds later, when a worker has looked after it."""
        with transaction.atomic():
            sent = clock.now() - dt.timedelta(seconds=seconds)
            Write.objects.filter(id=entered.id).update(sent_at=sent)
            Job.objects.filter(reference=entered.id).update(due_at=clock.now(), leased_until=None)
        self.work()
        with transaction.atomic():
            found: Write = Write.objects.get(id=entered.id)
        return found

    def ticket(self, remote_id: Any) -> Ticket:
        """The mirrored ticket."""
        with transaction.atomic():
            found: Ticket = Ticket.objects.get(id=record_id(self.account.id, Ticket, str(remote_id)))
        return found

    def count(self, model: type[CommonModel]) -> int:
        """How many records are mirrored."""
        with transaction.atomic():
            return int(model._default_manager.filter(is_shell=False).count())


@pytest.fixture
def product(alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """A desk with two tickets, one with a file, linked and read once."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setattr(job, "wake", lambda *_arguments: None)
    began = clock.now() - dt.timedelta(hours=2)
    with emulating(vendor, Clock(began)) as desk, scope(alice.tenant_id):
        for subject in ("Printer", "Scanner"):
            ticket.add_ticket(
                desk.world, {"subject": subject, "comment": {"body": "It burns."}, "tags": ["vip"]}
            )
        desk.world.clock.forward(600)
        values = {"base_url": desk.url, "email": EMAIL, "api_token": TOKEN}
        linked = linking.link(linking.Request("zendesk", "customer-1", values))
        product = Product(desk, linked.account)
        product.work()
        yield product


def test_a_desk_is_mirrored_and_what_it_lists_as_deleted_is_marked(product: Product) -> None:
    """All models arrive; a deleted ticket is known as such by the next run for changes, without a read by id."""
    counts = {model.__name__: product.count(model) for model in MODELS}
    printer = product.desk.world.rows("ticket")[0]
    ticket.delete(product.desk.world, printer)
    product.desk.world.clock.forward(60)
    run = product.read_changes()

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
    assert product.desk.asked("GET", f"{API}/tickets/{printer['id']}") == []


def test_a_ticket_is_written_and_a_lost_create_is_settled_by_its_mark(product: Product) -> None:
    """Though the search does not show it, and another one with the same name came at the same time."""
    world = product.desk.world
    made = product.write("create", name="Plotter", description="It leaks.", priority="LOW")
    world.clock.forward(60)
    changed = product.write("update", made.record_id, status="ON_HOLD")
    product.desk.faults.lose(f"POST {API}/tickets")
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
