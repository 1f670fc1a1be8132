"""Undo where records stand for files."""

from __future__ import annotations

from django.db import transaction

from tests.unified_api.sync.bridge.test_files import Desks, desks
from tests.unified_api.sync.bridge.test_plans import tell
from tests.unified_api.sync.memory.test_undo import items
from unified_api.sync import steer
from unified_api.sync.bridge import bringing_back
from unified_api.sync.memory import deeds, undo
from unified_api.sync.models import Stream, Write
from unified_api.sync.models_bridge import Bridge

__all__ = ["desks"]  # a fixture


def test_a_file_that_both_sides_lost_is_not_promised(desks: Desks) -> None:
    """Nobody has its bytes: a problem says so, and no create is shown that could never be made."""
    desks.a.attach("1", "log.txt", b"It says nothing.")
    desks.apply()
    desks.round()
    desks.desks.bridge_id = desks.bridges["ticketing.Attachment"]
    tell(desks.desks, deletes={"a": "propagate", "b": "propagate"})
    desks.a.tables["files"].clear()
    with transaction.atomic():
        for stream in Stream.objects.filter(model="ticketing.Attachment"):
            steer.allow_removals(stream.id)
    desks.round()
    assert desks.b.tables["files"] == {}

    with transaction.atomic():
        bridge = Bridge.objects.get(id=desks.desks.bridge_id)
        write = Write.objects.get(model="ticketing.Attachment", operation="delete")
        plan = undo.make(bridge, deeds.of_write(bridge, write.id), "A person asked for it.")
    [item] = items(plan)
    assert (item.action, item.fields["kind"], item.fields["reason"]) == (
        "problem",
        "gone",
        bringing_back.NO_BYTES,
    )
