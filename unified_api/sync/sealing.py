"""Sensitive values on their way into rows: sealed under the tenant's key, and only where they differ from what is held.

Envelopes of one text differ each time, so rows are compared by what is in them.
"""

from __future__ import annotations

import functools
import uuid
from typing import Any, Final

import orjson

from tenants import secrets
from tenants.sealed import purpose_of
from tenants.vault import Secret
from unified_api.models.base import CommonModel
from unified_api.sync import signing
from unified_api.sync.landing import Row

_SALT: Final = "unified_api.sync.sealing"


class Sealing:
    """The sensitive values of one store transaction; the tenant's key is read once, when the first one is sealed."""

    def __init__(self) -> None:
        self._seal: secrets.Seal | None = None

    def column(
        self, model: type[CommonModel], name: str, record: uuid.UUID, row: Row | None, told: Secret | None
    ) -> bytes:
        """What stands in the column of a row that is to hold this text: what is there, where that says the same."""
        held, purpose = (row or {}).get(name) or b"", purpose_of(model, name)
        if told is None or not told:
            return b""
        if held and secrets.unseal_text(held, row=record, purpose=purpose) == told:
            return bytes(held)
        self._seal = self._seal or secrets.seal_with_key_held()
        return self._seal(told, row=record, purpose=purpose)


@functools.cache
def digest_key() -> bytes:
    """What digests of answers are keyed with: who reads them cannot try out what was in an answer."""
    return next(signing.signatures(_SALT, b""))


def keyed_digests(*parts: Any) -> tuple[bytes, ...]:
    """32 bytes of these JSON values, which nobody can make who has not our key; then the same by earlier keys."""
    told = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return tuple(signing.signatures(_SALT, told))
