"""How the story is told: one place that prints, and the error of a step that was not seen."""

from __future__ import annotations

import json
import shlex
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: The widest value that is shown whole.
WIDE = 112


class NotSeen(Exception):
    """A step did not show what it should; the text says what was expected, and what was seen."""


class Teller:
    """Prints lines as things happen; several threads may report progress at once.

    steps, title: how many steps there were, and what the last one is about.
    """

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._began = time.monotonic()
        self.steps = 0
        self.title = ""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace", line_buffering=True)

    def line(self, text: str = "") -> None:
        """One line, whole."""
        with self._writing:
            print(text, flush=True)

    def progress(self, text: str) -> None:
        """What is being prepared, with the seconds since the beginning."""
        self.line(f"  {time.monotonic() - self._began:5.1f} s  {text}")

    def chapter(self, title: str) -> None:
        """A part of the story."""
        self.line(f"\n── {title} " + "─" * max(2, 76 - len(title)))

    def say(self, text: str) -> None:
        """A sentence within a step."""
        self.line(f"   {text}")

    def command(self, *words: str) -> None:
        """A command of ours, as it can be typed."""
        self.say(f"$ manage.py {shlex.join(words)}")

    def values(self, *shown: tuple[str, Any]) -> None:
        """Names and values below each other."""
        width = max(len(name) for name, _ in shown)
        for name, value in shown:
            self.line(f"   {name:<{width}}  {spelled(value)}")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step with its number, and how long it took when it was seen."""
        self.steps += 1
        self.title = title
        self.line(f"\n{self.steps}. {title}")
        began = time.monotonic()
        yield
        self.line(f"   ✓ {time.monotonic() - began:.2f} s")


def spelled(value: Any) -> str:
    """A value in one line, cut when it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= WIDE else f"{text[: WIDE - 1]}…"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def expect(what: str, seen: Any, wanted: Any) -> None:
    """Raise NotSeen unless both are equal."""
    if seen != wanted:
        raise NotSeen(f"{what} {contrast(seen, wanted)}")


def contrast(seen: Any, wanted: Any) -> str:
    """What should be, and what is instead; of lists of texts only what differs, as much else would be cut."""
    if _are_texts(seen) and _are_texts(wanted):
        lacks, more = Counter(wanted) - Counter(seen), Counter(seen) - Counter(wanted)
        return f"lacks {spelled([*lacks.elements()])}, and has {spelled([*more.elements()])} that should not be there"
    return f"should be {spelled(wanted)}, and is {spelled(seen)}"
