"""Being the child of a supervisor: ending when it ends, even when it was killed and could not say so."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from unified_api.serve.keeper import die_with_parent

#: Set by the supervisor for its children: its process id.
SUPERVISOR = "ISTHMUS_SUPERVISOR"


def follow_supervisor() -> None:
    """End with the supervisor, if this process has one; SystemExit when it is gone already."""
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None:
        return
    follow_parent()
    if os.getppid() != int(supervisor):
        sys.exit("The supervisor is gone.")


def follow_parent() -> None:
    """Get SIGTERM when the parent ends: from the kernel on Linux, elsewhere from a thread that looks."""
    if sys.platform == "linux":
        die_with_parent(signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
