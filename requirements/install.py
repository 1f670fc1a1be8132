"""Make the private environment `.venv` and put the locked packages into it.

Runs under whatever Python the machine has, so it uses the standard library only and names what is missing in
one sentence. `uv` comes by pip from `uv.lock`, all else by uv from the lock that the command line names.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "installed.digest"
OLDEST = (3, 11)
ROOM = 700 * 1024 * 1024


def refuse(sentence):
    sys.exit("setup: " + sentence)


def check_machine():
    if sys.version_info[:2] < OLDEST:
        refuse(
            "Python %d.%d or later is needed and this is %d.%d; name another: `make setup PYTHON=python3.12`."
            % (OLDEST + sys.version_info[:2])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        refuse("this Python has no venv module; install it (on Debian: `apt install python3-venv`).")
    free = shutil.disk_usage(HERE).free
    if free < ROOM:
        refuse("only %d MB are free in %s and 700 MB are needed; make room." % (free >> 20, HERE.parent))


def digest(lock):
    content = b"".join(path.read_bytes() for path in (HERE / "uv.lock", lock))
    return hashlib.sha256(content + str(sys.version_info[:2]).encode()).hexdigest()


def environment():
    """What uv has to be told, as it does not read pip's configuration: an index, and to trust whom the system does."""
    env = dict(os.environ, VIRTUAL_ENV=str(VENV))
    env.setdefault("UV_SYSTEM_CERTS", "true")
    if not {"UV_INDEX_URL", "UV_DEFAULT_INDEX"} & set(env):
        ask = [str(BIN / "python"), "-m", "pip", "config", "get", "global.index-url"]
        asked = subprocess.run(ask, capture_output=True, text=True)
        index = env.get("PIP_INDEX_URL") or asked.stdout.strip()
        if index:
            env["UV_DEFAULT_INDEX"] = index
    return env


def run(what, command, env=None):
    done = subprocess.run([str(part) for part in command], env=env)
    if done.returncode:
        refuse("%s failed (see above); check the connection to the package index, and run it again." % what)


def main():
    lock = HERE / (sys.argv[1] if len(sys.argv) > 1 else "dev.lock")
    if STAMP.exists() and STAMP.read_text() == digest(lock):
        return
    check_machine()
    print("setup: making %s" % VENV, flush=True)
    run("making the environment", [sys.executable, "-m", "venv", "--clear", VENV])
    python = BIN / "python"
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    run("installing uv", [*pip, "--require-hashes", "--only-binary=:all:", "-r", HERE / "uv.lock"])
    uv = [BIN / "uv", "pip", "install", "--quiet", "--python", python]
    run(
        "installing the locked packages",
        [*uv, "--require-hashes", "--only-binary", ":all:", "-r", lock],
        environment(),
    )
    STAMP.write_text(digest(lock))
    print("setup: ready", flush=True)


if __name__ == "__main__":
    main()
