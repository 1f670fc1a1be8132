"""`manage.py bridge drift`: both sides compared now."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.bridge.test_drift import forget_mark
from tests.unified_api.sync.conftest import tenant
from unified_api.sync.models_bridge import Bridge

__all__ = ["bridged", "desks", "tenant"]  # fixtures


def test_equal_sides_show_no_drift(call: Call, bridged: Bridged) -> None:
    """The numbers, as lines and as JSON; as many records are read anew as were asked for."""
    told = call("bridge", "drift", str(bridged.bridge_id)).out
    document = call("bridge", "drift", str(bridged.bridge_id), "--deep", "0", "--json").document

    assert told.splitlines() == [
        "1 pairs compared, 0 passed over, 2 records read anew.",
        "side a: to it 0, missing there 0, unmirrored 0, edited where a field only arrives 0",
        "side b: to it 0, missing there 0, unmirrored 0, edited where a field only arrives 0",
    ]
    assert (document["compared"], document["sampled"], document["findings"]) == (1, 0, [])


def test_drift_is_named_and_ends_with_an_error(call: Call, bridged: Bridged) -> None:
    """A lost mark: which record of which side lacks what, and an exit status that a script sees."""
    bridged.a.edit("1", title="Plotter")
    forget_mark(bridged)
    with pytest.raises(CommandError, match=r"drifted apart \(1\)"):
        call("bridge", "drift", str(bridged.bridge_id), "--mend")
    call("bridge", "run", str(bridged.bridge_id))

    assert bridged.both("title") == (["Plotter"], ["Plotter"])
    assert call("bridge", "drift", str(bridged.bridge_id), "--json").document["to_b"] == 0


def test_a_bridge_that_has_not_begun_is_refused(call: Call, desks: Bridged) -> None:
    """There is nothing to compare yet; nor is a negative number of records one."""
    desks.join(paused=True)
    with pytest.raises(CommandError, match="has not begun"):
        call("bridge", "drift", str(desks.bridge_id))
    with transaction.atomic():
        Bridge.objects.update(cursor=1)
    with pytest.raises(CommandError, match="--deep takes a number"):
        call("bridge", "drift", str(desks.bridge_id), "--deep", "-1")
