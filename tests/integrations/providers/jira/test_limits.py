"""Which budget an answer of Jira's speaks of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import RetryLater
from integrations.kit.limiter import Unlimited
from integrations.providers.jira.limits import Points
from tests.emulators.engine import Emulator
from tests.integrations.lines import NOW
from tests.integrations.providers.jira.site import PROVIDER, application_at

POOL = '"{}-app-quota";r=11000;t=600'
TOLD = (11_000, NOW + timedelta(seconds=600))


@dataclass
class Noted(Unlimited):
    """What one budget is told."""

    paused: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        """Keep it."""
        self.paused.append(seconds)


@pytest.mark.parametrize(
    ("reason", "account", "application"),
    [
        ("jira-quota-global-based", [], [900.0]),
        ("jira-quota-tenant-based", [900.0], []),
        ("jira-burst-based", [], []),
        ("jira-per-issue-on-write", [], []),
    ],
)
def test_a_refusal_rests_those_whom_it_is_meant_for(
    site: Emulator, reason: str, account: list[float], application: list[float]
) -> None:
    """Points of all sites are the application's, a limit of one issue or burst nobody's; all else is the account's."""
    own, of_all = Noted(), Noted()
    line = replace(application_at(site).connection, limiter=own, of_application=of_all)
    site.faults.refuse(429, "GET */myself", headers={"Retry-After": "900", "RateLimit-Reason": reason})
    with Client(PROVIDER, line) as client, pytest.raises(RetryLater):
        client.check()

    assert (own.paused, of_all.paused) == (account, application)


@pytest.mark.parametrize(
    ("headers", "said", "whose"),
    [
        ({"Beta-RateLimit": POOL.format("global")}, TOLD, "application"),
        ({"Beta-RateLimit": POOL.format("tenant")}, TOLD, "account"),
        ({"Beta-RateLimit": POOL.format("global"), "RateLimit-Reason": "jira-burst-based"}, None, "account"),
        (
            {"Beta-RateLimit": POOL.format("global"), "RateLimit-Reason": "jira-quota-global-based"},
            TOLD,
            "application",
        ),
        ({"Beta-RateLimit": "something else"}, None, "account"),
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "2026-01-31T10:00Z"}, None, "account"),
    ],
)
def test_what_is_left_of_the_points_is_learned_for_whom_it_counts(
    headers: dict[str, str], said: tuple[int, datetime] | None, whose: str
) -> None:
    """By the header that is in trial; what is no pool teaches nothing."""
    assert Points().read(headers, NOW) == said
    assert Points().is_of_application(headers) is (whose == "application")
