"""Bodies whose length is not told: in chunks, or over HTTP/2. Django takes them for empty, without a word."""

from __future__ import annotations

from django.http import HttpRequest


def is_lengthless(request: HttpRequest) -> bool:
    """Whether there is a body of which nobody has said how long it is."""
    if request.META.get("CONTENT_LENGTH"):
        return False
    if "Transfer-Encoding" in request.headers:
        return True
    # Only a server that says so gives an end to what it hands over; beyond any other's, a read waits for ever.
    terminated = request.META.get("wsgi.input_terminated", False)
    return bool(terminated and request.META["wsgi.input"].read(1))
