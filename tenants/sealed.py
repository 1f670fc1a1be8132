"""Columns that hold envelopes: which there are, and what the database itself can read of one.

A `SealedField` says what its secret is for, so that the list of all sealed columns comes from the models.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models

from tenants.rows import TenantModel


class KeyIdOf(models.Func):
    """In the database: the id of the key that an envelope says it is under (`vault.sealed_under`).

    Empty for what is no envelope. It never raises, for a stored column is computed by it.
    """

    template = (
        "CASE WHEN octet_length(%(expressions)s) < 3 THEN '' WHEN get_byte(%(expressions)s, 0) <> 1 THEN ''"
        " ELSE encode(substring(%(expressions)s FROM 3 FOR get_byte(%(expressions)s, 1)), 'escape') END"
    )


class SealedField(models.BinaryField):  # type: ignore[type-arg] # takes none at run time
    """A secret under its tenant's key, bound to its row and purpose; empty when there is none."""

    def __init__(self, *, purpose: str = "", **options: Any) -> None:
        self.purpose = purpose  # a migration's copy has none
        super().__init__(**{"default": b"", "editable": False, **options})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """For migrations it is bytes: a purpose may never change, and the database knows nothing of it."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.BinaryField", list(args), dict(options)

    def get_internal_type(self) -> str:
        """The type of the column."""
        return "BinaryField"


def purpose_of(model: type[models.Model], column: str) -> str:
    """What the secret in a column is for; TypeError for a column that is not sealed."""
    field = model._meta.get_field(column)
    if not isinstance(field, SealedField):
        raise TypeError(f"{model._meta.label}.{column} is no SealedField.")
    return field.purpose


def sealed_columns() -> dict[type[TenantModel], list[str]]:
    """Every column that holds secrets under tenants' keys, by model, of all installed apps."""
    tenants = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    found = {
        model: [f.name for f in model._meta.concrete_fields if isinstance(f, SealedField)]
        for model in tenants
    }
    return {model: names for model, names in found.items() if names}
