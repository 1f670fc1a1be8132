"""What the field of a model can hold, and the system of an account does not have: words and records."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import transaction

from integrations.kit.provider import Resource
from unified_api.models.base import CommonModel, common_model, relations
from unified_api.models.fields import Choice, WireField
from unified_api.sync.told import references


def strange_word(declared: WireField, value: Any, resource: Resource) -> str | None:
    """Why the provider has no word for a value; None where it has one, or it is no matter of words."""
    if not isinstance(declared, Choice) or value is None or _has_word(declared, value, resource):
        return None
    return f"{value!r} cannot be stored there; possible are {', '.join(resource.words(declared.name) or ())}."


def _has_word(declared: Choice, value: str, resource: Resource) -> bool:
    """A provider with a list of its own may know words that we do not."""
    words = resource.words(declared.name)
    own_list = getattr(resource.mapping.lenses.get(declared.name), "table", None)
    return words is None or value in words or (own_list is not None and value not in declared.words)


def strange_records(
    values: Mapping[str, Any],
    model: type[CommonModel],
    account_id: uuid.UUID,
    welcome: Collection[uuid.UUID] = (),
) -> Iterator[tuple[str, str]]:
    """Field and sentence of each relation to a record that this linked account does not have."""
    for name, field in relations(model).items():
        named = references(field, values[name], values) if values.get(name) else ()
        by_model: dict[str, set[uuid.UUID]] = defaultdict(set)
        for to, record in named:
            by_model[to].add(record)
        for to, ids in by_model.items():
            for stranger in sorted(_unknown(common_model(to), ids.difference(welcome), account_id)):
                yield name, f"This linked account has no {to} with the id {stranger}."


def _unknown(model: type[CommonModel], ids: set[uuid.UUID], account_id: uuid.UUID) -> set[uuid.UUID]:
    with transaction.atomic():
        rows = model.objects.filter(id__in=ids, linked_account_id=account_id)
        return ids - set(rows.exclude(remote_id=None).values_list("id", flat=True))
