"""A process that plays histories on a stage of its own: `python -m tests.chaos.player FOLDER KEEP KIND SEED…`.

One line of JSON per history goes to standard output.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from tests.chaos.history import play
from tests.chaos.plan import plan_of
from tests.chaos.stage import set_up_django, staged
from unified_api.serve.children import follow_parent


def main(folder: Path, keep: Path, kind: str, seeds: list[int]) -> None:
    """Play them all."""
    set_up_django(folder / "home")
    with staged(folder, together=kind == "up") as stage:
        for seed in seeds:
            print(play(stage, plan_of(seed), keep).as_json(), flush=True)  # noqa: T201 - read by who started us


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    follow_parent()
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], [int(word) for word in sys.argv[4:]])
