"""What people call records and sides, and how a value of a field is shown to them. All texts are escaped."""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html

from unified_api.engine.values import Side
from unified_api.models.base import CommonModel
from unified_api.models.hidden import HIDDEN, hides
from unified_api.sync.bridge.records import Frame

_EMPTY: Final = format_html('<em class="empty">{}</em>', "empty")


@dataclass(frozen=True)
class Named:
    """A record: what it is called, where its page is, and where its history. `name`: what it is matched by."""

    name: str
    page: str
    history: str
    is_gone: bool = False


def value(field: str, told: Any, secret: Container[str] = ()) -> Any:
    """A value of a field; one that is withheld, or sensitive in whatever model, is hidden."""
    return HIDDEN if hides(field, secret) else spelled(told)


def spelled(told: Any) -> Any:
    """A JSON value: texts as they are, nothing as a word, all else as JSON."""
    if told in (None, "", [], {}):
        return _EMPTY
    return (
        told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)
    )


def sides(frame: Frame) -> dict[str, str]:
    """Both sides by their letters, with their integrations."""
    return {side.value: f"{side.value}: {_integration(frame, side)}" for side in Side}


def records(frame: Frame, ids: Iterable[uuid.UUID | None], secret: Container[str]) -> dict[uuid.UUID, Named]:
    """These records of a bridge, by id, read at once; those that are not there are left out."""
    match = [name for name in frame.match if not hides(name, secret)]
    rows = frame.model.objects.filter(id__in={one for one in ids if one})
    return {row.id: _named(row, match) for row in rows.only("id", "remote_id", "remote_was_deleted", *match)}


def history_of(record_id: uuid.UUID) -> str:
    """Where the history of a record is."""
    return reverse("admin:sync_change_record", args=[record_id])


def _integration(frame: Frame, side: Side) -> str:
    account = frame.accounts[side]
    return str(account) if account else "an account that is not linked any more"


def _named(row: CommonModel, match: Iterable[str]) -> Named:
    words = " · ".join(str(told) for name in match if (told := getattr(row, name)) not in (None, ""))
    options = row._meta
    page = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[row.id])
    name = f"{words} ({row.remote_id})" if words else str(row.remote_id)
    return Named(name, page, history_of(row.id), row.remote_was_deleted)
