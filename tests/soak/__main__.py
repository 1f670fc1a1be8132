"""A long soak: `make soak ARGS="--seconds 300 --tickets 200 --seed 1"`, or `python -m tests.soak`.

The product with a bridge between the real Roundup and the real django-helpdesk. People edit the same tickets on both
sides through the servers' own APIs, while web, workers, beat, Postgres, its keeper and the servers are killed at
random. Then all comes to rest: both sides have to be equal, with nothing doubled, and every edit is accounted for. Ten
more rounds may write nothing. What people and blows do follows from the seed; how it meets does not.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import report
from tests.chaos.launch import MUTANT, ROOT
from tests.chaos.stage import set_up_django, staged
from unified_api.serve.children import follow_parent


def main(words: Sequence[str] | None = None) -> int:
    """Play, and tell; 1 when something is wrong."""
    options = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    follow_parent()
    with tempfile.TemporaryDirectory(prefix="isthmus-soak-", ignore_cleanup_errors=True) as folder:
        os.environ[MUTANT] = options.mutant
        set_up_django(Path(folder, "home"))
        logging.disable(logging.WARNING)  # of this process, which loses its connections all the time
        from tests.soak.play import Soak, Wish

        wish = Wish(options.seconds, options.tickets, options.seed, options.people, options.rate)
        with staged(Path(folder), together=False, sizes=[options.tickets]) as stage:
            document = Soak(stage, wish, _tell).play(Path(options.keep).absolute()).document()
    print(json.dumps(document) if options.json else report.table(document))  # noqa: T201 - a command
    return 1 if document["violations"] else 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="for which people edit (300)")
    parser.add_argument("--tickets", type=int, default=200, help="on each side when it begins (200)")
    parser.add_argument("--seed", type=int, default=1, help="what people and blows do follows from it (1)")
    parser.add_argument("--people", type=int, default=4, help="who edit on each side (4)")
    parser.add_argument(
        "--rate", type=float, default=3.0, help="acts a second of all of them, at the most (3)"
    )
    parser.add_argument("--keep", default=str(ROOT / ".isthmus" / "soak"), help="where logs of a failure go")
    parser.add_argument("--mutant", default="", help="break the product on purpose, see chaos/mutants.py")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
