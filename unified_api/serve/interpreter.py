"""Python itself, set for a worker: threads that talk to the database beside one that decodes pages."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: New objects until the collector looks through them. A page of a list is some twenty thousand, all in use until it
#: has landed: looking through them every 700, as is the default, took a fifth of a pull's CPU time.
NEW_OBJECTS: Final = 20_000
#: Seconds until a thread that computes lets another one go on. The default, 5 ms, is what a thread waits after each
#: answer of the database while a page is decoded beside it, a score of times a page.
TURN: Final = 0.0005
#: Of glibc's malloc.h. Each thread would keep pages of its own that were freed, although one at a time makes them.
_M_ARENA_MAX: Final = -8


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded stays: to look through it time and again, and at the end, took a fifth of a short command."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def prepare() -> None:
    """To be called once, when everything is loaded: what is there by now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    sys.setswitchinterval(TURN)
    tune = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
    if tune is not None:
        tune(_M_ARENA_MAX, 1)
