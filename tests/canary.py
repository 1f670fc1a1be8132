"""A text that must not be found anywhere: plant it as a secret, then search what people and machines get to see."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

CANARY = "canary-5c9e1f70d2"

#: Shorter pieces of base64 are found by chance.
SHORTEST = 8


def spellings(secret: str) -> set[str]:
    """How a text may look when somebody wrote it down: plain, reversed, in hex, in base64."""
    raw = secret.encode()
    shifted = {base64.b64encode(b"x" * n + raw)[4 : -4 - 4 * (n > 0)].decode() for n in range(3)}
    plain = base64.b64encode(raw).rstrip(b"=").decode()[:-2]
    return {secret, secret[::-1], raw.hex(), *(text for text in {plain, *shifted} if len(text) >= SHORTEST)}


def found(secret: str, texts: Iterable[str]) -> list[str]:
    """Those of the texts that tell the secret."""
    return [text for text in texts if any(spelling in text for spelling in spellings(secret))]


def every_row(owner: psycopg.Connection[Any]) -> list[str]:
    """Every row of every table of the test database, as text."""
    names = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    rows: list[str] = []
    for (name,) in names:
        query = sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(name))
        rows += [text for (text,) in owner.execute(query).fetchall()]
    return rows
