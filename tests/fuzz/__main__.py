"""Generated requests: `make fuzz ARGS="--seconds 600 --seed 1"`, or `python -m tests.fuzz`.

The web server runs as a process, with accounts at the three sandboxes and of the tenant's product. schemathesis reads
the OpenAPI document and sends what it allows, and what it forbids, to every operation; each answer goes through all of
its checks. What is generated follows from the seed, as far as answers do not lead to it: their ids are new with every
run.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.launch import ROOT
from unified_api.serve.children import follow_parent


def main(words: Sequence[str] | None = None) -> int:
    """Send, and tell; 1 when something was found, or an operation was not met."""
    options = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    follow_parent()
    logging.disable(logging.WARNING)  # of this process; what the web server says is kept
    with tempfile.TemporaryDirectory(prefix="isthmus-fuzz-", ignore_cleanup_errors=True) as folder:
        from tests.fuzz.stage import staged

        with staged(Path(folder)) as stage:
            from tests.fuzz.play import Wish, lines, play

            phases = tuple(options.phases.split(","))
            told = (options.seed, options.examples, options.seconds, phases, options.only)
            wish = Wish(*told, learns=not options.repeatable)
            result = play(stage, wish, _tell)
            if result.findings:
                _keep(Path(folder, "web.log"), Path(options.keep))
    document = result.document()
    print(json.dumps(document) if options.json else "\n".join(lines(result)))  # noqa: T201 - a command
    missed = document["met"] < document["operations"]
    return 1 if document["findings"] or document["errors"] or missed else 0


def _keep(log: Path, folder: Path) -> None:
    """Keep what the web server said of what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / log.name).write_bytes(log.read_bytes())


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what is generated follows from it (1)")
    parser.add_argument("--examples", type=int, default=20, help="random requests of each operation (20)")
    parser.add_argument("--seconds", type=int, default=600, help="the most that it takes; 0 for no end (600)")
    parser.add_argument("--phases", default="coverage,fuzzing,stateful", help="some of these")
    parser.add_argument("--only", default="", help="part of the paths that are asked")
    parser.add_argument(
        "--keep", default=str(ROOT / ".isthmus" / "fuzz"), help="where the log of findings goes"
    )
    parser.add_argument("--repeatable", action="store_true", help="learn nothing from answers")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
