"""Texts that open something: how they are made, and the digest that is kept of them."""

from __future__ import annotations

import base64
import hashlib
import os

from tenants.vault import Randomness, Secret

#: Random bytes in a token: beyond guessing, so that a plain SHA-256 is digest enough.
TOKEN_BYTES = 32


def new_token(prefix: str, randomness: Randomness = os.urandom) -> Secret:
    """A new token, `prefix` and 43 characters of URL-safe base64."""
    return Secret(prefix + base64.urlsafe_b64encode(randomness(TOKEN_BYTES)).rstrip(b"=").decode())


def digest(kind: str, token: Secret) -> bytes:
    """What is kept of a token. The kind is part of it: a token of one kind is never one of another."""
    return hashlib.sha256(f"{kind}\0{token.reveal()}".encode()).digest()
