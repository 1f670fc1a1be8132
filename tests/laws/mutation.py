"""One way to break the engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """What is broken, in which file of the engine, and the text that is replaced by which."""

    told: str
    file: str
    old: str
    new: str
