"""The base of every table that holds a tenant's data, and the manager that is its first wall.

Class attributes of the models are read by the second wall (tenants/walls.py).
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models

from tenants.analysts import Shown
from tenants.scope import ScopeConflict, current_tenant, sees_every_tenant


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of a tenant."""

    def __repr__(self) -> str:
        """Rows that were read, or none: error reports show variables, outside of any scope or transaction."""
        if self._result_cache is None:
            return f"<{type(self).__name__} of {self.model._meta.label}, not read yet>"
        return super().__repr__()


class TenantManager(models.Manager[Any]):
    """Shows the rows of the tenant in scope, and raises when there is none.

    Owner and operator, who are nobody's, see all rows; see `tenants.postgres.roles` and `tenants.operators`.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        """The current tenant's rows."""
        hints = self._hints  # type: ignore[attr-defined] # not in the stubs
        rows = TenantQuerySet(self.model, using=self._db, hints=hints)
        if sees_every_tenant():
            return rows
        return rows.filter(**{self.model.wall_column: current_tenant()})


class Walled(models.Model):
    """What stands behind the walls.

    `wall_column` says whose a row is. `append_only`: the app may add rows and read them, nothing else; with
    `erasable` it may also delete them, for retention and erasure. `database_key`: the primary key in the
    database.
    """

    wall_column: ClassVar[str]
    database_key: ClassVar[tuple[str, ...]]
    append_only: ClassVar[bool] = False
    erasable: ClassVar[bool] = False

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    @classmethod
    def shown_to_analysts(cls) -> Shown | None:
        """The view of the table for analysts who log in for one tenant; None where they see nothing of it."""
        return None

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row; ScopeConflict if it is another tenant's."""
        self._refuse_other_tenants()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; ScopeConflict if it is another tenant's."""
        self._refuse_other_tenants()
        return super().delete(*args, **kwargs)

    def _refuse_other_tenants(self) -> None:
        owner = getattr(self, self.wall_column)
        if not sees_every_tenant() and owner != current_tenant():
            raise ScopeConflict(
                f"This {self._meta.label} belongs to tenant {owner}, not to the one in scope."
            )


class TenantModel(Walled):
    """A row of one tenant. The database's primary key is (tenant_id, id), or the declared `database_key`.

    No foreign keys of the database point at such tables: use plain UUIDs, or `db_constraint=False`.
    """

    wall_column: ClassVar[str] = "tenant_id"
    database_key: ClassVar[tuple[str, ...]] = ("tenant_id", "id")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(default=current_tenant, editable=False)

    class Meta(Walled.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.label} {self.pk}"
