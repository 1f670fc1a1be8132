"""Acting as the owner of the tables: migrations, backups, making of test databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from tenants.scope import ScopeConflict, current_role, role, tenant_or_none

#: The role that reads every tenant in audited console views; nobody logs in as it.
OPERATOR = "isthmus_operator"


@contextmanager
def as_owner(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Use the owner's login inside the block; the connection is closed at both ends. Nesting is allowed.

    ImproperlyConfigured: this process has no owner's login. ScopeConflict: inside a transaction, or a
    tenant's scope.
    """
    if current_role() == "owner":
        yield
        return
    connection = connections[using]
    if connection.settings_dict.get("OWNER_USER") is None:
        raise ImproperlyConfigured(
            "This needs the login that owns the tables, which this process was not given: set DATABASE_URL."
        )
    if connection.in_atomic_block or tenant_or_none() is not None or current_role() != "app":
        raise ScopeConflict("The owner's role opens outside of any transaction, scope and operator's view.")
    connection.close()
    with role("owner"):
        try:
            yield
        finally:
            connection.close()
