"""`python -m tests.conformance`: try every adapter at its far side, and print what was tried.

`--write` writes that into the pages, when all has succeeded; `--lengths` tries nothing, and prints how long adapters
are. Further arguments go to pytest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.emulators import official

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]


class Printer:
    """Told by pytest when it is done, while the adapters are still registered."""

    def __init__(self, *, write: bool) -> None:
        self.write = write

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Print, and write what has succeeded."""
        from tests.conformance import pages
        from tests.conformance.table import conformance, unread
        from tests.conformance.trial import TALLIES

        counts = {slug: tally.counted for slug, tally in TALLIES.items()}
        print("", *conformance(counts), "", *unread(), official.told(), sep="\n")  # noqa: T201 - its output
        if self.write and exitstatus == pytest.ExitCode.OK:
            print(pages.write(counts))  # noqa: T201 - the same


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables into the pages")
    parser.add_argument("--lengths", action="store_true", help="only print how long the adapters are")
    given, further = parser.parse_known_args()
    if given.lengths:
        return _lengths()
    told = [str(HERE), "--quiet", "-n", "0", "--rootdir", str(ROOT), *further]
    if given.write:  # what is out of date is about to be written
        told += ["--deselect", f"{HERE.relative_to(ROOT)}/test_table.py::test_the_tables_are_current"]
    return int(pytest.main(told, plugins=[Printer(write=given.write)]))


def _lengths() -> int:
    from tests import conftest  # noqa: F401 - sets Django up as tests do
    from tests.conformance.lengths import lengths

    print(*lengths(), sep="\n")  # noqa: T201 - its output
    return 0


if __name__ == "__main__":
    sys.exit(main())
