"""The web server, unable to reach or to look up any other machine, whatever addresses it is sent."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_look_up: Final = socket.getaddrinfo


def _of_this_machine(host: Any, *args: Any, **more: Any) -> Any:
    from tests.network import is_local

    if host is not None and not is_local(str(host)):
        raise socket.gaierror(socket.EAI_NONAME, "no name of another machine is looked up here")
    return _look_up(host, *args, **more)


def main() -> None:
    """Run a command of `manage.py`."""
    sys.path[0] = str(ROOT)  # instead of this folder, whose names would hide others
    from tests import network

    network.block()
    socket.getaddrinfo = _of_this_machine
    import manage

    manage.main()


if __name__ == "__main__":
    main()
