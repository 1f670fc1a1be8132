"""The process beside an embedded Postgres: starts it, also after a kill, and stops it after its last user.

Users of the cluster hold a shared lock. The keeper stops the server as soon as it gets the lock exclusively,
so the server outlives no user, however that user ended: the kernel lets go of a lock even after kill -9. A
newcomer waits at the same lock until the old server is gone, and then starts its own.

Run as a script, maybe under another user than its caller, so the standard library is all that it imports.
Arguments: folder of the binaries, data folder, descriptor of the users' lock, descriptor of the keeper's own
lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 0.25
TRIES = 6
_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGINT) -> None:
    """Ask the kernel to send this signal when the parent ends; where it cannot, nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def say(sentence: str) -> None:
    """One line into the server's log, which is our standard error."""
    sys.stderr.write(f"keeper {os.getpid()}: {sentence}\n")
    sys.stderr.flush()


def unused(users: int) -> bool:
    """Whether nobody holds the cluster any more; if so, newcomers wait until this process has ended."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def running_postmaster(data: Path) -> int | None:
    """The process that `postmaster.pid` names, if it lives and serves this folder."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return pid if str(data) in shown.stdout else None


def clear_the_way(data: Path) -> None:
    """Stop a server that lost its keeper, and drop a pid file whose number now belongs to another program."""
    pid = running_postmaster(data)
    if pid is None:
        (data / "postmaster.pid").unlink(missing_ok=True)
        return
    say(f"stopping process {pid}, which lost its keeper")
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        for _ in range(20):
            if running_postmaster(data) is None:
                return
            time.sleep(PATIENCE)


def start(binaries: Path, data: Path) -> subprocess.Popen[bytes]:
    """Start the server; it ends when this process does."""
    clear_the_way(data)
    return subprocess.Popen([binaries / "postgres", "-D", data], preexec_fn=die_with_parent)  # noqa: PLW1509 - one thread


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server fast: sessions are cut, and everything committed is kept."""
    for number, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)
            return


def keep(binaries: Path, data: Path, users: int) -> int:
    """Serve until nobody is left (0), or until the server ends at once several times in a row (1)."""
    failures = 0
    while failures < TRIES:
        began = time.monotonic()
        server = start(binaries, data)
        while server.poll() is None:
            if unused(users):
                stop(server)
                return 0
            time.sleep(PATIENCE / 2)
        if unused(users):
            return 0
        failures = 1 if time.monotonic() - began > TRIES * PATIENCE else failures + 1
        say(f"the server ended with {server.returncode}; try {failures} of {TRIES}")
        time.sleep(PATIENCE)
    return 1


def main() -> None:
    """Leave the caller's session and keep the cluster."""
    binaries, data, users = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(keep(binaries, data, users))


if __name__ == "__main__":
    main()
