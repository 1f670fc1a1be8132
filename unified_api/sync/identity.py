"""From remote ids to Isthmus ids: computed, but for the exceptions of the identity table."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from unified_api.models.base import CommonModel, model_id, record_id
from unified_api.sync.models import Identity

Key = tuple[type[CommonModel], str]


class Identities:
    """Isthmus ids of one linked account's records, each computed once: a page names few others many times."""

    def __init__(self, linked_account_id: uuid.UUID) -> None:
        self.linked_account_id = linked_account_id
        self._any = Identity.objects.filter(linked_account_id=linked_account_id).exists()
        self._exceptions: dict[tuple[str, str], uuid.UUID] = {}
        self._known: dict[Key, uuid.UUID] = {}

    def learn(self, remote_ids: Iterable[str]) -> None:
        """Load the exceptions among these remote ids; to be called before `of`."""
        if not self._any:
            return
        rows = Identity.objects.filter(
            linked_account_id=self.linked_account_id, remote_id__in=list(remote_ids)
        ).values_list("model", "remote_id", "record_id")
        self._exceptions |= {(model, remote): record for model, remote, record in rows}
        self._known.clear()

    def adopt(self, model: type[CommonModel], remote_id: str, record: uuid.UUID) -> None:
        """From now on the provider's `remote_id` is this record, which had another one before."""
        if record == self.of(model, remote_id):
            return
        told: dict[str, Any] = {
            "linked_account_id": self.linked_account_id,
            "model": model_id(model),
            "remote_id": remote_id,
        }
        Identity.objects.update_or_create(**told, defaults={"record_id": record})
        self._any = True
        self._exceptions[model_id(model), remote_id] = record
        self._known.clear()

    def of(self, model: type[CommonModel], remote_id: str) -> uuid.UUID:
        """The id of the record that the provider knows as `remote_id`."""
        known = self._known.get((model, remote_id))
        if known is None:
            exception = self._exceptions.get((model_id(model), remote_id)) if self._exceptions else None
            known = exception or record_id(self.linked_account_id, model, remote_id)
            self._known[model, remote_id] = known
        return known
