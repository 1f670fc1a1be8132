"""Requests against a server that behaves badly.

What is repeated, what is bounded, and what each failure is called.
"""

from __future__ import annotations

import base64
import gzip
import socket
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integrations.kit.auth import Basic, QueryKey
from integrations.kit.errors import (
    Forbidden,
    Gone,
    Misconfigured,
    Moved,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
    Throttled,
    Uncertain,
)
from integrations.kit.http import Http, Patience, Request
from integrations.kit.limiter import LocalLimiter, Rate
from integrations.kit.transport import Limits
from tests.integrations.lines import CANARY, NOW, Key, Sleeper, connection, http
from tests.integrations.listener import Seen, Told, listening, told

READ = Request("GET", "/things")
WRITE = Request("POST", "/things", body={"a": 1})
PUT = Request("PUT", "/things", body={"a": 1}, repeatable=True)
ONCE = Patience(attempts=1)


def always(answer: Told) -> Callable[[Seen], Told]:
    """A server with one answer."""
    return lambda _seen: answer


def one_by_one(*answers: Told) -> Callable[[Seen], Told]:
    """A server with several answers, the last of which stays."""
    left = list(answers)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


def broken(say: bytes) -> Told:
    """A server that says this and hangs up."""
    return Told(raw=lambda handler: handler.wfile.write(say))


def _until_the_end(handler: Any) -> None:
    """Says nothing until the other side hangs up."""
    handler.rfile.read(1)


def test_json_is_decoded_and_moments_surround_it() -> None:
    """The moment `started` is drawn before the request leaves, `arrived` after its answer came."""
    with listening(always(told({"a": [1]}))) as server:
        answer, decoded = http(server.url).json(READ)

    assert decoded.data == {"a": [1]}
    assert (answer.started, answer.arrived) == (1, 2)
    assert server.seen[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, NeedsReauthorisation),
        (403, Forbidden),
        (404, Gone),
        (405, Misconfigured),
        (409, Rejected),
        (410, Gone),
        (412, Moved),
        (415, Misconfigured),
        (422, Rejected),
        (428, Misconfigured),
        (501, Misconfigured),
        (299, None),
        (399, Misconfigured),
    ],
)
def test_statuses_say_what_to_do(status: int, error: type[ProviderError] | None) -> None:
    """Each status has one meaning, whatever the method."""
    for request in (READ, WRITE):
        with listening(always(told({"detail": "no luck"}, status))) as server:
            if error is None:
                assert http(server.url).json(request)[0].status == status
                continue
            with pytest.raises(error, match="no luck"):
                http(server.url).json(request)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_reads_are_tried_again(status: int) -> None:
    """A read that failed at the provider is repeated with full jitter, and then succeeds."""
    sleep = Sleeper()
    with listening(one_by_one(told({}, status), told({}, status), told({"ok": 1}))) as server:
        _answer, decoded = http(server.url, sleep=sleep).json(READ)

    assert decoded.data == {"ok": 1}
    assert sleep.slept == [0.25, 0.5]


def test_retries_end() -> None:
    """After the last attempt the error goes to the caller."""
    sleep = Sleeper()
    with listening(always(told({}, 502))) as server, pytest.raises(RetryLater):
        http(server.url, sleep=sleep, patience=Patience(attempts=3)).json(READ)

    assert len(server.seen) == 3
    assert len(sleep.slept) == 2


def test_no_attempt_begins_after_the_total() -> None:
    """Whoever waits here hears of a slow provider, rather than of four slow attempts in a row."""
    with listening(always(told({}, 502))) as server, pytest.raises(RetryLater):
        http(server.url, sleep=Sleeper(), patience=Patience(total=0.1)).json(READ)

    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 504, 503])
def test_a_write_that_failed_at_the_provider_is_uncertain(status: int) -> None:
    """It left, so it may have been carried out, and is not repeated."""
    with listening(always(told({}, status))) as server, pytest.raises(Uncertain):
        http(server.url).json(WRITE)

    assert len(server.seen) == 1


def test_a_write_that_says_it_was_not_done_is_repeated() -> None:
    """429, and 503 with Retry-After, mean that nothing happened."""
    for refusal in (told({}, 429), told({}, 503, Retry_After="1"), told({}, 429, Retry_After="0")):
        with listening(one_by_one(refusal, told({"ok": 1}))) as server:
            assert http(server.url).json(WRITE)[1].data == {"ok": 1}


def test_repeatable_writes_are_repeated() -> None:
    """What is declared to do no harm twice is tried twice."""
    with listening(one_by_one(told({}, 500), broken(b""), told({"ok": 1}))) as server:
        assert http(server.url).json(PUT)[1].data == {"ok": 1}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=5), usegmt=True), 5.0),
        (format_datetime(NOW - timedelta(seconds=5), usegmt=True), 0.0),
        ("0", 0.0),
    ],
)
def test_retry_after_in_seconds_and_as_date(header: str, seconds: float) -> None:
    """The provider's wish is followed."""
    sleep = Sleeper()
    with listening(one_by_one(told({}, 429, Retry_After=header), told({}))) as server:
        http(server.url, sleep=sleep).json(READ)

    assert sleep.slept == [seconds]


def test_a_long_retry_after_is_the_callers_business() -> None:
    """Nobody waits for minutes in here.

    Absurd wishes are cut to a day, and nonsense is not taken for a number.
    """
    for header, after in (
        ("300", 300.0),
        ("99999999999", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ):
        answer = Told(429, b"{}", {"Retry-After": header.encode().decode("latin-1")})
        with listening(always(answer)) as server, pytest.raises(RetryLater) as caught:
            http(server.url, patience=ONCE).json(READ)
        assert caught.value.after == after


def test_a_closed_port() -> None:
    """No connection, so nothing happened, also for a write."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for request in (READ, WRITE):
        with pytest.raises(RetryLater, match="could not be reached"):
            http(url).json(request)


def test_an_unknown_name() -> None:
    """A host that does not exist is a wrong setting."""

    def nowhere(_host: str, _port: int) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(Misconfigured, match="name of the host is not known"):
        http("http://nowhere.example", guard=connection().guard.__class__(resolve=nowhere)).json(READ)


@pytest.mark.parametrize(
    "answer",
    [
        broken(b""),
        broken(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        broken(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a'),
        broken(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        broken(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
        broken(b"SSH-2.0-OpenSSH_9.2\r\n"),
        broken(b"\x00\xff\xfe" * 50),
        broken(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
        broken(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000),
    ],
)
def test_an_answer_that_breaks(answer: Told) -> None:
    """Whatever is wrong with an answer, a read may be tried again and a write is uncertain."""
    with listening(always(answer)) as server:
        with pytest.raises(RetryLater):
            http(server.url, patience=ONCE).json(READ)
        with pytest.raises(Uncertain):
            http(server.url, patience=ONCE).json(WRITE)
        assert len(server.seen) == 2


def test_an_adapter_names_the_status_that_an_answer_should_have_had() -> None:
    """A server's failure in the clothes of a refusal: a read may be tried again, and a write is uncertain."""

    def refuse(status: int, body: Any, _headers: Any) -> int | None:
        return 500 if (status, body) == (400, {"oops": True}) else None

    with listening(always(told({"oops": True}, 400))) as server:
        with pytest.raises(RetryLater):
            http(server.url, patience=ONCE).json(READ, refuse=refuse)
        with pytest.raises(Uncertain):
            http(server.url, patience=ONCE).json(WRITE, refuse=refuse)


def test_a_packing_that_nobody_asked_for_is_named_and_not_tried_again() -> None:
    """The provider would pack it again; a person must look."""
    answer = broken(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd")
    with listening(always(answer)) as server:
        with pytest.raises(Misconfigured, match="'br', which was not asked for"):
            http(server.url).json(READ)
        with pytest.raises(Uncertain):
            http(server.url).json(WRITE)
        assert len(server.seen) == 2


def test_headers_that_are_cut_are_no_empty_answer() -> None:
    """For a read it is a cut; the status of a write has arrived, so it was carried out."""
    with listening(always(broken(b"HTTP/1.1 200 OK\r\nContent-Le"))) as server:
        with pytest.raises(RetryLater, match="before its body"):
            http(server.url, patience=ONCE).json(READ)
        assert http(server.url, patience=ONCE).json(WRITE)[1].data is None


def test_silence_ends() -> None:
    """A server that says nothing is left after the read timeout."""
    limits = Limits(connect=60, read=0.3, total=120)
    with listening(always(Told(raw=_until_the_end))) as server, pytest.raises(RetryLater, match="in time"):
        http(server.url, patience=ONCE, limits=limits).json(READ)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_slow_drip_ends(head: bytes) -> None:
    """A byte now and then resets the read timeout, but not the total one; in headers and in the body.

    All of it would take minutes: whoever waits for it is told that it was cut, and not that it did not come in time.
    """

    def drip(handler: Any) -> None:
        handler.wfile.write(head)
        for _byte in range(2400):
            handler.wfile.write(b"y")
            handler.wfile.flush()
            time.sleep(0.05)

    with listening(always(Told(raw=drip))) as server:
        line = http(server.url, patience=ONCE, limits=Limits(connect=60, read=60, total=0.5))
        with pytest.raises(RetryLater, match="in time"):
            line.json(READ)


def test_large_answers_are_cut() -> None:
    """More than the cap is not read, with or without a length, and is not tried again."""
    large = b"x" * 300_000
    for answer in (Told(body=large), broken(b"HTTP/1.1 200 OK\r\n\r\n" + large)):
        with listening(always(answer)) as server, pytest.raises(Misconfigured, match="larger than 200000"):
            http(server.url).json(READ)
        assert len(server.seen) == 1


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bombs_are_cut(pack: Callable[[bytes], bytes]) -> None:
    """What unpacks to more than the cap is left before it fills the memory; what fits is unpacked."""
    kind = "gzip" if pack is gzip.compress else "deflate"
    bomb = Told(body=pack(b"0" * 50_000_000), headers={"Content-Encoding": kind})
    with listening(always(bomb)) as server, pytest.raises(Misconfigured, match="larger"):
        http(server.url).json(READ)

    good = Told(body=pack(b'{"a": 1}'), headers={"Content-Encoding": kind})
    with listening(always(good)) as server:
        assert http(server.url).json(READ)[1].data == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"<html>Log in</html>", b"  <!DOCTYPE html>", b"{", b'{"a":1,}', b"nan", b"\xff"]
)
def test_a_success_that_is_no_json(body: bytes) -> None:
    """A read may be tried again, a write is uncertain; the body is not quoted."""
    with listening(always(Told(body=body))) as server:
        with pytest.raises(RetryLater) as caught:
            http(server.url, patience=ONCE).json(READ)
        with pytest.raises(Uncertain):
            http(server.url, patience=ONCE).json(WRITE)

    assert ("login" in str(caught.value)) == (b"<" in body)


def test_an_empty_success_is_nothing() -> None:
    """204 and empty bodies decode to None."""
    for answer in (Told(204, b""), Told(200, b" \n")):
        with listening(always(answer)) as server:
            assert http(server.url).json(WRITE)[1].data is None


def test_reads_follow_redirects_without_credentials_to_others() -> None:
    """The same host gets the signature again; another one gets none."""
    with listening(always(told({"ok": 1}))) as other:
        stranger = f"http://localhost:{other.port}/elsewhere"
        hops = one_by_one(Told(302, headers={"Location": "/here"}), Told(307, headers={"Location": stranger}))
        with listening(hops) as server:
            assert http(server.url).json(READ)[1].data == {"ok": 1}

        assert [seen.path for seen in server.seen] == ["/things", "/here"]
        assert all("Authorization" in seen.headers for seen in server.seen)
        assert "Authorization" not in other.seen[0].headers


def test_a_key_in_the_query_does_not_follow_either() -> None:
    """Neither host of a redirect gets another's key."""
    with listening(always(told({}))) as other:
        to_other = Told(302, headers={"Location": f"http://localhost:{other.port}/x"})
        with listening(always(to_other)) as server:
            http(server.url, auth=QueryKey("key"), secrets={"api_key": CANARY}).json(READ)

        assert server.seen[0].query == {"key": CANARY}
        assert other.seen[0].query == {}


@pytest.mark.parametrize(
    "target", ["/things", "ftp://127.0.0.1/", "javascript:alert(1)", "http://[", "//:0/"]
)
def test_redirects_that_lead_nowhere(target: str) -> None:
    """Circles, other schemes and malformed addresses are refused."""
    with listening(always(Told(302, headers={"Location": target}))) as server, pytest.raises(ProviderError):
        http(server.url, patience=ONCE).json(READ)


def test_writes_never_follow_redirects() -> None:
    """A write that is sent elsewhere says what to correct."""
    with (
        listening(always(Told(301, headers={"Location": "https://new.example/x?token=1"}))) as server,
        pytest.raises(Misconfigured, match=r"moved to https://new\.example/x; correct the address"),
    ):
        http(server.url).json(WRITE)


@pytest.mark.parametrize(
    "path", ["../other", "/a/../../b", "/a/%2e%2e/b", "http://evil.example/", "/a\\..\\b"]
)
def test_paths_stay_below_the_base(path: str) -> None:
    """No path of a caller leads to another part of the host, or to another host."""
    with pytest.raises(Misconfigured, match="outside"):
        http("http://127.0.0.1:9/base").json(Request("GET", path))


@pytest.mark.parametrize("auth", [Basic(), QueryKey("key", "password")])
def test_secrets_are_in_no_error_and_no_log(auth: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """A provider that echoes what it was sent, a cut, and a closed port.

    The secret is in none of what they leave.
    """

    def echo(seen: Seen) -> Told:
        return told({"error": f"bad key {CANARY} {seen.query} {dict(seen.headers)}"}, 400)

    found: list[ProviderError] = []
    for answers in (echo, always(broken(b""))):
        with listening(answers) as server, pytest.raises(ProviderError) as caught:
            http(server.url, auth=auth, patience=ONCE).json(READ)
        found.append(caught.value)
    with pytest.raises(ProviderError) as caught:
        http(server.url, auth=auth, patience=ONCE).json(READ)
    found.append(caught.value)

    written = "".join(capfd.readouterr())
    chain = [link for error in found for link in (error, error.__context__, error.__cause__)]
    spelled = "".join(f"{link!r} {link} {getattr(link, '__dict__', '')}" for link in chain)
    pair = base64.b64encode(f"ada:{CANARY}".encode()).decode()
    for spelling in (CANARY, "canary-Zq8%2F7", "canary-Zq8/7", pair, pair.rstrip("=")):
        assert spelling not in spelled
        assert spelling not in written
    assert "provider_call" in written
    assert "[secret]" in spelled


def test_a_secret_at_the_end_of_what_an_error_repeats_is_not_halved() -> None:
    """Words are cut short behind what is secret, not within it; also where the whole of them is no JSON."""
    for room in (290, 595, 995):
        for body in (f'{{"error": "{"x" * room}{CANARY}"}}', "x" * room + CANARY):
            with (
                listening(always(Told(400, body.encode()))) as server,
                pytest.raises(ProviderError) as caught,
            ):
                http(server.url, patience=ONCE).json(READ)

            assert CANARY[:4] not in caught.value.detail


def test_a_secret_with_a_line_break_is_never_sent() -> None:
    """It could forge headers."""
    with pytest.raises(Misconfigured, match="line break"):
        http("http://127.0.0.1:9", secrets={"password": "a\r\nX: y"}).json(READ)


def test_renewed_credentials_are_used_once() -> None:
    """OAuth's place: a refused token is renewed, and refused again it is the owner's turn."""
    fresh = {"password": Key("new")}
    with listening(one_by_one(told({}, 401), told({"ok": 1}))) as server:
        line = connection(renew=lambda: fresh)
        assert http(server.url, line=line).json(READ)[1].data == {"ok": 1}
        first, second = (seen.headers["Authorization"] for seen in server.seen)
        assert first != second
    with listening(always(told({}, 401))) as server, pytest.raises(NeedsReauthorisation):
        http(server.url, line=connection(renew=lambda: fresh)).json(READ)
    assert len(server.seen) == 2


def test_renewed_credentials_are_tried_whatever_went_before() -> None:
    """The renewal is no attempt: also the last one, or the only one, is made again."""
    line = connection(renew=lambda: {"password": Key("new")})
    for answers, attempts in (((told({}, 401),), 1), ((told({}, 503), told({}, 401)), 2)):
        with listening(one_by_one(*answers, told({"ok": 1}))) as server:
            patience = Patience(attempts=attempts)
            assert http(server.url, line=line, patience=patience).json(READ)[1].data == {"ok": 1}


def test_a_raw_call_renews_once_where_it_may_leave_twice() -> None:
    """A read whose token has ended; a write, and a second refusal, are answered as they are."""
    renewed: list[int] = []

    def renew() -> dict[str, Key]:
        renewed.append(1)
        return {"password": Key("new")}

    for request, answers, status, renewals in (
        (READ, (told({}, 401), told({})), 200, 1),
        (READ, (told({}, 401),), 401, 1),
        (WRITE, (told({}, 401), told({})), 401, 0),
    ):
        renewed.clear()
        with listening(one_by_one(*answers)) as server:
            assert http(server.url, line=connection(renew=renew)).raw(request).status == status
        assert len(renewed) == renewals


def test_a_raw_call_whose_token_cannot_be_renewed_is_answered_as_it_is() -> None:
    """The provider's refusal, and not that of the token endpoint."""

    def renew() -> dict[str, Key]:
        raise NeedsReauthorisation("the grant is over")

    with listening(always(told({}, 401))) as server:
        assert http(server.url, line=connection(renew=renew)).raw(READ).status == 401


def test_a_limit_of_its_own_keeps_no_other_call_waiting() -> None:
    """Who met it is told when to come again; neither the pause nor what its headers say is the account's."""
    headers = {"Retry_After": "600", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "600"}
    for narrow, waits in ((lambda path, _headers: path == READ.path, 0.0), (None, 600.0)):
        limiter = LocalLimiter(per_second=1_000, clock=lambda: 0.0, now=lambda: NOW)
        line = connection(limiter=limiter)
        with listening(always(told({}, 429, **headers))) as server, pytest.raises(RetryLater) as caught:
            Http(line, base_url=server.url, auth=Basic(), rate=Rate(), patience=ONCE, narrow=narrow).json(
                READ
            )
        assert caught.value.after == 600
        assert limiter.acquire(1) == pytest.approx(waits, abs=0.01)


def test_addresses_with_a_limit_of_their_own_are_paced_by_that() -> None:
    """What begins so waits its turn, and rests when it was too much; the account's other calls do neither."""
    account = LocalLimiter(per_second=1_000, burst=100, clock=lambda: 0.0, now=lambda: NOW)
    pace = LocalLimiter(per_second=1 / 6, clock=lambda: 0.0, now=lambda: NOW)
    slept, answers = Sleeper(), one_by_one(told({}), told({}), told({}), told({}, 429, Retry_After="600"))
    paces = {"/thi": pace}
    line = connection(limiter=account, paces=paces, sleep=slept)
    with listening(answers) as server:
        way = Http(
            line,
            base_url=server.url,
            auth=Basic(),
            patience=ONCE,
            narrow=lambda path, _told: path == READ.path,
        )
        for request in (READ, READ, Request("GET", "/others")):
            way.json(request)
        with pytest.raises(Throttled, match="the address's budget"):
            way.json(READ)
        met = LocalLimiter(per_second=1, clock=lambda: 0.0)
        paces["/thi"] = met
        with pytest.raises(RetryLater):
            way.json(READ)

    assert slept.slept == [pytest.approx(6)]
    assert met.acquire(1) == pytest.approx(600, abs=1)
    assert account.acquire(1) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("whose", ["address", "account", "OAuth application"])
def test_who_does_not_wait_for_a_turn_takes_none(whose: str) -> None:
    """One request takes longer than anybody waits: who comes again when it was told to is let through."""
    now = [0.0]
    slow, *quick = (LocalLimiter(per_second=rate, clock=lambda: now[0]) for rate in (1 / 12, 1, 1))
    budgets = {
        one: slow if one == whose else quick.pop() for one in ("address", "account", "OAuth application")
    }
    line = connection(
        limiter=budgets["account"],
        paces={"/thi": budgets["address"]},
        of_application=budgets["OAuth application"],
        sleep=Sleeper(),
    )
    with listening(always(told({}))) as server:
        way = Http(line, base_url=server.url, auth=Basic(), patience=ONCE)
        way.json(READ)
        for _again in range(3):
            with pytest.raises(Throttled, match=f"the {whose}'s budget") as caught:
                way.json(READ)
            assert caught.value.after == pytest.approx(12)
        now[0] += 12
        way.json(READ)


def test_the_limiter_is_asked_and_told() -> None:
    """A budget that is used up delays, or is the caller's business; what the headers say is handed on."""
    sleep = Sleeper()
    headers = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "60"}
    limiter = LocalLimiter(per_second=2, clock=lambda: 0.0, now=lambda: NOW)
    with listening(always(told({}, 200, **headers))) as server:
        plain = http(server.url, limiter=limiter, sleep=sleep)
        plain.json(READ)
        plain.json(READ)
        assert sleep.slept == [0.5]
        line = connection(limiter=limiter)
        Http(line, base_url=server.url, auth=Basic(), rate=Rate()).json(READ)
        with pytest.raises(RetryLater, match="budget") as caught:
            Http(line, base_url=server.url, auth=Basic(), rate=Rate()).json(READ)
    assert caught.value.after is not None
    assert caught.value.after > 59
