"""multipart/form-data out of the parts that a passthrough names."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any, Final

import requests

from unified_api.api.errors import malformed

ENCODINGS: Final = ("RAW", "BASE64", "GZIP_BASE64")
_NAME: Final = "multipart_form_data"
#: Bytes of one part after unpacking.
_LARGEST: Final = 32 * 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


def encode(parts: Any) -> tuple[bytes, str]:
    """The body and its content type; raises DRF's ValidationError."""
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise malformed(_NAME, "a list of objects with name and data is expected")
    files = [(_text(part, "name"), _file(part)) for part in parts]
    prepared = requests.Request("POST", "http://localhost/", files=files).prepare()
    body = prepared.body or b""
    return body.encode() if isinstance(body, str) else body, prepared.headers["Content-Type"]


def _file(part: dict[str, Any]) -> tuple[str | None, bytes, str | None]:
    name, kind = part.get("file_name"), part.get("content_type")
    if not all(text is None or isinstance(text, str) for text in (name, kind)):
        raise malformed(_NAME, "file_name and content_type are strings")
    encoding = part.get("encoding")
    return name, _data(_text(part, "data"), "RAW" if encoding is None else encoding), kind


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise malformed(_NAME, f"each part needs {name}, a string")
    return value


def _data(text: str, encoding: str) -> bytes:
    if encoding == "RAW":
        return text.encode()
    if encoding not in ENCODINGS:
        raise malformed(_NAME, f"encoding is one of {', '.join(ENCODINGS)}")
    try:
        packed = base64.b64decode(text, validate=True)
        return _unpacked(packed) if encoding == "GZIP_BASE64" else packed
    except (binascii.Error, ValueError, zlib.error) as error:
        raise malformed(_NAME, f"data is not {encoding}") from error


def _unpacked(packed: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    data = inflater.decompress(packed, _LARGEST)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError
    return data
