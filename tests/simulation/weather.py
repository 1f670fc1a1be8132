"""How much goes wrong in a history."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.simulation.wire import FAULTS


@dataclass(frozen=True)
class Weather:
    """How much goes wrong: shares of requests with each fault, and of points at which a worker is held or killed."""

    faults: dict[str, float]
    held: float
    killed: float

    @classmethod
    def drawn(cls, chance: Random) -> Weather:
        """Some histories are calm; most are not."""
        rough = chance.choice([0.0, 0.02, 0.05])
        faults = {name: rough * chance.random() for name in FAULTS} if rough else {}
        return cls(faults, chance.choice([0.0, 0.1, 0.25]), chance.choice([0.0, 0.0, 0.002, 0.005]))
