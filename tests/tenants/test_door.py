"""Doors lead from something presented to its tenant, until they expire or are closed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from tenants import door
from tenants.models import Door
from tenants.vault import Secret
from tests.people import Person

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TOKEN = Secret("a link token")


def test_a_door_opens_until_it_expires(alice: Person) -> None:
    """At the moment of expiry it is shut already; sweeping removes it."""
    reference = uuid.uuid4()
    with alice.at_work():
        door.open_door("link", TOKEN, reference=reference, expires_at=NOW)
    before = door.enter("link", TOKEN, now=NOW - timedelta(seconds=1))

    assert before is not None
    assert (before.tenant_id, before.reference) == (alice.tenant_id, reference)
    assert door.enter("link", TOKEN, now=NOW) is None
    assert door.forget_expired(now=NOW) == 1
    assert door.enter("link", TOKEN, now=NOW - timedelta(days=1)) is None


def test_a_door_is_of_one_kind(alice: Person) -> None:
    """A link token does not pass for an API key."""
    with alice.at_work():
        door.open_door("link", TOKEN)

    assert door.enter("link", TOKEN) is not None
    assert door.enter("api key", TOKEN) is None


def test_two_tenants_cannot_have_the_same_door(alice: Person, charlie: Person) -> None:
    """A secret leads to one tenant; a name is taken once."""
    with alice.at_work():
        door.open_door("link", TOKEN)
        assert door.claim("name", Secret("wonder"))
    with pytest.raises(IntegrityError), charlie.at_work():
        door.open_door("link", TOKEN)
    with charlie.at_work():
        assert not door.claim("name", Secret("wonder"))


def test_a_tenant_closes_its_own_doors_only(alice: Person, charlie: Person) -> None:
    """All doors to one thing close together; the same reference of another tenant stays open."""
    reference = uuid.uuid4()
    with charlie.at_work():
        door.open_door("link", Secret("his"), reference=reference)
    with alice.at_work():
        door.open_door("link", TOKEN, reference=reference)
        door.open_door("hook", TOKEN, reference=reference)
        assert door.close_doors(reference) == 2

    assert [found.tenant_id for found in Door.objects.filter(reference=reference)] == [charlie.tenant_id]
