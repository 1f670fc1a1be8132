"""What the console does not show of a row: sensitive values, and those that its account's scopes withhold.

A column of which it is not known what it says is hidden as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from django.db import models

from unified_api.models.base import CUSTOM, CommonModel
from unified_api.models.fields import WireField
from unified_api.models.hidden import HIDDEN, hides, masked
from unified_api.sync.models import Run, SetAside
from unified_api.sync.models_bridge import Pair
from unified_api.sync.withheld import Lookup

#: Whether a row's value of a column is not shown.
Hides = Callable[[Any, Lookup], bool]


def of_column(field: models.Field[Any, Any]) -> Hides | None:
    """When a value of this column is hidden; None for one that says nothing of records, or is looked through."""
    if isinstance(field, WireField) and issubclass(field.model, CommonModel):
        return lambda row, known: field.sensitive or field.name in known.of(row)
    if field.model is Pair and field.name == "memory":
        return lambda row, known: known.hides_memory(row)
    if isinstance(field, models.JSONField):
        return lambda row, known: hides(getattr(row, "field", None), known.of(row))
    if field.name == "key":
        return lambda row, known: known.hides_key(row)
    if field.model is SetAside and field.name == "raw":
        return lambda row, known: known.hides_raw(row)
    return None


def within(field: models.Field[Any, Any], value: Any, secret: Container[str]) -> Any:
    """A JSON value of a column without what is hidden in it."""
    if issubclass(field.model, CommonModel) and field.name == "field_mappings":
        return {target: HIDDEN if CUSTOM + target in secret else one for target, one in value.items()}
    if field.model is Run and field.name == "unknown_words":
        return {word: n for word, n in value.items() if not hides(word.partition(":")[0], secret)}
    return masked(value, secret)
