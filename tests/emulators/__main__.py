"""`python -m tests.emulators VENDOR --port N`: a vendor's system, until it is interrupted."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import threading

from tests.emulators import official, vendors
from tests.emulators.engine import emulating
from tests.emulators.vendor import Vendor


def known() -> list[str]:
    """The vendors that there are."""
    return sorted(module.name for module in pkgutil.iter_modules(vendors.__path__))


def main() -> None:
    """Run it, and say where."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("vendor", choices=known())
    parser.add_argument(
        "--port", type=int, default=0, help="where it listens on 127.0.0.1; any free one without"
    )
    given = parser.parse_args()
    vendor: Vendor = importlib.import_module(f"tests.emulators.vendors.{given.vendor}").vendor
    with emulating(vendor, port=given.port) as emulator:
        emulator.tells_at_once = True
        print(f"{vendor.name} at {emulator.url}", official.told(), sep="\n", flush=True)  # noqa: T201 - its output
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
