"""The audit trail says who did what, in the transaction that did it."""

from __future__ import annotations

import pytest

from tenants import audit
from tenants.models import AuditEvent
from tenants.scope import NoTenantInScope
from tenants.vault import Secret
from tests.people import Person
from tests.tenants.switches import Owner


def test_the_actor_is_who_acts(alice: Person) -> None:
    """Set once where the work begins; inside, and only there, everything is done by this actor."""
    with audit.acting("api_key", "…abcd"), alice.at_work():
        audit.record("account.linked", subject="17", integration="somewhere")
    with alice.at_work():
        audit.record("stream.paused")
        events = list(AuditEvent.objects.exclude(action__startswith="tenant.").order_by("at"))

    done = [(e.actor_kind, e.actor, e.action, e.subject, e.detail) for e in events][-2:]
    assert done == [
        ("api_key", "…abcd", "account.linked", "17", {"integration": "somewhere"}),
        ("system", "", "stream.paused", "", {}),
    ]
    assert events[-1].at.tzinfo is not None


def test_what_did_not_happen_is_not_on_record(alice: Person) -> None:
    """The event goes with its transaction."""
    with pytest.raises(ZeroDivisionError), alice.at_work():
        audit.record("account.exploded", number=1 // len(audit.record("account.lit").subject))
    with alice.at_work():
        assert not AuditEvent.objects.filter(action="account.exploded").exists()


def test_an_event_needs_a_tenant(database: Owner) -> None:
    """Nobody's event is refused; operators' looks have a table of their own."""
    with pytest.raises(NoTenantInScope):
        audit.record("account.linked")


def test_a_secret_is_no_detail(alice: Person) -> None:
    """It is refused, not written down."""
    with pytest.raises(TypeError, match="Secret is not JSON"), alice.at_work():
        audit.record("account.linked", password=Secret("canary"))
