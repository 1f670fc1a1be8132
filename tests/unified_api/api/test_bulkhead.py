"""One tenant's calls of slow providers leave room for those of others."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

import pytest

from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api import bulkhead
from unified_api.serve.shares import Shares


def hold(slots: Shares, tenant: uuid.UUID, held: ExitStack) -> None:
    """Have a tenant hold all that it may."""
    while held.enter_context(slots.one(tenant)):
        pass


def created(api: Linked) -> int:
    """The status of a write."""
    return int(api.send("post", "tickets", {"model": {"name": "leak"}}).status_code)


def test_a_tenant_whose_providers_hang_does_not_stop_others(
    api: Linked, charlie: Person, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told to come back itself, and another tenant's write is carried out."""
    slots = Shares(6)
    monkeypatch.setattr(bulkhead, "_slots", slots)
    monkeypatch.setattr(bulkhead, "PATIENCE", 0.01)
    with ExitStack() as held:
        hold(slots, api.person.tenant_id, held)
        assert created(api) == 503
        assert created(link(charlie)) == 201
    assert created(api) == 201


def test_few_requests_of_a_tenant_wait_for_a_slot(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each keeps a thread of the web server; one too many is told at once, without a look at its patience."""
    slots = Shares(3)
    monkeypatch.setattr(bulkhead, "_slots", slots)
    monkeypatch.setattr(bulkhead, "PATIENCE", 3600.0)
    with ExitStack() as held:
        hold(slots, api.person.tenant_id, held)
        for _ in range(bulkhead.QUEUE.of_tenant):
            held.enter_context(bulkhead.QUEUE.one(api.person.tenant_id))
        assert created(api) == 503
    assert bulkhead.QUEUE.taken == 0
