"""The product over real servers: linked, read, written to, deleted behind our back, locked out, down and back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from demo.servers import HelpDesk, Roundup, Server
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.people import Person
from unified_api.link import linking
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, job, journal, steer, tasks, write
from unified_api.sync.models import Job, Stream, Write, WriteState


@dataclass
class Product:
    """Isthmus, linked to one real server, with this test as its only worker."""

    server: Server
    slug: str
    account: LinkedAccount

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def read_everything(self) -> Stream:
        """Have the tickets read from the start, and see how that went."""
        with transaction.atomic():
            stream = steer.read_everything(self.stream().id)
            Job.objects.exclude(reference=stream.id).delete()
        self.work()
        return self.stream()

    def stream(self) -> Stream:
        """The stream of tickets."""
        with transaction.atomic():
            found: Stream = Stream.objects.get(model="ticketing.Ticket")
        return found

    def write(self, operation: str, record: uuid.UUID | None = None, **wanted: Any) -> Write:
        """Write as the API does."""
        intent = journal.Intent(self.account, Ticket, operation, wanted=wanted, record_id=record)
        entered, lease = journal.enter_and_claim(intent)
        return write.perform(entered, lease, self.account, patient=False)

    def ticket(self, remote_id: str | None) -> Ticket:
        """The mirrored ticket."""
        with transaction.atomic():
            found: Ticket = Ticket.objects.get(id=record_id(self.account.id, Ticket, remote_id or ""))
        return found


@pytest.fixture(params=["roundup", "django-helpdesk"])
def product(
    request: pytest.FixtureRequest,
    alice: Person,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Product]:
    """Each server in its turn, linked with its right password and read once."""
    fixture = {"roundup": "roundup", "django-helpdesk": "help_desk"}[request.param]
    server: Roundup | HelpDesk = request.getfixturevalue(fixture)
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    with scope(alice.tenant_id):
        values = {**server.settings, **server.secrets}
        linked = linking.link(linking.Request(request.param, "customer-1", values))
        product = Product(server, request.param, linked.account)
        product.work()
        yield product


def _remove_directly(product: Product, remote_id: str) -> None:
    """Delete a ticket by the server's own API."""
    path = {"roundup": "issue/{}", "django-helpdesk": "tickets/{}/"}[product.slug]
    product.server.rest("DELETE", path.format(remote_id))  # type: ignore[attr-defined]


def test_a_ticket_is_made_changed_and_deleted_through_the_product(product: Product) -> None:
    """Each write reaches the server and is mirrored from its answer."""
    made = product.write("create", name="Printer on fire", description="Third floor", status="OPEN")
    assert made.state == WriteState.DONE, made.error
    assert product.ticket(made.remote_id).description == "Third floor"

    changed = product.write("update", made.record_id, status="CLOSED", priority="URGENT")
    assert changed.state == WriteState.DONE, changed.error
    assert (product.ticket(made.remote_id).status, product.ticket(made.remote_id).priority) == (
        "CLOSED",
        "URGENT",
    )

    deleted = product.write("delete", made.record_id)

    assert deleted.state == WriteState.DONE, deleted.error
    assert product.ticket(made.remote_id).remote_was_deleted


def test_a_deletion_at_the_server_is_seen_by_the_next_sweep(product: Product) -> None:
    """What is gone from the complete list, and by its id, is marked; what is there is not."""
    kept = product.write("create", name="kept", description="x")
    gone = product.write("create", name="gone", description="x")
    _remove_directly(product, gone.remote_id or "")

    assert product.read_everything().status == "DONE"
    assert product.ticket(gone.remote_id).remote_was_deleted
    assert not product.ticket(kept.remote_id).remote_was_deleted


def test_a_wrong_password_refuses_the_link(product: Product) -> None:
    """Nothing is stored before the server has accepted the credential."""
    values = {**product.server.settings, "password": "not the password"}
    with pytest.raises(linking.LinkRefused, match=r"Check user name"):
        linking.link(linking.Request(product.slug, "customer-2", values))

    with transaction.atomic():
        assert LinkedAccount.objects.count() == 1


def test_a_password_that_stops_working_asks_for_a_relink_which_goes_on(product: Product) -> None:
    """A 401 pauses the account; linking again with the right password reads on under the same id."""
    from tenants.vault import Secret

    with transaction.atomic():
        product.account.store_credential({"password": Secret("changed meanwhile")})
        product.account.save()
    assert product.read_everything().status == "FAILED"
    with transaction.atomic():
        product.account.refresh_from_db()
    assert product.account.status == "RELINK_NEEDED"

    values = {**product.server.settings, **product.server.secrets}
    again = linking.link(linking.Request(product.slug, "customer-1", values))
    product.work()

    assert (again.relinked, again.account.id) == (True, product.account.id)
    assert again.account.status == "COMPLETE"
    assert product.stream().status == "DONE"


def test_a_server_that_is_down_fails_the_run_and_one_that_is_back_completes_it(product: Product) -> None:
    """An outage neither removes records nor unlinks the account, and a write meanwhile changes nothing."""
    made = product.write("create", name="before the outage", description="x")
    product.server.kill()
    assert product.read_everything().status == "FAILED"
    refused = product.write("create", name="during the outage", description="x")
    assert refused.state == WriteState.NOT_APPLIED
    assert not product.ticket(made.remote_id).remote_was_deleted

    product.server.start()
    with transaction.atomic():
        Job.objects.filter(reference=product.stream().id).update(due_at=clock.now())
    product.work()

    assert product.stream().status == "DONE"
    with transaction.atomic():
        assert not Ticket.objects.filter(name="during the outage").exists()
