"""Calls and meetings: a length in place of an end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Rejected
from tests.emulators.engine import Emulator
from tests.emulators.vendors.pipedrive import records
from tests.integrations.providers.pipedrive.house import resource_of
from unified_api.models.crm import Engagement


def _at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


def test_whoever_moves_the_start_alone_has_the_end_stay(house: Emulator, client: Client) -> None:
    """As a bridge sends what one side moved, and would carry back an end that moved along."""
    told = {"type": "meeting", "due_date": "2026-03-01", "due_time": "10:00:00", "duration": "01:00"}
    made = str(records.new(house.world, "activities", subject="Talk", **told)["id"])
    engagements = resource_of(Engagement)
    moved = client.update(engagements, made, {"start_time": _at(9)})

    assert (moved.values["start_time"], moved.values["end_time"]) == (_at(9), _at(11))
    later = client.update(engagements, made, {"start_time": _at(10, 30), "end_time": _at(11)})
    assert (later.values["start_time"], later.values["end_time"]) == (_at(10, 30), _at(11))
    with pytest.raises(Rejected) as caught:
        client.update(engagements, made, {"start_time": _at(12)})
    assert set(caught.value.fields) == {"start_time"}


def test_an_engagement_whose_start_is_taken_away_has_no_end(house: Emulator, client: Client) -> None:
    """One that has no length has none before, either, and gets none with a start."""
    told = {"type": "call", "due_date": "2026-03-01", "due_time": "10:00:00"}
    made, open_end = (
        str(records.new(house.world, "activities", subject="Talk", duration=lasts, **told)["id"])
        for lasts in ("01:00", "")
    )
    engagements = resource_of(Engagement)

    assert client.update(engagements, made, {"start_time": None}).values["end_time"] is None
    assert client.update(engagements, open_end, {"start_time": _at(9)}).values["end_time"] is None
