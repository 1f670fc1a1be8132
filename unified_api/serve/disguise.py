"""Postgres refuses to run as root. When we are root, this finds another identity for it by trying what works.

A home of an ordinary user is served as that user, who would otherwise be shut out of it afterwards. Else, in
this order: a user namespace, in which root has another number and the files stay root's; an unprivileged
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


def candidates(home: Path) -> list[Disguise]:
    """Every way that is known for this home, the best first."""
    if os.geteuid():
        return [Disguise((), os.geteuid(), os.getegid())]
    owner = home.stat()
    if owner.st_uid:
        return _lesser(owner.st_uid, owner.st_gid)
    user = pwd.getpwnam(UNPRIVILEGED)
    namespace = Disguise(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"), 0, 0)
    return [*([namespace] if shutil.which("unshare") else []), *_lesser(user.pw_uid, user.pw_gid)]


def _lesser(uid: int, gid: int) -> list[Disguise]:
    """As this user, with and without the right to pass folders that are closed to others."""
    lower = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    passing = (*lower, "--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override", "--")
    ways = [Disguise(passing, uid, gid), Disguise((*lower, "--inh-caps=-all", "--"), uid, gid)]
    return ways if shutil.which("setpriv") else []


def works(way: Disguise, folder: Path, program: Path) -> bool:
    """Whether a process so started is not root, can write into the folder, and can read the program."""
    way.give(folder)
    trial = [*way.prefix, sys.executable, "-I", "-c", _TRIAL, str(folder / ".trial"), str(program)]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def find(folder: Path, program: Path) -> Disguise:
    """The first way that works for this folder of a home and this program; NoDisguise says what to do."""
    for way in candidates(folder.parent):
        if works(way, folder, program):
            return way
    raise NoDisguise(
        f"Postgres does not run as root, and no other identity can use {folder}: run Isthmus as an ordinary"
        " user, put ISTHMUS_HOME into a folder that everybody may enter, or set DATABASE_URL."
    )
