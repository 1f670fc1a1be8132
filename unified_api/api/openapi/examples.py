"""What sandboxes really answered, by operation: the examples of the document. Recorded by `make examples`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import orjson

RECORDED: Final = Path(__file__).with_name("examples.json")


@functools.cache
def of(operation_id: str) -> dict[str, Any]:
    """The example of an operation: its `status`, its `answer`, and what was `sent` if it takes a body; or nothing."""
    found: dict[str, Any] = _all().get(operation_id, {})
    return found


@functools.cache
def _all() -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(RECORDED.read_bytes())
    return told
