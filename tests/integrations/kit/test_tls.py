"""TLS goes to the address that was checked, under the name that was asked for, within the deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.kit.errors import Misconfigured, RetryLater
from integrations.kit.guard import Guard, Target
from integrations.kit.http import Patience, Request
from integrations.kit.transport import Limits
from tests.integrations.lines import http

READ = Request("GET", "/things")
NAME = "desk.example"
GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for desk.example that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def _say(line: ssl.SSLSocket) -> None:
    line.recv(65536)
    line.sendall(GOOD)


def _drip(line: ssl.SSLSocket) -> None:
    line.recv(65536)
    for byte in GOOD * 30:
        line.sendall(bytes([byte]))
        time.sleep(0.05)


@contextmanager
def speaking(
    certificate: Path, answer: Callable[[ssl.SSLSocket], None] = _say
) -> Iterator[tuple[int, list[str]]]:
    """A TLS server for one connection: its port, and the names that were asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[str] = []
    context.sni_callback = lambda _line, name, _context: asked.append(str(name))

    def serve() -> None:
        with listener, listener.accept()[0] as plain:
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    answer(line)
            except OSError:
                return  # the client hung up, which some tests want

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port, asked
        thread.join()


def guard(certificate: Path | None) -> Guard:
    """Every name leads to loopback; the certificate is trusted, if given."""

    def resolve(_host: str, port: int) -> list[Target]:
        return [(socket.AF_INET, ("127.0.0.1", port))]

    return Guard(
        allow_networks=("127.0.0.0/8",), resolve=resolve, ca_file=str(certificate) if certificate else None
    )


def test_the_name_is_kept_though_the_address_is_ours(certificate: Path) -> None:
    """The certificate is checked against the name, which the server is told, too."""
    with speaking(certificate) as (port, asked):
        assert http(f"https://{NAME}:{port}", guard=guard(certificate)).json(READ)[1].data == {"a": 1}

    assert asked == [NAME]


def test_a_certificate_of_another_name_is_refused(certificate: Path) -> None:
    """Whoever answers at the address must be who was asked for."""
    with (
        speaking(certificate) as (port, _asked),
        pytest.raises(Misconfigured, match="certificate is refused"),
    ):
        http(f"https://other.example:{port}", guard=guard(certificate)).json(READ)


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    """The usual authorities are trusted, and no others."""
    with (
        speaking(certificate) as (port, _asked),
        pytest.raises(Misconfigured, match="certificate is refused"),
    ):
        http(f"https://{NAME}:{port}", guard=guard(None)).json(READ)


def test_a_slow_drip_ends_under_tls_too(certificate: Path) -> None:
    """The total deadline holds for encrypted answers: this one is a good one for whoever waits some seconds."""
    with speaking(certificate, _drip) as (port, _asked):
        limits = Limits(connect=60, read=60, total=0.5)
        line = http(
            f"https://{NAME}:{port}", guard=guard(certificate), limits=limits, patience=Patience(attempts=1)
        )
        with pytest.raises(RetryLater, match="in time"):
            line.json(READ)
        line.close()
