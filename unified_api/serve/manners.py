"""How a process behaves towards its neighbours on the machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

#: Nice value of what nobody waits for: it takes what the others leave.
MODEST = 10
#: Where Linux weighs sessions against each other before it looks at the nice values within them.
SESSION = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let all other processes go first.

    A child of `up` has a session of its own, whose weight is lowered too; a session that is shared with others, such
    as a terminal's, is left alone. Where the system has neither, nothing happens.
    """
    if not hasattr(os, "nice"):
        return
    os.nice(MODEST)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            SESSION.write_text(str(MODEST))
