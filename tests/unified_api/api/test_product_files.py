"""A product that pushes the addresses of its files, and a bridge that copies what is there to a help desk."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tenants.models import LinkedAccount
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api import registry
from unified_api.sync.bridge import setup
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models_bridge import Pair

FIELDS = {"ticketing.Ticket": ("name", "status"), "ticketing.Attachment": ("file_name", "ticket")}


@dataclass
class Files:
    """A product with a ticket, and the desk to which its files go; `store` is where its files are."""

    product: Product
    other: Linked
    desk: stub.Desk
    store: stub.Desk
    bridges: list[uuid.UUID]

    def push(self, name: str, address: str) -> None:
        """Push a file of the ticket by its address."""
        told = {"file_name": name, "ticket": {"remote_id": "1"}, "file_url": address}
        assert self.product.push("ticketing.Attachment", name, told).status_code == 201

    def round(self) -> None:
        """Read the desk and settle both bridges."""
        for bridge_id in self.bridges:
            turn = Round(self.other.person.tenant_id, bridge_id, patience=60, sleep=lambda _: None)
            turn.read(lambda: None)
            assert turn.settle()

    def problems(self) -> list[tuple[str, str]]:
        """Kinds and reasons of what keeps files from the desk."""
        with self.other.person.at_work():
            pairs = list(Pair.objects.filter(bridge_id=self.bridges[1]))
        return [(one["kind"], one["reason"]) for pair in pairs for one in pair.problems]


@pytest.fixture
def files(alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Alice's product, bridged with a desk that takes files."""
    known = replace(stub.PROVIDER, resources=(*stub.PROVIDER.resources, stub.FILES))
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, known)
    product, other, made = product_of(alice, link, "ticketing"), link(alice), []
    with alice.at_work():
        for model, fields in FIELDS.items():
            content = "copy" if model.endswith("Attachment") else None
            wish = setup.Wish(
                product.linked.account,
                other.account,
                model,
                mode="live",
                winner="a",
                fields=fields,
                content=content,
                creates=("b",),
                follows="ticketing.Ticket" if content else None,
                beside=tuple(FIELDS),
            )
            made.append(setup.create(wish).id)
    product.push("ticketing.Ticket", "1", {"name": "Printer", "status": "OPEN"})
    with stub.running() as store:
        yield Files(product, other, desk, store, made)


def test_a_host_that_wants_a_login_refuses_a_file_and_no_account(files: Files) -> None:
    """The file that it keeps is a problem that says why; the product goes on pushing, and others arrive."""
    files.store.refuse_blobs = 401
    files.push("secret", f"{files.store.url}/blobs/7")
    files.round()
    refused = files.problems()
    files.store.refuse_blobs, files.store.blobs["8"] = None, b"open"
    files.push("open", f"{files.store.url}/blobs/8")
    files.round()

    ((kind, reason),) = set(refused)
    assert kind == "refused"
    assert "shown no credential" in reason
    assert b"open" in files.desk.blobs.values()
    with files.other.person.at_work():
        assert set(LinkedAccount.objects.values_list("status", flat=True)) == {"COMPLETE"}
