"""A record that is gone when somebody looks for what became of a write to it."""

from __future__ import annotations

from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_outcome import hurry
from unified_api.sync.models import Write, WriteState
from unified_api.sync.models_bridge import Overruled


def test_an_edit_behind_a_lost_write_is_on_record_though_its_record_is_gone(bridged: Bridged) -> None:
    """It may have given way before the ticket was deleted; and nobody knows that what was sent was seen there."""
    bridged.a.edit("1", title="Mine")
    bridged.b.edit("1", title="Theirs")
    bridged.read()
    bridged.b.cut_after_write = 1
    bridged.work_once()
    bridged.b.tables["tickets"].clear()
    hurry(bridged)
    standing = bridged.round()

    with transaction.atomic():
        write = Write.objects.latest("journalled_at")
        told = Overruled.objects.values_list("field", "side", "value", "by", "rule")
        assert (write.state, list(told)) == (
            WriteState.REJECTED,
            [("name", "b", "Theirs", "Mine", "winner")],
        )
    assert standing["pairs"] == {"gone": 1}


def test_a_write_that_met_no_record_overrules_nobody(bridged: Bridged) -> None:
    """The provider said so itself: the ticket had been deleted before anything was written to it."""
    bridged.a.edit("1", title="Mine")
    bridged.b.edit("1", title="Theirs")
    bridged.read()
    bridged.b.tables["tickets"].clear()
    bridged.work_once()
    bridged.round()

    with transaction.atomic():
        assert not Overruled.objects.exists()
