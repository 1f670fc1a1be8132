"""The story's second half: a bridge keeps the tickets of both systems equal, in both directions."""

from __future__ import annotations

from demo.stage import Stage


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
