"""How far it has come with the parts of an account, so that an import that was cut off goes on where it stood."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import transaction

from unified_api.models.base import CommonModel, common_models, model_id
from unified_api.sync import clock, store
from unified_api.sync.models_account import ImportedPart

SETTINGS: Final = "settings"
#: How far a later reading goes back: what was created while the one before it read may have been listed late.
LOOKBACK: Final = dt.timedelta(days=1)
#: Listed below each record that they are of, and stored by nobody under their ids.
_LEFT_OUT: Final = frozenset({"ticketing.Viewer", "crm.Association"})


class Overtaken(RuntimeError):
    """Another process imports the same account."""


def models_of(category: str) -> list[type[CommonModel]]:
    """The models whose ids are brought along."""
    return [m for m in common_models(category) if m.wire.contract and model_id(m) not in _LEFT_OUT]


def begin(account_id: uuid.UUID, category: str) -> dict[str, ImportedPart]:
    """Note of all parts of an account that they are to come, unless they were noted before; they, by name.

    In the transaction that is open.
    """
    names = [SETTINGS, *(model_id(model) for model in models_of(category))]
    ImportedPart.objects.bulk_create(
        (ImportedPart(linked_account_id=account_id, part=name) for name in names), ignore_conflicts=True
    )
    return {row.part: row for row in ImportedPart.objects.filter(linked_account_id=account_id)}


def is_known(account_id: uuid.UUID) -> bool:
    """Whether an account was imported, as far as it goes. In the transaction that is open."""
    return ImportedPart.objects.filter(linked_account_id=account_id).exists()


def begin_anew(part: ImportedPart) -> None:
    """Forget where a part stood."""
    part.cursor = None
    with transaction.atomic():
        ImportedPart.objects.filter(id=part.id).update(cursor=None)


def finish(part: ImportedPart) -> None:
    """Note that all of a part was read."""
    with transaction.atomic():
        ImportedPart.objects.filter(id=part.id).update(
            finished_at=part.finished_at or clock.now(), cursor=None, newest=part.newest
        )


def give_up(account_id: uuid.UUID) -> int:
    """Do without what is still to come of an account; how many parts that is. In the transaction that is open."""
    rest = ImportedPart.objects.filter(linked_account_id=account_id, finished_at=None)
    return rest.update(finished_at=clock.now(), cursor=None)


@contextmanager
def landing(part: ImportedPart, further: str | None, newest: dt.datetime | None) -> Iterator[None]:
    """A transaction on the account's ids, in which a page lands together with where it goes on; raises Overtaken.

    newest: the newest creation in the page.
    """
    with store.entry(part.linked_account_id):
        here = ImportedPart.objects.select_for_update().filter(id=part.id).first()
        if here is None or here.cursor != part.cursor:
            raise Overtaken("Another process imports this account, or it was deleted.")
        yield
        stamps = [stamp for stamp in (part.newest, newest) if stamp is not None]
        part.newest = max(stamps, default=None)
        if part.finished_at is None:  # a later reading is short, and begins anew where it is cut off
            part.cursor = further
            ImportedPart.objects.filter(id=part.id).update(cursor=part.cursor, newest=part.newest)
