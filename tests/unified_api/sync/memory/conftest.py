"""What tests of the memory share: two bridged desks, and questions about their records."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from tests.stub import Desk
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from unified_api.sync.memory import history, telling
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.why import Answer, why

__all__ = ["bridged", "desks"]  # fixtures


def subject(record: uuid.UUID) -> Subject:
    """The record that is asked about."""
    found = Subject.find(record)
    assert found is not None
    return found


def record_at(bridged: Bridged, side: str) -> uuid.UUID:
    """The record of the only pair at a side."""
    (pair,) = bridged.pairs()
    found: uuid.UUID = getattr(pair, f"record_{side}")
    return found


def edit(desk: Desk, **values: Any) -> None:
    """Change the only ticket of a desk, as its people do."""
    (remote_id,) = desk.tables["tickets"]
    desk.edit(remote_id, **values)


def told(record: uuid.UUID, field: str | None = None) -> list[dict[str, Any]]:
    """The whole history, newest first."""
    with transaction.atomic():
        about = subject(record)
        entries = history.entries(about, field, beyond=None, backwards=False, limit=100)
        return history.told(about, entries, field)


def ask(record: uuid.UUID, field: str, **more: Any) -> tuple[Answer, str]:
    """Why, and the sentence."""
    with transaction.atomic():
        answer = why(subject(record), field, **more)
        return answer, telling.sentence(answer)
