"""`manage.py` as a process of its own, on the database of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"
PATIENCE = 180.0


def environment(**changed: str) -> dict[str, str]:
    """What leads such a process to the database of the tests, with these variables set otherwise."""
    login = settings.OWNER_LOGIN
    assert login is not None
    port = f"&port={login.port}" if login.port else ""
    given = {
        "DATABASE_URL": f"postgres://{login.user}:{quote(login.password, safe='')}@x/"
        f"{connection.settings_dict['NAME']}?host={quote(login.host, safe='')}{port}",
        "SECRET_KEY": settings.SECRET_KEY,
        "MASTER_KEYS": settings.MASTER_KEYS,
        "LOG_FORMAT": "json",
    }
    return {**os.environ, **given, **changed}


def run_program(*words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, MANAGE, *words],
        env=environment(**changed),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def start_program(*words: str, **changed: str) -> subprocess.Popen[str]:
    """Start it; ending it is the caller's."""
    return start_python(str(MANAGE), *words, **changed)


def start_python(*words: str, **changed: str) -> subprocess.Popen[str]:
    """Start a Python beside it."""
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment(**changed),
        cwd=MANAGE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for the condition; whether it came true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
