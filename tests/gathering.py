"""Results of several workers as they come: each is a thread of its own, which may drive a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Queue
from typing import Any

#: What tells of a result.
Give = Callable[[Any], None]


def gathered(workers: Sequence[Callable[[Give], None]]) -> Iterator[Any]:
    """What these give, until all have ended; one that fails ends, and the others go on."""
    results: Queue[tuple[Any] | None] = Queue()
    threads = [threading.Thread(target=_work, args=(one, results), daemon=True) for one in workers]
    for thread in threads:
        thread.start()
    left = len(threads)
    while left:
        result = results.get()
        if result is None:
            left -= 1
        else:
            yield result[0]
    for thread in threads:
        thread.join()


def _work(worker: Callable[[Give], None], results: Queue[tuple[Any] | None]) -> None:
    try:
        worker(lambda result: results.put((result,)))
    finally:
        results.put(None)
