"""Putting the database's refusal of a query without a tenant into words that say what to do."""

from __future__ import annotations

from types import TracebackType

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseErrorWrapper, OperationalError
from psycopg import errors

from tenants.scope import NoTenantInScope, tenant_or_none

#: What `current_setting('isthmus.tenant')::uuid` answers: never set here; set by an earlier transaction.
_UNSET = ((errors.UndefinedObject, '"isthmus.tenant"'), (errors.InvalidTextRepresentation, 'type uuid: ""'))


class WallErrors(DatabaseErrorWrapper):
    """Django's translation of driver errors, which knows the wall's."""

    wrapper: BaseDatabaseWrapper

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise NoTenantInScope for the wall's refusal, and Django's error for every other.

        A connection that was ended because this process slept is a lost connection, and no internal error.
        """
        if any(isinstance(exc_value, kind) and words in str(exc_value) for kind, words in _UNSET):
            self.wrapper.errors_occurred = True
            raise NoTenantInScope(_sentence()) from exc_value
        if isinstance(exc_value, errors.IdleInTransactionSessionTimeout):
            self.wrapper.errors_occurred = True
            raise OperationalError(*exc_value.args) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


def _sentence() -> str:
    if tenant_or_none() is None:
        return (
            "The database refused a query of a tenant's table: no tenant is in scope. "
            "Open one before the transaction: `with scope(tenant_id), transaction.atomic(): ...`"
        )
    return (
        "The database refused a query of a tenant's table outside a transaction. "
        "Put it inside `with transaction.atomic():`; the database learns the tenant where one begins."
    )
