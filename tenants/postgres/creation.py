"""Test databases: made, migrated and dropped by the owner, used by the app, with a name per run."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from typing import Any

from django.db.backends.postgresql import creation

from tenants.postgres.roles import as_owner


class DatabaseCreation(creation.DatabaseCreation):
    """Django's creation of test databases, as the owner; several runs side by side do not meet."""

    @cached_property
    def _run(self) -> str:
        return f"{os.getpid()}_{secrets.token_hex(3)}"

    def _get_test_db_name(self) -> str:
        named: str | None = self.connection.settings_dict["TEST"]["NAME"]
        return named or f"test_{self.connection.settings_dict['NAME']}_{self._run}"

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        """Make and migrate the database; returns its name."""
        with as_owner(self.connection.alias):
            return super().create_test_db(*args, **kwargs)

    def _create_test_db(self, *args: Any, **kwargs: Any) -> str:
        """Django's, with the rights of a real database of ours: the app may enter, and nothing else."""
        name: str = super()._create_test_db(*args, **kwargs)  # type: ignore[misc] # not in the stubs
        quote = self.connection.ops.quote_name
        quoted, app = quote(name), quote(self.connection.settings_dict["USER"])
        with self._nodb_cursor() as cursor:  # type: ignore[attr-defined] # not in the stubs
            cursor.execute(f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC")
            cursor.execute(f"GRANT CONNECT ON DATABASE {quoted} TO {app}")
        return name

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Drop the database."""
        with as_owner(self.connection.alias):
            super().destroy_test_db(*args, **kwargs)

    def clone_test_db(self, *args: Any, **kwargs: Any) -> None:
        """Copy the database for a parallel run."""
        with as_owner(self.connection.alias):
            super().clone_test_db(*args, **kwargs)
