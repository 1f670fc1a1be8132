"""What an adapter hands on to be kept of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from integrations.kit.observation import Observation

#: Names under which an answer has what lets somebody in.
_LETS_IN: Final = re.compile(r"api_?key|password|private_?key|secret|token", re.IGNORECASE)


def secrets_in(seen: Iterable[Observation]) -> set[str]:
    """Names in the raw answers of records, and of those inside them, under which stands what looks like a secret."""
    return {name for one in seen for part in (one, *one.embedded) for name in _named(part.raw)}


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, str) and value and _LETS_IN.search(name):
                yield name
            yield from _named(value)
