"""The connection: as which role it logs in, and which tenant each transaction is of.

Every outermost transaction begins with `set_config('isthmus.tenant', …, true)`, which ends with that
transaction: a setting of the session would leak to the next user of a pooled connection.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import Error

from tenants.postgres.creation import DatabaseCreation
from tenants.postgres.errors import WallErrors
from tenants.postgres.operations import DatabaseOperations
from tenants.scope import current_role, tenant_or_none

#: The setting that policies compare rows with.
TENANT_SETTING = "isthmus.tenant"
#: How long a transaction may be silent before it is undone: shorter than a lease lasts, and far longer than any takes,
#: since none spans a call of a provider.
LONGEST_SILENCE = "60s"
_LET_GO = """
    SELECT set_config('idle_in_transaction_session_timeout', %s, false)
    WHERE current_setting('idle_in_transaction_session_timeout') = '0'
"""
#: So often is a statement planned anew; then Postgres is asked to keep its plan.
_OFTEN = 5


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's Postgres connection behind the walls. `ENGINE = "tenants.postgres"`.

    Beside Django's keys, settings hold OWNER_USER and OWNER_PASSWORD: the login that owns the tables, or None
    in a process that was not given it. PREPARED_STATEMENTS: whether plans may be kept; None where nobody said so.

    prepare_threshold: how often `ask` asks before it has a plan kept; None for never.
    """

    prepare_threshold: int | None = None

    creation_class = DatabaseCreation
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """Log in as the app, or inside `as_owner()` as the owner."""
        params: dict[str, Any] = super().get_connection_params()
        if current_role() == "owner":
            params["user"] = self.settings_dict["OWNER_USER"]
            params["password"] = self.settings_dict["OWNER_PASSWORD"]
        return params

    @cached_property
    def wrap_database_errors(self) -> WallErrors:
        """Where the database's own refusal is put into words."""
        return WallErrors(self)

    def _configure_connection(self, connection: Any) -> bool:
        """Django's, and ISO for times as text, whatever the server's default is: `ask` shows them as they are.

        A process that is stopped within a transaction lets go of its rows after a while: others wait for them, and
        it would commit nothing any more. Who has set that on the server has the last word.
        """
        commit: bool = super()._configure_connection(connection)  # type: ignore[misc] # not in the stubs
        if current_role() != "owner":
            connection.execute(_LET_GO, [LONGEST_SILENCE])
            self.prepare_threshold = _OFTEN if self._keeps_plans(connection) else None
            commit = True
        if connection.info.parameter_status("DateStyle").startswith("ISO"):
            return commit
        connection.execute("SET DateStyle TO ISO")
        return True

    def _keeps_plans(self, connection: Any) -> bool:
        told: bool | None = self.settings_dict["PREPARED_STATEMENTS"]
        return _is_direct(connection) if told is None else told

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's signature
        super()._set_autocommit(autocommit)  # type: ignore[misc] # not in the stubs
        if not autocommit:
            self._tell_tenant()

    def _tell_tenant(self) -> None:
        tenant_id = tenant_or_none()
        if tenant_id is None:
            return
        try:
            with self.wrap_database_errors:
                self.connection.execute(f"SELECT set_config('{TENANT_SETTING}', %s, true)", (str(tenant_id),))
        except Error:
            # Django believes itself in autocommit, but the driver has begun: never reuse this connection.
            self.close()
            raise


def _is_direct(connection: Any) -> bool:
    """Whether the same process of Postgres answers each time, and knows what it prepared.

    A pooler gives numbers of its own to those who connect. Behind one in transaction mode, a statement that another
    prepared under the same name could be taken for ours.
    """
    return bool(connection.execute("SELECT pg_backend_pid()").fetchone() == (connection.info.backend_pid,))
