"""Records of another model inside the answers of a resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.kit.mapping import Mapping


@dataclass(frozen=True)
class Embedded:
    """Dotted path, and how each record there is mapped.

    those: of an answer, what is a record among all that stands there; without it everything is.
    """

    path: str
    mapping: Mapping
    those: Callable[[Any], list[Any]] | None = None
