"""What several records of a model are called where people read it: of a common model as its list in the API is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import models

from unified_api.models.base import CommonModel

#: What happened to a record, as the name of its table: there is no other word for several.
_SAME: Final = ("ed", "aside")
_HISSING: Final = ("s", "x", "z", "ch", "sh")


def name_plurals(known: Iterable[type[models.Model]]) -> None:
    """Have Django call several rows of these models by their right names; those that say one themselves keep it."""
    for model in known:
        if "verbose_name_plural" not in model._meta.original_attrs:
            model._meta.verbose_name_plural = _several(model)


def plural(name: str) -> str:
    """The plural of an English noun."""
    if name.endswith(_SAME):
        return name
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(_HISSING) else f"{name}s"


def _several(model: type[models.Model]) -> str:
    if issubclass(model, CommonModel):
        return model.wire.path.replace("-", " ")
    return plural(str(model._meta.verbose_name))
