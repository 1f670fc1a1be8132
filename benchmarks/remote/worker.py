"""A worker of the installation in ISTHMUS_HOME that knows the remote's adapter, and does due work when it is told to.

Reads a line from standard input; answers it, once nothing is due any more, with a line of JSON:
{"seconds": …, "cpu": seconds of its own, "peak": bytes, "now": bytes}
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django
import orjson


def memory() -> dict[str, int]:
    """The most memory that this process has had, and what it has now; unlike rusage's figure, not its parent's."""
    status = Path("/proc/self/status").read_text()
    return {
        word: int(status.partition(f"{name}:")[2].split()[0]) * 1024
        for word, name in (("peak", "VmHWM"), ("now", "VmRSS"))
    }


def main() -> None:
    """Obey until standard input ends."""
    django.setup()
    from benchmarks.remote.adapter import PROVIDER
    from unified_api import registry
    from unified_api.serve import interpreter
    from unified_api.sync import job, tasks

    registry.register(PROVIDER)
    interpreter.prepare()
    for _order in sys.stdin:
        began, cpu = time.monotonic(), time.process_time()
        while due := job.due():
            tasks.work(next(iter(due)))
        spent = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
        print(orjson.dumps({**spent, **memory()}).decode(), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")
    main()
