"""Installs a server's packages into an environment of its own, from a lock with hashes.

Once, however many ask.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCKS = Path(__file__).resolve().parents[2] / "requirements"


class InstallFailed(RuntimeError):
    """The packages could not be installed. The sentence says what to do."""


def installed(name: str, software: Path, progress: Callable[[str], None], *, kind: str = "server") -> Path:
    """The `bin` folder of this server's environment, which is made when it is not as the lock says."""
    lock = LOCKS / f"{kind}-{name}.lock"
    home = software / name
    stamp = home / "installed.digest"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    home.mkdir(parents=True, exist_ok=True)
    with alone(software / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != digest:
            progress(f"installing {name}")
            _install(home / "venv", lock)
            stamp.write_text(digest)
    return home / "venv" / "bin"


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process of the machine at a time, by a lock on this file."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(target: Path, lock: Path) -> None:
    uv = Path(sys.prefix) / "bin" / "uv"
    venv.create(target, clear=True, with_pip=not uv.exists(), symlinks=True)
    python = str(target / "bin" / "python")
    installer = (
        [str(uv), "pip", "install", "--quiet", "--python", python]
        if uv.exists()
        else [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    )
    # Source distributions are allowed: Roundup is released as nothing else, and needs no compiler.
    command = [*installer, "--require-hashes", "-r", str(lock)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallFailed(
            f"{lock.name} could not be installed; check the connection to the package index, and run it again."
            f" It said: {done.stderr.strip()[-600:]}"
        )


def _environment() -> dict[str, str]:
    """Ours, and an index that was configured for pip: uv does not read pip's configuration."""
    environment = {"UV_SYSTEM_CERTS": "true", **os.environ}
    if not {"UV_INDEX_URL", "UV_DEFAULT_INDEX"} & set(environment):
        ask = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        asked = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
        index = environment.get("PIP_INDEX_URL") or asked
        environment.update({"UV_DEFAULT_INDEX": index} if index else {})
    return environment
