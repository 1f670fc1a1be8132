"""Environments for peers, each from its lock with hashes, kept between runs; never our own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import say
from benchmarks.remote.serving import Program, program
from demo.servers.software import installed

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".isthmus" / "peers"


@contextmanager
def peer(name: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """The peer's program, in its environment (made at the first time) and a folder that is gone afterwards."""
    programs = installed(name, KEPT, say, kind="peer")
    with tempfile.TemporaryDirectory(prefix="isthmus-peer-") as folder:
        told = {**os.environ, **environment, "HOME": folder, "DLT_DATA_DIR": folder}
        with program([str(programs / "python"), str(HERE / f"{name}_landing.py")], told) as running:
            yield running
