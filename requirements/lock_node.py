"""Lock the programs of `node/package.json` into `node/package-lock.json`: versions and hashes, no address at all.

For `make lock`. Of the registry npm itself keeps silent when asked to; who may be given money is cut out here.
"""

import json

from install import run
from install_node import LOCKED, NPM, npm_environment

LOCK = LOCKED / "package-lock.json"


def main():
    LOCK.unlink(missing_ok=True)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    lock = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved"]
    run("locking the programs", [*NPM, *lock, "--prefix", LOCKED, *quiet], npm_environment())
    told = json.loads(LOCK.read_text())
    for one in told["packages"].values():
        one.pop("funding", None)
    LOCK.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
