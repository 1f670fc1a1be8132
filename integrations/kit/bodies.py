"""Bodies of requests and answers: what the library sends, and what JSON says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from integrations.kit.content import Bare, Form, Reading
from integrations.kit.strict import Decoded, NotJson, decode


def encoded(body: Any) -> tuple[Any, dict[str, str]]:
    """A body as the library takes it, and the header that says what it is."""
    if body is None:
        return None, {}
    if isinstance(body, Form | Bare):
        return Reading(body), {"Content-Type": body.kind}
    return body if isinstance(body, bytes) else _dump(body), {"Content-Type": "application/json"}


def _dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


def decoded(body: bytes, headers: Mapping[str, str]) -> tuple[Decoded, NotJson | None]:
    """What the body of an answer says, or why it is no JSON; an empty one says nothing."""
    if not body.strip():
        return Decoded(None), None
    try:
        return decode(body, _charset(headers)), None
    except NotJson as error:
        return Decoded(None), error


def _charset(headers: Mapping[str, str]) -> str | None:
    named = re.search(r'charset="?([A-Za-z0-9_.:-]{1,40})', headers.get("Content-Type", ""))
    return named[1] if named else None
