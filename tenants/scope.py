"""Which tenant the running code acts for: the first of the two walls, and what the second one is told.

    with scope(tenant_id), transaction.atomic():
        ...  # queries

A scope opens before its transaction and never nests to another tenant, so that one transaction belongs to
exactly one tenant: the database wrapper sends it as the first statement (tenants/postgres/base.py), and the
policies compare each row with it (tenants/walls.py). The scope lives in a context variable: a new thread
starts with none.

A generator that yields inside a scope leaks it to whoever iterates: collect first, then yield.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from django.db import connection

#: The role as which this code talks to the database: one tenant; every tenant; every tenant, reading only.
Role = Literal["app", "owner", "operator"]

_tenant: ContextVar[uuid.UUID | None] = ContextVar("isthmus_tenant", default=None)
_role: ContextVar[Role] = ContextVar("isthmus_role", default="app")


class NoTenantInScope(RuntimeError):
    """A tenant's data was asked for, and nothing says which tenant's."""


class ScopeConflict(RuntimeError):
    """A scope, a role or a row would mix two tenants."""


def current_tenant() -> uuid.UUID:
    """The tenant in scope; NoTenantInScope when there is none."""
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise NoTenantInScope(
            "No tenant is in scope. Open one before the transaction: "
            "`with scope(tenant_id), transaction.atomic(): ...`"
        )
    return tenant_id


def tenant_or_none() -> uuid.UUID | None:
    """The tenant in scope, or None."""
    return _tenant.get()


def current_role() -> Role:
    """The role of the running code; see `tenants.postgres.roles` and `tenants.operators`."""
    return _role.get()


def sees_every_tenant() -> bool:
    """Whether the running code is the owner or an operator, and not narrowed to one tenant by a scope."""
    return _role.get() != "app" and _tenant.get() is None


@contextmanager
def scope(tenant_id: uuid.UUID) -> Iterator[None]:
    """Act for this tenant inside the block. Opening the same tenant again is allowed, and changes nothing.

    ScopeConflict: another tenant is in scope, a transaction is open already, or one is still open at the end.
    """
    if not isinstance(tenant_id, uuid.UUID):
        raise TypeError(f"A scope takes the UUID of a tenant, not {type(tenant_id).__name__}.")
    if _tenant.get() == tenant_id:
        yield
        return
    _refuse_mixing(tenant_id)
    token = _tenant.set(tenant_id)
    try:
        yield
        _refuse_open_transaction(
            f"The scope of tenant {tenant_id} ends inside a transaction; end that one first."
        )
    finally:
        _tenant.reset(token)


def _refuse_mixing(tenant_id: uuid.UUID) -> None:
    inside = _tenant.get()
    if inside is not None:
        raise ScopeConflict(
            f"Tenant {inside} is in scope; leave that scope before opening one of {tenant_id}."
        )
    _refuse_open_transaction(f"Open the scope of tenant {tenant_id} before the transaction, not inside it.")


def _refuse_open_transaction(sentence: str) -> None:
    if connection.in_atomic_block:
        raise ScopeConflict(sentence)


@contextmanager
def role(name: Role) -> Iterator[None]:
    """Note the role for the first wall. The callers, nobody else, see to it that the database agrees."""
    token = _role.set(name)
    try:
        yield
    finally:
        _role.reset(token)
