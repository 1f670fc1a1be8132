"""Calls that cannot be told how long they may take, such as the resolution of a name.

Such a call goes on in a thread of its own; when its time is over nobody waits for it any more, and what comes of it is
thrown away. At most so many of them are under way, so that name servers that hang cannot fill the process with threads.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Calls under way in this process, those included that nobody waits for.
MOST = 64
_free = threading.BoundedSemaphore(MOST)


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns, or raises of OSError and ValueError; TimeoutError when it takes longer."""
    ends = time.monotonic() + seconds
    free = _free
    if not free.acquire(timeout=max(0.0, seconds)):
        raise TimeoutError("too many names are being looked up")
    answers: queue.SimpleQueue[T | Exception] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(call, answers, free), daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
    except queue.Empty:
        raise TimeoutError("the name could not be looked up in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _run(
    call: Callable[[], T], answers: queue.SimpleQueue[T | Exception], free: threading.BoundedSemaphore
) -> None:
    try:
        answers.put(call())
    except (OSError, ValueError) as error:
        answers.put(error)
    finally:
        free.release()
