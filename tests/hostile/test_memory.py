"""What an answer can take of a worker's memory, with the limits of production: measured in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.hostile.server import Behaviour, Heard, Line, answer, floods, head, says, serving

MEGABYTE = 1024 * 1024


def bomb(line: Line, _heard: Heard) -> None:
    """Ten gigabytes of spaces, in ten megabytes."""
    packer = zlib.compressobj(9, wbits=31)
    block = packer.compress(b" " * 64 * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    again = zlib.compressobj(9, wbits=-15)
    more = again.compress(b" " * 64 * MEGABYTE) + again.flush(zlib.Z_FULL_FLUSH)
    line.say(head(200, Content_Encoding="gzip") + block)
    for _ in range(160):
        line.say(more)


def filled(unit: bytes, megabytes: float) -> bytes:
    """A page whose list holds this again and again, so many megabytes in all."""
    number = int(megabytes * MEGABYTE) // (len(unit) + 1)
    return b'{"items": [' + b",".join([unit] * number) + b"]}"


def full_page() -> bytes:
    """As many records as an answer may have, of half a kilobyte on the wire each."""
    more = {"title": "t" * 80, "text": "ü" * 60, "more": {"a": [1, 2, 3], "b": {"c": None}}}
    return json.dumps({"items": [{"id": n, **more} for n in range(20_000)]}).encode()


#: Path: what is answered there, words of the outcome, and by how many megabytes the worker may grow at the most: far
#: less than without the limits, and far more than is measured, since what it takes from the system, and when it gives
#: that back, is the allocator's to say. The answers are made when they are needed: all take seconds, and 250 MB.
CASES: dict[str, tuple[Callable[[], Behaviour], str, int]] = {
    "/fifty-megabytes": (lambda: says(answer(b" " * 50 * MEGABYTE)), "larger than 33554432", 20),
    "/endless": (lambda: floods(head(), b" " * MEGABYTE), "larger than 33554432", 250),
    "/bomb": (lambda: bomb, "larger than 33554432", 250),
    # At the worst moment a body is there three times, and an eighth more: as it grew, where to, and as a whole.
    # Its lists would take twenty times as much, and those of the next one seventy times.
    "/empty-lists": (lambda: says(answer(filled(b"[]", 31))), "more than 2000000 values", 250),
    "/deep": (lambda: says(answer(b"[" * 31 * MEGABYTE)), "more than 2000000 values", 250),
    "/numbers": (lambda: says(answer(filled(b"1", 3))), "more than 50000", 120),
    "/small-records": (lambda: says(answer(filled(b'{"id":1}', 3))), "more than 50000", 250),
    "/dense": (
        lambda: says(answer(b'{"items": [{"id": 1, "more": ' + filled(b"[]", 2.8)[10:-1] + b"}]}")),
        "1 records",
        350,
    ),
    "/one-text": (
        lambda: says(answer(b'{"items": [{"id": 1, "text": "' + b"x" * 31 * MEGABYTE + b'"}]}')),
        "0 records",
        350,
    ),
    "/one-dirty-text": (
        lambda: says(answer(b'{"items": ["' + b"\\u0000" * 5 * MEGABYTE + b'"]}')),
        "0 records",
        350,
    ),
    "/a-full-page": (lambda: says(answer(full_page())), "20000 records", 350),
}


@pytest.fixture(scope="module")
def eaten() -> dict[str, Any]:
    """What each answer did to a process that read it."""
    odd = {path: made() for path, (made, _words, _most) in CASES.items()}
    with serving(says(head(404)), odd) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.hostile.eater", server.url, *CASES],
            capture_output=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "unified_api.settings", "LOG_LEVEL": "ERROR"},
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    outcomes: dict[str, Any] = json.loads(done.stdout)
    return outcomes


@pytest.mark.parametrize("path", CASES)
def test_no_answer_fills_the_memory_of_a_worker(path: str, eaten: dict[str, Any]) -> None:
    """Whatever is sent, the worker grows by a known number of megabytes at the most, and says what was too much."""
    _made, words, most = CASES[path]

    assert words in eaten[path]["outcome"]
    assert eaten[path]["grown"] < most
