"""Passthrough: any call, signed, shown without what is secret; never a credential for another host."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import OperationalError

from tenants.scope import scope
from tests import stub
from tests.unified_api.api.conftest import Linked
from unified_api.api import bulkhead
from unified_api.sync import passthrough
from unified_api.sync.moments import Moments


class Stranger:
    """Another server, which keeps what it is sent, and answers with it or with bytes."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.answer: bytes | None = None
        self.status, self.more = 200, dict[str, str]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: Any) -> None:
                """Nothing."""

            def _serve(self) -> None:
                outer.seen.append(dict(self.headers))
                outer.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                body = str(self.headers).encode() if outer.answer is None else outer.answer
                self.send_response_only(outer.status)
                for name, value in outer.more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Echo", self.headers.get("Authorization", ""))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _serve  # noqa: N815 - http.server's names

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """A server that is not the account's."""
    other = Stranger()
    thread = threading.Thread(target=other.server.serve_forever, args=(0.02,))
    thread.start()
    yield other
    other.server.shutdown()
    other.server.server_close()
    thread.join()


def call(api: Linked, **body: Any) -> Any:
    """POST passthrough."""
    return api.send("post", "passthrough", body)


def test_a_read(api: Linked, desk: stub.Desk) -> None:
    """200 with the provider's status inside, also for its errors."""
    found = call(api, method="GET", path="/me", headers={"X-Mine": "1"}).json()
    missing = call(api, method="GET", path="tickets/99?x=1", normalize_response=True)

    assert (found["status"], found["response"], found["response_type"]) == (
        200,
        {"account": "stub-1"},
        "JSON",
    )
    assert found["headers"] == {"X-Mine": "1", "Authorization": "<redacted>"}
    assert (missing.status_code, missing.json()["status"]) == (200, 404)
    assert missing.json()["response"] == {"type": "object", "value": {"error": "no such record"}}


def test_a_write(api: Linked, desk: stub.Desk) -> None:
    """The data goes as it is."""
    made = call(api, method="POST", path="/tickets", data='{"title": "raw"}').json()

    assert made["status"] == 201
    assert desk.tables["tickets"][made["response"]["id"]]["title"] == "raw"


def test_a_write_without_an_answer_is_200_with_504_inside(api: Linked, desk: stub.Desk) -> None:
    """A client retries 408 and 5xx, and would write twice."""
    desk.cut_after_write = 1
    made = call(api, method="POST", path="/tickets", data='{"title": "raw"}')

    assert (made.status_code, made.json()["status"]) == (200, 504)
    assert len(desk.tables["tickets"]) == 1


def test_a_read_without_an_answer_is_503(api: Linked) -> None:
    """Not 408: nothing happened, and 503 may be repeated as well."""
    gone = call(api, method="GET", path="/me", base_url_override="http://127.0.0.1:9")

    assert gone.status_code == 503
    assert "could not be reached" in gone.json()["detail"]


def test_a_write_during_which_our_database_was_lost_is_no_500(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call may have left: a client that retries 5xx would do it twice."""
    draw, drawn = Moments.draw, []

    def lose_after_the_call(self: Moments) -> int:
        drawn.append(1)
        if len(drawn) > 1:
            raise OperationalError("server closed the connection unexpectedly")
        return draw(self)

    monkeypatch.setattr(Moments, "draw", lose_after_the_call)
    made = call(api, method="POST", path="/tickets", data='{"title": "raw"}')

    assert (made.status_code, made.json()["status"]) == (200, 504)
    assert len(desk.tables["tickets"]) == 1


@pytest.mark.parametrize(
    "override",
    [
        "{url}",
        "{url}/deep",
        "{url}/?x=",
        "{url}?",
        "{url}#x",
        "{url}#",
        "{desk}@{host}",
        "http://{host}\\@{deskhost}",
    ],
)
def test_credentials_never_go_to_another_host(
    api: Linked, desk: stub.Desk, stranger: Stranger, override: str
) -> None:
    """However the address is spelled, and whatever the caller adds."""
    spelled = override.format(
        url=stranger.url,
        desk=desk.url,
        host=stranger.url.partition("//")[2],
        deskhost=desk.url.partition("//")[2],
    )
    answer = call(api, method="GET", path="/x", base_url_override=spelled)

    assert answer.status_code in {200, 400}
    assert all("Authorization" not in headers for headers in stranger.seen)
    assert desk.token not in answer.content.decode()


def test_another_host_holds_up_no_call_of_the_account(
    api: Linked, desk: stub.Desk, stranger: Stranger
) -> None:
    """Its wish to be left alone for a day is its own affair."""
    stranger.status, stranger.more = 429, {"Retry-After": "86400"}
    call(api, method="GET", path="/x", base_url_override=stranger.url)

    assert stranger.seen
    assert call(api, method="GET", path="me").json()["status"] == 200


def test_the_accounts_own_host_is_signed(api: Linked, desk: stub.Desk) -> None:
    """An override below the same origin is the same provider."""
    assert call(api, method="GET", path="1", base_url_override=f"{desk.url}/users").json()["status"] == 404
    assert call(api, method="GET", path="me", base_url_override=desk.url).json()["status"] == 200


def test_what_a_provider_repeats_of_the_credential_is_cut_out(
    api: Linked, desk: stub.Desk, stranger: Stranger
) -> None:
    """An echo of the request shows no token, in body or headers; the caller cannot put one of his own instead."""
    api.account.settings = {"base_url": stranger.url}
    api.stored(api.account.save)
    answer = call(api, method="GET", path="/echo", headers={"authorization": "Bearer mine"})

    assert stranger.seen[0]["Authorization"] == f"Bearer {desk.token}"
    assert desk.token not in answer.content.decode()
    assert answer.json()["response_headers"]["X-Echo"] == "Bearer [secret]"


def test_what_is_no_text_is_cleaned_before_it_is_packed(
    api: Linked, desk: stub.Desk, stranger: Stranger
) -> None:
    """Nobody could find a token in what is packed."""
    stranger.answer = b"\xff" + desk.token.encode() + b"\x00\xfe"
    answer = call(api, method="GET", path="/", base_url_override=stranger.url).json()

    assert gzip.decompress(base64.b64decode(answer["response"])) == b"\xff[secret]\x00\xfe"


def test_bytes_come_packed(api: Linked, stranger: Stranger) -> None:
    """What is no text is gzip in base64."""
    stranger.answer = b"\xff\xfe\x00"
    answer = call(api, method="GET", path="/", base_url_override=stranger.url).json()

    assert answer["response_type"] == "BASE64_GZIP"
    assert gzip.decompress(base64.b64decode(answer["response"])) == b"\xff\xfe\x00"


def test_forms_with_files(api: Linked, stranger: Stranger) -> None:
    """Parts are unpacked and sent as multipart/form-data."""
    packed = base64.b64encode(gzip.compress(b"file")).decode()
    parts = [
        {"name": "a", "data": "plain"},
        {
            "name": "b",
            "data": packed,
            "encoding": "GZIP_BASE64",
            "file_name": "b.txt",
            "content_type": "text/plain",
        },
    ]
    form = {"request_format": "MULTIPART", "multipart_form_data": parts}
    answer = call(api, method="POST", path="/", base_url_override=stranger.url, **form)

    assert answer.json()["status"] == 200
    assert stranger.seen[0]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b"plain" in stranger.bodies[0]
    assert b'filename="b.txt"' in stranger.bodies[0]
    assert b"\r\n\r\nfile\r\n" in stranger.bodies[0]


def test_private_addresses_are_guarded(api: Linked, settings: Any) -> None:
    """What the operator does not allow is refused, in a sentence."""
    answer = call(api, method="GET", path="/", base_url_override="http://10.0.0.1")

    assert answer.status_code == 400
    assert "private network" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"path": "/me"}, "method"),
        ({"method": "TRACE", "path": "/me"}, "method"),
        ({"method": "GET"}, "path"),
        ({"method": "GET", "path": 1}, "path"),
        ({"method": "GET", "path": "/{{API_KEY}}"}, "path"),
        ({"method": "POST", "path": "/", "data": "{{ PASSWORD }}"}, "data"),
        ({"method": "POST", "path": "/", "data": {}}, "data"),
        ({"method": "GET", "path": "/", "headers": {"Host": "x"}}, "headers"),
        ({"method": "GET", "path": "/", "headers": {"X": 1}}, "headers"),
        ({"method": "GET", "path": "/", "base_url_override": "file:///etc/passwd"}, "base_url_override"),
        ({"method": "GET", "path": "/", "base_url_override": "http://a b"}, "base_url_override"),
        ({"method": "GET", "path": "/", "request_format": "YAML"}, "request_format"),
        ({"method": "POST", "path": "/", "request_format": "MULTIPART"}, "multipart_form_data"),
        ({"method": "GET", "path": "http://elsewhere/"}, "detail"),
        ({"method": "GET", "path": "/../x"}, "detail"),
        ({"method": "GET", "path": "/", "headers": {"X": "a\r\nb"}}, "detail"),
    ],
)
def test_malformed_calls_name_the_key(api: Linked, desk: stub.Desk, body: dict[str, Any], named: str) -> None:
    """400, and nothing was called."""
    answer = call(api, **body)

    assert (answer.status_code, list(answer.json())) == (400, [named])
    assert desk.log == []


@pytest.mark.parametrize("name", ["Content-Length ", "Host\t", "X A", "", "X:", "X\r\nY", "Ünd"])
def test_what_is_no_name_of_a_header_is_refused(api: Linked, desk: stub.Desk, name: str) -> None:
    """A space at the end would let a header through that callers may not set."""
    answer = call(api, method="GET", path="/me", headers={name: "1"})

    assert (answer.status_code, list(answer.json())) == (400, ["headers"])


def test_a_call_ends_before_the_official_clients_give_up(api: Linked) -> None:
    """The waits for a slot and for the account's budget, and the call: below the 60 s after which these repeat it."""
    with scope(api.person.tenant_id), passthrough.line(api.account) as way:
        http = passthrough._http(way, None)
        seconds = bulkhead.PATIENCE + http._patience.wait + http._limits.total
        http.close()

    assert seconds < 55
