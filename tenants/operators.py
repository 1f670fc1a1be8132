"""An operator's look across tenants: reading only, one transaction, its reason on record beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from tenants.audit import current_actor
from tenants.models import OperatorEvent
from tenants.postgres.roles import OPERATOR
from tenants.scope import ScopeConflict, current_role, role, tenant_or_none


@contextmanager
def as_operator(reason: str) -> Iterator[None]:
    """Read the rows of every tenant inside the block, which is one transaction. Writing raises.

    The event is committed first: a look that is not on record does not happen.
    ScopeConflict: inside a transaction, a tenant's scope or another role. ValueError: no reason given.
    """
    if not reason.strip():
        raise ValueError("An operator's look needs a reason; it goes on record.")
    if connection.in_atomic_block or tenant_or_none() is not None or current_role() != "app":
        raise ScopeConflict("An operator's view opens outside of any transaction, scope and other role.")
    actor = current_actor()
    OperatorEvent.objects.create(actor_kind=actor.kind, actor=actor.name, reason=reason)
    with role("operator"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f'SET LOCAL ROLE "{OPERATOR}"')
            cursor.execute("SET TRANSACTION READ ONLY")
        yield
