"""Errors say what happened, where and in whose words; and they survive the way through a broker."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from integrations.kit.errors import Gone, Moved, ProviderError, Rejected, RetryLater

FACTS: dict[str, Any] = {"request": "GET /x", "status": 400, "detail": "no luck"}


@pytest.mark.parametrize(
    "error",
    [
        Gone("gone", **FACTS),
        RetryLater("later", after=3.5, **FACTS),
        Rejected("no", fields={"name": "is odd"}, **FACTS),
        Moved("moved", fields={"name": "is 'x' by now"}),
    ],
)
def test_errors_survive_pickling(error: ProviderError) -> None:
    """Kind, sentence and every fact are the same afterwards."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_an_error_is_one_sentence() -> None:
    """What, where, the status, the provider's words, and each field."""
    error = Rejected("the provider refuses this", fields={"name": "is odd"}, **FACTS)

    assert str(error) == "the provider refuses this (GET /x answered 400): no luck [name: is odd]"
    assert str(Gone("gone")) == "gone"
