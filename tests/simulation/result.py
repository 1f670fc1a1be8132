"""What comes out of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Result:
    """What came out: `wrongs` is empty when every law held."""

    seed: int
    wrongs: list[str]
    counts: dict[str, int]
    rounds: int
    seconds: float
    trace: list[str] = field(default_factory=list, repr=False)

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {"seed": self.seed, "wrongs": self.wrongs, "counts": self.counts, "rounds": self.rounds} | {
            "seconds": round(self.seconds, 3)
        }
