"""What a value of another JSON type is taken for, and what is left to who sent it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from unified_api.models.conversions import day, number, understood
from unified_api.models.fields import Flag, Instant, Malformed, Number, Refs, Text, Texts, Whole, WireField

ID = uuid.UUID("0d9c2b1e-52b4-4a38-8f0e-6b9f5b0f9a11")


@pytest.mark.parametrize(
    ("field", "sent", "stored"),
    [
        (Text(), 5, "5"),
        (Text(), -(10**18), "-1000000000000000000"),
        (Whole(), "5", 5),
        (Whole(), "-9223372036854775808", -(2**63)),
        (Whole(), 5.0, 5),
        (Number(), "5", 5.0),
        (Number(), "-0.10", -0.1),
        (Flag(), "true", True),
        (Flag(), "False", False),
        (Texts(), "urgent", ["urgent"]),
        (Texts(), ["a", 7], ["a", "7"]),
        (Refs("ticketing.User"), str(ID), [ID]),
        (Instant(), "2026-01-31", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
    ],
)
def test_what_is_certain_is_converted_and_told(field: WireField, sent: Any, stored: Any) -> None:
    """Nothing is lost: it can be said again as it was sent."""
    found, expected = understood(field, sent)

    assert (found, type(found)) == (stored, type(stored))
    assert "expected" in expected


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (Text(), True),
        (Text(), 2.5),
        (Text(), ["a"]),
        (Text(), {}),
        (Whole(), "05"),
        (Whole(), "1,000"),
        (Whole(), " 5"),
        (Whole(), "\N{ARABIC-INDIC DIGIT FIVE}"),
        (Whole(), "9" * 19),
        (Whole(), "9" * 5000),
        (Whole(), 5.5),
        (Whole(), 1e300),
        (Whole(), float(2**53)),
        (Whole(), True),
        (Number(), "1e3"),
        (Number(), "nan"),
        (Number(), "0.12345678901234567"),
        (Number(), "9007199254740993"),
        (Number(), True),
        (Flag(), 1),
        (Flag(), "1"),
        (Flag(), "yes"),
        (Texts(), "a, b"),
        (Texts(), "two words"),
        (Texts(), ""),
        (Texts(), 5),
        (Texts(), [True]),
        (Refs("ticketing.User"), "nobody"),
        (Instant(), 1767225600),
    ],
)
def test_what_may_mean_something_else_is_refused(field: WireField, sent: Any) -> None:
    """Or what loses a digit."""
    with pytest.raises(Malformed):
        understood(field, sent)


def test_what_is_of_the_type_is_not_touched() -> None:
    """And nobody is told anything."""
    assert understood(Text(), "5") == ("5", "")
    assert understood(Number(), 2**60) == (float(2**60), "")


def test_numbers_and_days_of_a_providers_own_fields() -> None:
    """They go to it as JSON has them: a whole number stays one, and only midnight is a day."""
    assert [number(told) for told in ("5", "2.5", "x", 5)] == [5, 2.5, None, None]
    assert day("2026-01-31T00:00:00.000Z") == "2026-01-31"
    assert day("2026-01-31T09:30:00Z") is None
    assert day("2026-01-31T00:00:00+02:00") is None
