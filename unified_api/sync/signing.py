"""What the secret key signs: made with the newest one, known again under those that it took the place of."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.crypto import salted_hmac


def signatures(salt: str, told: bytes) -> Iterator[bytes]:
    """32 bytes of a text for each secret key: what is made now has the first, what was made before may have another."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(salt, told, secret=secret, algorithm="sha256").digest()
