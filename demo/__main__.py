"""`python -m demo`: two real systems, linked, read, written to and kept equal. `make demo` calls it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import requests

from demo import evidence
from demo.isthmus import REPOSITORY, IsthmusFailed
from demo.servers import ServerFailed
from demo.servers.software import InstallFailed
from demo.stage import StageTaken, staged
from demo.story import epilogue, tell
from demo.telling import NotSeen, Teller
from unified_api.serve.disguise import NoDisguise
from unified_api.serve.web import PortTaken

#: What can go wrong, each with a sentence that says so.
FAILURES = (IsthmusFailed, InstallFailed, NoDisguise, PortTaken, ServerFailed, StageTaken, OSError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the story; 0 if every step was seen."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupted)
    teller = Teller()
    try:
        return _run(options, teller)
    except KeyboardInterrupt:
        teller.line("\nStopped.")
        return 130 if options.once else 0
    except FAILURES as error:
        teller.line(f"demo: {error}")
        return 1


def _run(options: argparse.Namespace, teller: Teller) -> int:
    with staged(options.home, options.software, options.port, teller) as stage:
        try:
            tell(stage)
        except (NotSeen, IsthmusFailed, requests.RequestException) as error:
            told = f"✗ step {teller.steps} was not seen: {error}"
            teller.say(told)
        else:
            epilogue(stage, stays=not options.once)
            if not options.once:
                signal.pause()
            return 0
    # Last, and the reason behind all else: whoever sees only the end of the output sees why.
    for line in (*evidence.of(stage), f"\n{teller.steps}. {teller.title}", f"   {told}"):
        teller.line(line)
    return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    home = Path(os.environ.get("ISTHMUS_HOME") or REPOSITORY / ".isthmus").absolute()
    parser = argparse.ArgumentParser(prog="make demo", description=sys.modules[__name__].__doc__)
    parser.add_argument("--once", action="store_true", help="end after the story; status 0 if all was seen")
    parser.add_argument("--port", type=int, default=8000, help="where Isthmus listens (8000)")
    parser.add_argument(
        "--software", type=Path, default=home / "servers", help="where the servers' packages are kept"
    )
    parser.set_defaults(home=home)
    return parser.parse_args(arguments)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
