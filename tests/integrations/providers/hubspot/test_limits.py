"""What a portal says of its limits, and who learns it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import RetryLater
from integrations.kit.http import Patience
from integrations.kit.limiter import Unlimited
from tests.emulators.engine import Emulator
from tests.integrations.providers.hubspot.portal import PROVIDER, account_at

SPENT = {"X-HubSpot-RateLimit-Daily": "625000", "X-HubSpot-RateLimit-Daily-Remaining": "0"}


@dataclass
class Noted(Unlimited):
    """What the account's budget is told."""

    told: list[tuple[int, datetime]] = field(default_factory=list)

    def learn(self, remaining: int, reset: datetime) -> None:
        """Keep it."""
        self.told.append((remaining, reset))


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ({"time_zone": "Asia/Tokyo"}, datetime(2026, 1, 31, 15, tzinfo=UTC)),
        ({}, None),
    ],
)
def test_a_day_that_is_spent_rests_until_midnight_there(
    portal: Emulator, zone: dict[str, str], until: datetime | None
) -> None:
    """And from hour to hour where the zone of the account is not known."""
    portal.faults.refuse(429, "GET */details", headers=SPENT)
    noted, line = Noted(), account_at(portal).connection
    line = replace(line, limiter=noted, settings={**line.settings, **zone})
    with Client(PROVIDER, line, patience=Patience(attempts=1)) as client, pytest.raises(RetryLater):
        client.check()

    assert noted.told == [(0, until or portal.world.clock.now() + timedelta(hours=1))]
