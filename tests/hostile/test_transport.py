"""Answers that are broken, endless, slow or no HTTP at all, where a page of a list was asked for.

For each: the stream says what happened, in bounded time, nothing is stored or removed, and once the provider is sane
the same stream goes on by itself.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from tests.hostile.conftest import House
from tests.hostile.server import Behaviour, answer, drips, floods, head, says

GOOD = b'{"items": [{"id": "9", "title": "from a bad answer"}], "next": null}'
BIG = b" " * 65_536


def chunked(*chunks: bytes) -> bytes:
    """Headers that announce chunks, and these bytes."""
    return head(200, Transfer_Encoding="chunked") + b"".join(chunks)


def packed(body: bytes, kind: str) -> bytes:
    """A body that says it is packed in this way."""
    return answer(body, Content_Encoding=kind)


def cut(data: bytes) -> Behaviour:
    """These bytes, then the line goes dead."""
    return says(data)


#: Name of the case: how the server behaves, and words that the stream's error must hold.
CASES: dict[str, tuple[Behaviour, str]] = {
    "cut before headers": (cut(b""), "the connection broke"),
    "cut in the status line": (cut(b"HTTP/1."), "no HTTP"),
    "cut in the headers": (cut(b"HTTP/1.1 200 OK\r\nContent-Le"), "cut before its body"),
    "cut after headers": (cut(head(Content_Length="500")), "the answer was cut"),
    "cut in the body": (cut(head(Content_Length="500") + GOOD[:40]), "the answer was cut"),
    "length too long": (cut(head(Content_Length="900") + GOOD), "the answer was cut"),
    "length too short": (cut(head(Content_Length="20") + GOOD), "no JSON"),
    "length negative": (cut(head(Content_Length="-5") + GOOD), "length"),
    "length no number": (cut(head(Content_Length="many") + GOOD), "length"),
    "two lengths": (cut(head(Content_Length="10")[:-2] + b"Content-Length: 68\r\n\r\n" + GOOD), "length"),
    "chunks garbage": (cut(chunked(b"zz\r\n", GOOD)), "chunk"),
    "chunks negative": (cut(chunked(b"-5\r\n", GOOD)), "chunk"),
    "chunks cut": (cut(chunked(b"ff\r\n", GOOD[:9])), "cut"),
    "chunks without end": (cut(chunked(b'5\r\n{"a":\r\n')), "cut"),
    "chunks and a length": (
        cut(head(Transfer_Encoding="chunked", Content_Length="5") + b"2\r\n{}\r\n0\r\n\r\n"),
        "length",
    ),
    "a line of a megabyte": (floods(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65_536), "header"),
    "ten thousand headers": (cut(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"), "header"),
    "endless 100 Continue": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "in time"),
    "no HTTP at all": (cut(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP"),
    "binary noise": (cut(b"\x00\xff\xfe" * 50), "no HTTP"),
    "status of no number": (cut(b"HTTP/1.1 abc OK\r\n\r\n"), "no HTTP"),
    "headers drip": (drips(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99, 0.05), "in time"),
    "body drips": (drips(head(Content_Length="500") + GOOD, 0.05), "in time"),
    "silence": (drips(b"", 0.0), "in time"),
    "silence after headers": (drips(b"H", 0.0), "in time"),
    "a body larger than allowed": (says(answer(b" " * 4_000_000)), "larger than"),
    "an endless body": (floods(head(), BIG), "larger than"),
    "endless chunks": (floods(chunked(), b"10000\r\n" + BIG + b"\r\n"), "larger than"),
    "a gzip bomb": (says(packed(gzip.compress(b" " * 50_000_000), "gzip")), "larger than"),
    "a deflate bomb": (says(packed(zlib.compress(b" " * 50_000_000), "deflate")), "larger than"),
    "packed twice": (says(packed(gzip.compress(gzip.compress(GOOD)), "gzip, gzip")), "'gzip, gzip'"),
    "br unasked": (says(packed(b"\x0b\x02\x80abc\x03", "br")), "'br'"),
    "zstd unasked": (says(packed(b"(\xb5/\xfd abc", "zstd")), "'zstd'"),
    "gzip that is none": (says(packed(GOOD, "gzip")), "unpack"),
    "gzip cut": (says(packed(gzip.compress(GOOD)[:-12], "gzip")), "unpack"),
    "gzip with garbage behind": (says(packed(gzip.compress(GOOD) + b"garbage", "gzip")), "unpack"),
    "web page with 200": (
        says(answer(b"<!DOCTYPE html><p>Log in</p>", Content_Type="text/html")),
        "a web page",
    ),
}


#: Those that never end by themselves.
ENDLESS = {
    "a line of a megabyte",
    "endless 100 Continue",
    "headers drip",
    "body drips",
    "silence",
    "silence after headers",
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_answer_fails_the_stream_in_words_and_the_next_good_page_lands(
    case: str, house: House, hurry: Callable[[], None]
) -> None:
    """The error names account, model, request and what happened; afterwards the page lands without an operator."""
    behaviour, words = CASES[case]
    house.oddly(behaviour)
    if case in ENDLESS:
        hurry()
    stream = house.go()

    assert (stream.status, house.records()) == ("FAILED", {})
    assert_clear(house, stream.error, words)

    house.sanely()
    if case in ENDLESS:
        hurry()
    wanted = house.tracker.add(title="good")
    assert house.go().status == "DONE"
    assert set(house.records()) == {wanted}


def assert_clear(house: House, error: str | None, *words: str) -> None:
    """An error names account, end user, model and request, and neither a secret nor anything unprintable."""
    told = error or ""
    for due in ("hostile account", "customer-1", str(house.account.id), house.model, "GET /tickets", *words):
        assert due in told, (due, told)
    assert told.isprintable()
    assert "own token" not in told
