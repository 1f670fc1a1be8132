"""Python's collector of cycles, set for work that makes many objects at a time and hardly any cycle."""

from __future__ import annotations

import gc
from typing import Final

#: New objects until the collector looks through them. A page of a list is some twenty thousand, all in use until it
#: has landed: looking through them every 700, as is the default, took a fifth of a pull's CPU time.
NEW_OBJECTS: Final = 20_000


def collect_seldom() -> None:
    """To be called once, when everything is loaded: what is there by now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
