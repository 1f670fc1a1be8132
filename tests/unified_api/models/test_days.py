"""Calendar days, which the wire tells as date-times."""

from __future__ import annotations

import datetime as dt

import pytest

from unified_api.models.fields import Day


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-30",
        "2026-11-30T00:00:00Z",
        "2026-11-30T23:59:59",
        "2026-11-30T00:00:00+01:00",  # midnight in Berlin, as a client writes a day there
        "2026-11-30T00:00:00-05:00",
        "2026-11-30T08:30:00+13:00",
        "2026-11-29T19:00:00-05:00",  # midnight UTC, as a client in New York may say it again
    ],
)
def test_a_day_is_the_one_that_its_author_wrote(told: str) -> None:
    """A zone moves no birthday."""
    assert Day().parse(told) == dt.date(2026, 11, 30)
