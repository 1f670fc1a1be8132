"""The application as a web server loads it."""

from __future__ import annotations

import subprocess
import sys

#: A request that reaches a view of the API and ends there, and what the garbage collector has to walk through then.
ASK = """
import gc, io
from unified_api.wsgi import application
frozen = gc.get_freeze_count()
told = []
list(application({
    "REQUEST_METHOD": "GET", "PATH_INFO": "/api/ticketing/v1/tickets", "QUERY_STRING": "", "SERVER_NAME": "localhost",
    "SERVER_PORT": "80", "HTTP_HOST": "localhost", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http",
    "wsgi.errors": None,
}, lambda status, headers: told.append(status)))
gc.collect()
print(told[0].split()[0], frozen, len(gc.get_objects()))
"""


def test_what_start_up_makes_is_never_walked_through_again() -> None:
    """Routes and their views too: after the first request, only some hundreds of objects are left to walk through."""
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    status, frozen, left = map(int, done.stdout.split())

    assert status == 401
    assert frozen > 100_000
    assert left < frozen / 20
