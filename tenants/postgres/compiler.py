"""The first wall at the one place that every query of the ORM passes, whichever method it came from.

Managers filter (tenants/models.py), but a queryset has many methods: `exists()`, `explain()`, `bulk_create()`
and those that come with the next Django. All of them end in a compiler's `execute_sql`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import compiler

from tenants.scope import NoTenantInScope, ScopeConflict, current_tenant, sees_every_tenant

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler as _Compiler
else:
    _Compiler = object


class _Walled(_Compiler):
    """Refuse to run a query of a tenant's table without tenant and transaction."""

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        column = getattr(self.query.model, "wall_column", None)
        if column is not None and not sees_every_tenant():
            self._refuse_nobodys()
            self._refuse_foreign_rows(column)
        return super().execute_sql(*args, **kwargs)

    @property
    def _label(self) -> str:
        return self.query.model._meta.label if self.query.model else "a table"

    def _refuse_nobodys(self) -> None:
        current_tenant()
        if not self.connection.in_atomic_block:
            raise NoTenantInScope(
                f"A query of {self._label} runs outside a transaction. Put it inside "
                "`with transaction.atomic():`; the database learns the tenant where one begins."
            )

    def _refuse_foreign_rows(self, column: str) -> None:
        """Only writes carry rows."""


def _refuse_other(label: str, value: Any) -> None:
    if value != current_tenant():
        raise ScopeConflict(
            f"A row of {label} for tenant {value} is written in the scope of {current_tenant()}."
        )


class SQLCompiler(_Walled, compiler.SQLCompiler):
    """SELECT."""


class SQLAggregateCompiler(_Walled, compiler.SQLAggregateCompiler):
    """SELECT of aggregates over a subquery, whose own model counts."""


class SQLDeleteCompiler(_Walled, compiler.SQLDeleteCompiler):
    """DELETE."""


class SQLInsertCompiler(_Walled, compiler.SQLInsertCompiler):
    """INSERT, of the current tenant's rows only."""

    def _refuse_foreign_rows(self, column: str) -> None:
        for row in self.query.objs:
            _refuse_other(self._label, getattr(row, column))


class SQLUpdateCompiler(_Walled, compiler.SQLUpdateCompiler):
    """UPDATE, which never moves a row to another tenant."""

    def _refuse_foreign_rows(self, column: str) -> None:
        for field, _model, value in self.query.values:  # type: ignore[attr-defined] # not in the stubs
            if field.name == column:
                _refuse_other(self._label, value)
