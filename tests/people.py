"""Who appears in tests.

Alice owns a company here and Bob works for it; Charlie is another company's, and must see nothing of theirs.
Ask for `alice`, `bob` or `charlie`: each is committed to the test database, with an API key.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import transaction

from tenants.scope import scope
from tenants.vault import Secret

if TYPE_CHECKING:
    from tenants.models import LinkedAccount


@dataclass(frozen=True)
class Person:
    """Somebody with an API key of a tenant."""

    name: str
    tenant_id: uuid.UUID
    api_key: Secret

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In the scope of the tenant, in a transaction."""
        with scope(self.tenant_id), transaction.atomic():
            yield

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this person carries."""
        return {"Authorization": f"Bearer {self.api_key.reveal()}"}

    def link(self, **more: Any) -> tuple[LinkedAccount, Secret]:
        """Link an account of an end user, with what a test does not care about filled in."""
        from tenants import accounts

        given: dict[str, Any] = {
            "category": "ticketing",
            "integration": "somewhere",
            "end_user_origin_id": "customer-1",
            "settings": {"url": "https://somewhere.example"},
            "credential": {"password": Secret(f"password of {self.name}")},
        }
        with self.at_work():
            account, token, _ = accounts.link(**(given | more))
        return account, token


def employ(name: str, tenant_id: uuid.UUID) -> Person:
    """A person with a new API key of an existing tenant."""
    from tenants import apikeys

    person = Person(name, tenant_id, Secret(""))
    with person.at_work():
        _, text = apikeys.issue(name)
    return replace(person, api_key=text)


@pytest.fixture
def alice(database: psycopg.Connection[Any]) -> Person:
    """The owner of Wonder Ltd."""
    from tenants.models import Tenant

    return employ("Alice", Tenant.create("Wonder Ltd").id)


@pytest.fixture
def bob(alice: Person) -> Person:
    """A colleague of Alice, with a key of his own."""
    return employ("Bob", alice.tenant_id)


@pytest.fixture
def charlie(database: psycopg.Connection[Any]) -> Person:
    """The owner of Chocolate Inc, who must see nothing of Wonder Ltd."""
    from tenants.models import Tenant

    return employ("Charlie", Tenant.create("Chocolate Inc").id)
