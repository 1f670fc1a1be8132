"""What differs from Django's Postgres operations: compilers behind the wall, and a flush by the owner."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.postgresql import operations

from tenants.postgres.roles import as_owner


class DatabaseOperations(operations.DatabaseOperations):
    """Django's operations for Postgres, where the app may not truncate."""

    compiler_module = "tenants.postgres.compiler"

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """Empty the tables, as their owner."""
        with as_owner(self.connection.alias):
            super().execute_sql_flush(sql_list)
