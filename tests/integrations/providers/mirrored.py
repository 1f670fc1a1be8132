"""An emulated system in the product: linked, mirrored and written to, with the test as the only worker."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendor import Vendor
from tests.emulators.world import Clock, World
from tests.people import Person
from unified_api.link import linking
from unified_api.models.base import CommonModel, model_id, record_id
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, job, journal, steer, tasks, write
from unified_api.sync.models import Job, Run, Stream, Write


@dataclass
class Product:
    """Isthmus, linked to an emulated system. model: of what is written."""

    remote: Emulator
    account: LinkedAccount
    model: type[CommonModel] = Ticket

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def read(self, model: type[CommonModel], *, full: bool = False) -> tuple[Stream, Run]:
        """Have a model read, as far as it changed or from the start: how its stream stands then, and how that went."""
        with transaction.atomic():
            stream_id = Stream.objects.get(model=model_id(model)).id
            (steer.read_everything if full else steer.read_now)(stream_id)
        self.work()
        with transaction.atomic():
            runs = Run.objects.filter(stream_id=stream_id)
            return Stream.objects.get(id=stream_id), runs.latest("started")

    def write(self, operation: str, record: Any = None, **wanted: Any) -> Write:
        """Write as the API does."""
        intent = journal.Intent(self.account, self.model, operation, wanted=wanted, record_id=record)
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
        """A mirrored ticket."""
        found: Ticket = self.record(Ticket, remote_id)
        return found

    def record(self, model: type[CommonModel], remote_id: Any) -> Any:
        """A mirrored record."""
        with transaction.atomic():
            return model._default_manager.get(id=record_id(self.account.id, model, str(remote_id)))

    def gone(self) -> dict[str, bool]:
        """Of the tickets that are mirrored, whether they are marked as deleted, by title."""
        with transaction.atomic():
            told = Ticket.objects.filter(is_shell=False).values_list("name", "remote_was_deleted")
            return dict(told)

    def count(self, model: type[CommonModel]) -> int:
        """How many records are mirrored."""
        with transaction.atomic():
            return int(model._default_manager.filter(is_shell=False).count())


@contextmanager
def mirroring(
    person: Person,
    vendor: Vendor,
    slug: str,
    *,
    fill: Callable[[World], None],
    values: Callable[[Emulator], Mapping[str, str]],
    model: type[CommonModel] = Ticket,
) -> Iterator[Product]:
    """An account of a person's tenant at an emulated system, read once. fill: what is there; values: what links it."""
    began = clock.now() - dt.timedelta(hours=2)
    with emulating(vendor, Clock(began)) as remote, scope(person.tenant_id):
        fill(remote.world)
        remote.world.clock.forward(600)
        linked = linking.link(linking.Request(slug, "customer-1", dict(values(remote))))
        product = Product(remote, linked.account, model)
        product.work()
        yield product


@pytest.fixture
def unhurried(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback may be called, as often as one likes, and nobody else is woken."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setattr(job, "wake", lambda *_arguments: None)
