"""Switches for the two walls, so that each can be seen to hold while the other one is off."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import models
from psycopg import sql

from tenants import rows, walls
from tenants.postgres import compiler

#: The owner's connection to the test database.
Owner = psycopg.Connection[Any]


def policies_off(owner: Owner) -> None:
    """Switch the database's wall off, as only the owner can."""
    for wall in walls.expected():
        if wall.column:
            off = sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(wall.table))
            owner.execute(off)


def waits(owner: Owner) -> bool:
    """Whether somebody waits for a lock of this database; other tests may have theirs on the same server."""
    found = owner.execute(
        "SELECT 1 FROM pg_locks WHERE NOT granted"
        " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    )
    return found.fetchone() is not None


def python_off(patch: pytest.MonkeyPatch) -> None:
    """Switch Python's wall off: managers show all rows, saving and compiling refuse nothing."""
    patch.setattr(rows.TenantManager, "get_queryset", models.Manager.get_queryset)
    patch.setattr(rows.Walled, "_refuse_other_tenants", lambda _: None)
    patch.delattr(compiler._Walled, "execute_sql")
