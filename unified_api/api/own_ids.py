"""A product's own ids in what it pushes: it need never keep one of ours.

A relation may be given as `{"remote_id": "17"}`, also to a record that has not been pushed yet.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from integrations.kit.errors import Unmappable
from integrations.kit.kinds import identifier
from unified_api.api.errors import malformed
from unified_api.models.base import CommonModel, common_model, referring
from unified_api.sync import store, tables, told
from unified_api.sync.identity import Identities, Key

Named = dict[Key, uuid.UUID]


def parse(value: Any) -> str:
    """An id of a product's own; raises DRF's ValidationError."""
    try:
        found = identifier(value)
    except Unmappable as error:
        raise malformed("remote_id", str(error)) from error
    if "\x00" in found:
        raise malformed("remote_id", "a string without NUL characters is expected")
    return found


def find(model: type[CommonModel], account_id: uuid.UUID, remote_id: str) -> uuid.UUID:
    """Our id of the record with this id, whether there is one or not."""
    return _identities(account_id, [(model, remote_id)])[model, remote_id]


def translate(
    sent: Mapping[str, Any], model: type[CommonModel], account_id: uuid.UUID
) -> tuple[dict[str, Any], Named]:
    """What was sent, with ids in the place of remote ones, and the records that were named so."""
    given = {name: field for name, field in referring(model).items() if sent.get(name) is not None}
    keys = [
        (common_model(to), parse(item["remote_id"]))
        for name, field in given.items()
        for to, item in told.references(field, sent[name], sent)
        if _is_own(item)
    ]
    named = _identities(account_id, keys) if keys else {}

    def ours(to: str, item: Any) -> Any:
        return str(named[common_model(to), parse(item["remote_id"])]) if _is_own(item) else item

    changed = {name: told.replaced(field, sent[name], sent, ours) for name, field in given.items()}
    return {**sent, **changed}, named


def introduce(account_id: uuid.UUID, named: Named) -> None:
    """Give the records that were named and are not known yet a shell."""
    with transaction.atomic():
        unknown = tables.unknown(named) if named else {}
    if unknown:
        with store.entry(account_id) as entry:
            for model, remote_id in unknown:
                entry.refer(model, remote_id)


def _identities(account_id: uuid.UUID, keys: Iterable[Key]) -> Named:
    keys = list(keys)
    with transaction.atomic():
        identities = Identities(account_id)
        identities.learn(remote_id for _, remote_id in keys)
        return {(model, remote_id): identities.of(model, remote_id) for model, remote_id in keys}


def _is_own(item: Any) -> bool:
    return isinstance(item, dict) and "remote_id" in item and "id" not in item
