"""The change log of a tenant, oldest first, for a product that reads what changed for it.

A reader's cursor is one position: nothing is skipped, as positions are in the order of commits (`sync.feed`). A page
looks at a bounded stretch of the log, whatever the filters leave of it: it may be short, or empty, and the log go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from tenants.models import LinkedAccount
from unified_api.models.base import common_model, wire_fields
from unified_api.sync import withheld
from unified_api.sync.memory import shown
from unified_api.sync.memory.shown import Document
from unified_api.sync.models import Change

#: Entries that one page looks at.
LOOKED_AT: Final = 1_000


@dataclass(frozen=True)
class Page:
    """What was wanted of a stretch of the log, up to where it was looked at, whether it goes on, and whose it is."""

    changes: Sequence[Change]
    position: int
    has_more: bool
    owners: Mapping[uuid.UUID, LinkedAccount]


def page(
    after: int,
    size: int,
    *,
    account_id: uuid.UUID | None = None,
    model: str | None = None,
    visible: Callable[[set[uuid.UUID]], Mapping[uuid.UUID, LinkedAccount]],
) -> Page:
    """Up to `size` entries behind a position. `visible`: those of these accounts whose entries may be seen.

    Of models that may not be read at their account nothing is seen.
    """
    entries = stretch(after, account_id)
    looked_at = list(entries.values_list("position", "linked_account_id", "model"))
    owners = visible({owner for _, owner, _ in looked_at})
    wanted = [
        place
        for place, owner, of in looked_at
        if model in {None, of} and owner in owners and owners[owner].may("read", of)
    ]
    positions = wanted[:size]
    last = looked_at[-1][0] if looked_at else after
    is_full = len(wanted) > size
    return Page(
        list(Change.objects.filter(position__in=positions).order_by("position")),
        positions[-1] if is_full else last,
        is_full or len(looked_at) == LOOKED_AT,
        owners,
    )


def stretch(after: int, account_id: uuid.UUID | None) -> QuerySet[Change]:
    """The entries behind a position that one page looks at, of one account or of all."""
    entries = Change.objects.filter(position__gt=after).order_by("position")
    if account_id is not None:
        entries = entries.filter(linked_account_id=account_id)
    return entries[:LOOKED_AT]


def document(change: Change, owner: LinkedAccount) -> Document:
    """An entry as the feed shows it. A creation is without values: the record is to be read."""
    names, hidden = wire_fields(common_model(change.model)), withheld.of_account(owner, change.model)
    return {
        "position": change.position,
        "at": shown.instant(change.at),
        "linked_account_id": str(change.linked_account_id),
        "model": change.model,
        "record_id": str(change.record_id),
        "kind": change.kind,
        "fields": {
            name: shown.change(shown.concealed(names[name], name in hidden), *old_new)
            for name, old_new in change.fields.items()
            if name in names
        },
        "source": change.source,
        "run_id": change.run_id and str(change.run_id),
        "write_id": change.write_id and str(change.write_id),
    }
