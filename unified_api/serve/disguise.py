"""Postgres refuses to run as root. When we are root, this finds another identity for it by trying what works.

In this order: a user namespace, in which root has another number and the files stay root's; an unprivileged
user that may pass folders closed to others; the same without that right. Containers forbid some of these, and
each is tried on the real folders before it is used.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Disguise:
    """How to start a program for the cluster: words before the command, and the owner of its files."""

    prefix: tuple[str, ...]
    uid: int
    gid: int

    def give(self, folder: Path) -> None:
        """Make the tree the server's own, if it is not yet."""
        if folder.stat().st_uid == self.uid:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


class NoDisguise(RuntimeError):
    """No identity was found under which Postgres would start."""


_TRIAL = """
import os, sys
probe, program = sys.argv[1:]
open(probe, "w").close()
os.unlink(probe)
open(program, "rb").close()
sys.exit(os.geteuid() == 0)
"""


def candidates() -> list[Disguise]:
    """Every way that is known, the best first."""
    if os.geteuid():
        return [Disguise((), os.geteuid(), os.getegid())]
    user = pwd.getpwnam(UNPRIVILEGED)
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
    lower = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    passing = (*lower, "--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override", "--")
    ways = [
        Disguise(namespace, 0, 0),
        Disguise(passing, user.pw_uid, user.pw_gid),
        Disguise((*lower, "--inh-caps=-all", "--"), user.pw_uid, user.pw_gid),
    ]
    return [way for way in ways if shutil.which(way.prefix[0])]


def works(way: Disguise, folder: Path, program: Path) -> bool:
    """Whether a process so started is not root, can write into the folder, and can read the program."""
    way.give(folder)
    trial = [*way.prefix, sys.executable, "-I", "-c", _TRIAL, str(folder / ".trial"), str(program)]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def find(folder: Path, program: Path) -> Disguise:
    """The first way that works for this folder and this program; NoDisguise says what to do."""
    for way in candidates():
        if works(way, folder, program):
            return way
    raise NoDisguise(
        f"Postgres does not run as root, and no other identity can use {folder}: run Isthmus as an ordinary"
        " user, put ISTHMUS_HOME into a folder that everybody may enter, or set DATABASE_URL."
    )
