"""Files between systems: every byte arrives, none too many, and no memory holds them whole."""

from __future__ import annotations

import gzip
import re
import tracemalloc
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import pytest

from integrations.kit.auth import Basic, Unsigned
from integrations.kit.content import Bare, Content, Form, Reading, Spool
from integrations.kit.errors import (
    Gone,
    Misconfigured,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
    TooLarge,
)
from integrations.kit.guard import Guard
from integrations.kit.http import Http, Patience, Request
from integrations.kit.limiter import LocalLimiter, Rate
from integrations.kit.transport import Limits
from tests.integrations.lines import NOW, Sleeper, connection, http
from tests.integrations.listener import Seen, Told, listening, told

FILE = Request("GET", "/files/1", headers={"Accept": "*/*"})
LARGE = 8_000_000
ONCE = Patience(attempts=1)


def of(blob: bytes, **headers: str) -> Told:
    """An answer that is a file."""
    return Told(200, blob, {name.replace("_", "-"): value for name, value in headers.items()})


def held(spool: Spool) -> bytes:
    """All that has come."""
    return b"".join(spool.read())


def parts(seen: Seen) -> dict[str, tuple[str | None, bytes]]:
    """The parts of a form that arrived, by name: file name and content."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    found = message_from_bytes(head + seen.body, policy=HTTP).iter_parts()
    told: dict[str, Any] = {
        str(p.get_param("name", header="content-disposition")): (p.get_filename(), p.get_payload(decode=True))
        for p in found
    }
    return told


def test_a_file_arrives_as_it_is() -> None:
    """Every byte, also of what is no text, and unpacked where it was packed on the way."""
    odd = bytes(range(256)) * 3
    for answer in (of(odd), of(gzip.compress(odd), Content_Encoding="gzip")):
        with listening(lambda _, answer=answer: answer) as server, Spool(1000) as spool:  # type: ignore[misc]
            http(server.url).fetch(FILE, spool)
            assert (held(spool), spool.size) == (odd, 768)
            assert server.seen[0].headers["Accept"] == "*/*"


@pytest.mark.parametrize(
    "told",
    [of(b"x" * 1001), of(gzip.compress(b"x" * 100_000), Content_Encoding="gzip")],
    ids=["announced", "packed"],
)
def test_a_file_over_the_cap_is_refused(told: Told) -> None:
    """By what is announced, or by what comes; and it is not asked for again."""
    with listening(lambda _: told) as server, Spool(1000) as spool:
        with pytest.raises(TooLarge, match="larger than 1000 bytes"):
            http(server.url).fetch(FILE, spool)
        assert len(server.seen) == 1


def test_an_attempt_that_broke_leaves_nothing() -> None:
    """What came before the line broke is not in the file that comes after."""
    answers = [Told(200, b"half", {"Content-Length": "10", "Connection": "close"}), of(b"whole")]
    with listening(lambda _: answers.pop(0)) as server, Spool(1000) as spool:
        http(server.url).fetch(FILE, spool)
        assert held(spool) == b"whole"


@pytest.mark.parametrize(("status", "error"), [(404, Gone), (503, RetryLater)])
def test_what_is_no_file_is_an_error(status: int, error: type[Exception]) -> None:
    """An error of the provider is never taken for the file."""
    with listening(lambda _: Told(status, b'{"detail": "no"}')) as server, Spool(1000) as spool:
        with pytest.raises(error):
            http(server.url, patience=ONCE).fetch(FILE, spool)
        assert held(spool) == b""


@pytest.mark.parametrize("status", [202, 204, 206])
def test_a_success_without_the_whole_file_is_none(status: int) -> None:
    """One that is still being made, an empty answer or a part is asked for again, and nothing of it is kept."""
    answers = [Told(status, b"" if status == 204 else b"part"), of(b"whole")]
    with listening(lambda _: answers.pop(0)) as server, Spool(1000) as spool:
        http(server.url).fetch(FILE, spool)
        assert held(spool) == b"whole"
    with (
        listening(lambda _: Told(status, b"")) as server,
        Spool(1000) as spool,
        pytest.raises(RetryLater, match="not a whole file"),
    ):
        http(server.url, patience=ONCE).fetch(FILE, spool)


def test_only_the_accounts_own_host_is_told_who_asks() -> None:
    """An address on another host, or a redirect there, gets no credential."""
    with listening(lambda _: of(b"there")) as other, listening(lambda _: of(b"here")) as own:
        line = http(own.url)
        for address in (f"{own.url}/a?signed=1", "/relative", f"{other.url}/b?signed=1"):
            with Spool(1000) as spool:
                line.fetch(Request("GET", "", address=address), spool)

    assert ["Authorization" in seen.headers for seen in (*own.seen, *other.seen)] == [True, True, False]
    assert own.seen[0].query == other.seen[0].query == {"signed": "1"}


def test_who_names_an_address_gets_nothing_of_the_account() -> None:
    """What a caller names is fetched as anybody could, also where it is the account's own origin."""
    with listening(lambda _: of(b"here")) as own, Spool(1000) as spool:
        http(own.url).fetch(Request("GET", "", address=f"{own.url}/a", strange=True), spool)

    assert "Authorization" not in own.seen[0].headers


@pytest.mark.parametrize(
    "address", ["nowhere", "/relative", "//host/x", "ftp://host/x", "http://", "http://[::1"]
)
def test_who_names_an_address_names_a_whole_one(address: str) -> None:
    """One that would lead to the account's own origin, or to nothing of the web, is refused for what it is."""
    with listening(lambda _: of(b"here")) as own, Spool(1000) as spool:
        with pytest.raises(Rejected, match="has to begin with https:// or http://"):
            http(own.url).fetch(Request("GET", "", address=address, strange=True), spool)
        assert own.seen == []


def test_only_a_providers_own_word_has_to_keep_encryption() -> None:
    """A caller may name any host of the web; a provider that is called with encryption names none without."""
    with listening(lambda _: of(b"there")) as other, Spool(1000) as spool:
        line = http("https://desk.example.com", patience=ONCE)
        line.fetch(Request("GET", "", address=other.url, strange=True), spool)
        assert held(spool) == b"there"
        with pytest.raises(Misconfigured, match="the provider names an address without encryption"):
            line.fetch(Request("GET", "", address=other.url), spool)


@pytest.mark.parametrize("status", [401, 403, 412])
def test_what_another_host_refuses_says_nothing_of_the_account(status: int) -> None:
    """The account's own host refuses the account; another one, also behind a redirect, refuses the file."""
    renewals: list[dict[str, Any]] = []

    def renew() -> dict[str, Any]:
        renewals.append({})
        return {}

    with listening(lambda _: told({}, status)) as other:
        away = Told(302, headers={"Location": f"http://localhost:{other.port}/b"})
        with listening(lambda seen: away if seen.path == "/away" else told({}, status)) as own:
            line = http(
                own.url,
                line=connection(secrets={}, renew=renew),
                auth=Unsigned(),
            )
            kinds = []
            for address in (f"{other.url}/b", "/away", "/a"):
                with Spool(1000) as spool, pytest.raises(ProviderError) as caught:
                    line.fetch(Request("GET", "", address=address), spool, refuse=_refuse)
                kinds.append(type(caught.value))

    assert kinds == [Rejected, Rejected, NeedsReauthorisation]
    assert renewals == [{}]


def _refuse(_status: int, _body: Any, _headers: Any) -> ProviderError:
    return NeedsReauthorisation("an adapter knows its own provider's answers")


def test_another_host_neither_spends_nor_sets_the_accounts_budget() -> None:
    """One request in a thousand years, and another host that asks for a day and says that none remain."""
    sleep = Sleeper()
    limiter = LocalLimiter(per_second=1e-10, burst=1, clock=lambda: 0.0, now=lambda: NOW)
    headers = {"Retry-After": "86400", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "86400"}
    with listening(lambda _: Told(429, b"", headers)) as other, listening(lambda _: of(b"here")) as own:
        line = Http(
            connection(limiter=limiter, sleep=sleep),
            base_url=own.url,
            auth=Basic(),
            rate=Rate(),
            headers={"X-Account": "ada"},
        )
        for _time in range(2):
            with Spool(1000) as spool, pytest.raises(RetryLater):
                line.fetch(Request("GET", "", address=f"{other.url}/b"), spool)
        with Spool(1000) as spool:
            line.fetch(FILE, spool)
            assert held(spool) == b"here"

    assert sleep.slept == []
    assert ["X-Account" in seen.headers for seen in (*other.seen, *own.seen)] == [False, False, True]


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "http://127.0.0.1:1/x", "http://[::1", "gopher://x/", "http://169.254.169.254/"],
)
def test_no_address_leads_astray(address: str) -> None:
    """Neither to something that is no web address, nor into the operator's network."""
    line = http("https://desk.example.com", line=connection(guard=Guard()), patience=ONCE)
    with Spool(1000) as spool, pytest.raises(Misconfigured) as caught:
        line.fetch(Request("GET", "", address=address), spool)
    assert "/x" not in str(caught.value)


def test_a_form_carries_texts_and_a_file() -> None:
    """With names that would end a header, and the length of the whole announced; afresh at each attempt."""
    answers = [Told(429, b"", {"Retry-After": "0"}), Told(201)]
    with listening(lambda _: answers.pop(0)) as server, Spool(1000) as spool:
        spool.write(b"\x00\xff")
        form = Form({"note": "täglich"}, "file", 'a"b\r\n.txt', Content(spool, "text/plain"))
        http(server.url).json(Request("POST", "/files", body=form))

    for seen in server.seen:
        assert parts(seen) == {"note": (None, "täglich".encode()), "file": ("a%22b%0D%0A.txt", b"\x00\xff")}
        assert int(seen.headers["Content-Length"]) == len(seen.body)
    assert len(server.seen) == 2
    assert re.search(rb"Content-Type: text/plain\r\n\r\n\x00\xff\r\n", server.seen[0].body)


def test_a_file_alone_is_a_body() -> None:
    """With its media type and its length announced; afresh at each attempt."""
    answers = [Told(429, b"", {"Retry-After": "0"}), Told(201)]
    with listening(lambda _: answers.pop(0)) as server, Spool(1000) as spool:
        spool.write(b"\x00\xff")
        http(server.url).json(Request("POST", "/files", body=Bare(Content(spool, "text/plain"))))

    kinds = [
        (seen.body, seen.headers["Content-Type"], seen.headers["Content-Length"]) for seen in server.seen
    ]
    assert kinds == [(b"\x00\xff", "text/plain", "2")] * 2


def test_no_memory_holds_a_file_whole() -> None:
    """Eight megabytes come down, and are read again as they go up, through a fraction of that."""
    patient = Limits(connect=60, read=60, total=120, body=1000)
    with listening(_large) as server, Spool(LARGE) as spool:
        tracemalloc.start()
        http(server.url, limits=patient).fetch(FILE, spool)
        up = Reading(Form({}, "file", "film", Content(spool, "video/mp4")))
        sent = sum(len(piece) for piece in iter(lambda: up.read(65_536), b""))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert (spool.size, sent) == (LARGE, len(up))
    assert peak < LARGE / 4


def _large(_seen: Seen) -> Told:
    """A server that itself keeps nothing whole."""

    def raw(handler: Any) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        for _ in range(LARGE // 10_000):
            handler.wfile.write(bytes(10_000))

    return Told(raw=raw)
