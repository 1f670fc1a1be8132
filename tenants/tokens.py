"""Texts that open something: how they are made, and the digest that is kept of them."""

from __future__ import annotations

import base64
import hashlib
import os
from enum import StrEnum
from typing import Final

from tenants.vault import Randomness, Secret

#: Random bytes in a token: beyond guessing, so that a plain SHA-256 is digest enough.
TOKEN_BYTES: Final = 32


class Prefix(StrEnum):
    """How a token begins, by what it opens. Lines of logs are cut short behind each of these."""

    PRODUCTION_KEY = "isk_live_"
    TEST_KEY = "isk_test_"
    ACCOUNT = "iat_"
    LINK = "ilt_"
    LINKED = "ipt_"
    WEBHOOK_ADDRESS = "iwh_"
    WEBHOOK_SIGNATURE = "iws_"
    WEBHOOK_RECEIVER = "iwk_"
    HOOK = "iho_"
    SANDBOX = "isb_"
    OAUTH_STATE = "ios_"
    OAUTH_BROWSER = "iob_"
    OAUTH_VERIFIER = "iov_"


def new_token(prefix: Prefix, randomness: Randomness = os.urandom) -> Secret:
    """A new token, `prefix` and 43 characters of URL-safe base64."""
    return Secret(prefix + base64.urlsafe_b64encode(randomness(TOKEN_BYTES)).rstrip(b"=").decode())


def digest(kind: str, token: Secret) -> bytes:
    """What is kept of a token. The kind is part of it: a token of one kind is never one of another."""
    return hashlib.sha256(f"{kind}\0{token.reveal()}".encode()).digest()
