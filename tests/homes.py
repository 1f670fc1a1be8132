"""Homes of installations that tests start, beside the one of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: Whoever is killed leaves what was written to the system; only a power cut would need it on the disk. To wait for the
#: disk with each commit means to wait for whatever else the machine writes just then.
QUICK: Final = "fsync = off\nfull_page_writes = off\n"


def quick(home: Path) -> Path:
    """The home, made if it is not there yet, whose Postgres waits for no disk."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "postgres.conf").write_text(QUICK)
    return home
