"""Errors: always JSON, in DRF's shape, never a web page and never a redirect."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from tenants import secrets
from tenants.models import LinkedAccount
from tests import stub
from tests.canary import found
from tests.people import Person
from tests.tenants import keys
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api import auth, idempotency, reading
from unified_api.sync.models import Job, Write

TICKETS = "/api/ticketing/v1/tickets"


def call(path: str, method: str = "get", **headers: str) -> Any:
    """A request of nobody in particular, as a browser makes it."""
    client = Client(raise_request_exception=False)
    return getattr(client, method)(path, headers={"Accept": "text/html", **headers})


@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", f"{TICKETS}/", "/api/ticketing/v2/tickets", "/api/%00"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_unknown_paths_are_404_as_json(database: object, path: str, method: str) -> None:
    """Also with a slash at the end, which is never a redirect."""
    answer = call(path, method)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Basic abc", "Bearer guess", "Bearer \t", "isk_live_x"]
)
def test_without_a_key_it_is_401(database: object, given: str) -> None:
    """With the reason, and the challenge that HTTP wants."""
    answer = call(TICKETS, Authorization=given)

    assert (answer.status_code, list(answer.json())) == (401, ["detail"])
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["", "guess", "iat_" + "A" * 43])
def test_without_an_account_token_it_is_401(alice: Person, token: str) -> None:
    """The key alone does not say whose records are meant."""
    answer = call(TICKETS, **alice.headers, **{"X-Account-Token": token})

    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


def test_an_account_of_another_category_is_401(alice: Person, link: Link) -> None:
    """Its token is none of this category's."""
    crm = link(alice, category="crm", streams=False)

    assert crm.get("tickets").status_code == 401


@pytest.mark.parametrize("path", ["tickets", f"tickets/{uuid.UUID(int=1)}", "tickets?created_after=x"])
def test_a_revoked_key_is_401_at_once(api: Linked, path: str) -> None:
    """Though its caller was recalled just now, and whatever is asked for: a list, a record, what is malformed."""
    from tenants import apikeys
    from tenants.models import ApiKey

    before = [api.get("tickets").status_code for _ in range(3)]
    told = api.get(path).status_code
    with api.person.at_work():
        apikeys.revoke(ApiKey.objects.get())

    assert before == [200, 200, 200]
    assert told == {"tickets": 200, "tickets?created_after=x": 400}.get(path, 404)
    assert api.get(path).status_code == 401


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1]", b'"x"', b'{"model": NaN}', b"[" * 5000])
def test_malformed_json_is_400(api: Linked, body: bytes) -> None:
    """In DRF's shape."""
    client = Client(raise_request_exception=False)
    answer = client.post(TICKETS, data=body, content_type="application/json", headers=api.headers)

    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        ({"wsgi.input_terminated": True, "wsgi.input": BytesIO(b'{"model": {"name": "x"}}')}, 411),
        ({"wsgi.input_terminated": True, "wsgi.input": BytesIO()}, 400),
    ],
)
def test_a_body_of_unknown_length_is_411(api: Linked, told: dict[str, Any], status: int) -> None:
    """In chunks, or over HTTP/2: it is not taken for an empty one; where there is none, none is missed."""
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", TICKETS, headers=api.headers, **told)

    assert (answer.status_code, list(answer.json())) == (status, ["detail" if status == 411 else "model"])


def test_a_large_body_is_413(api: Linked, settings: Any) -> None:
    """It is not read to its end."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = api.send("post", "tickets", {"model": {"name": "x" * 200}})

    assert (answer.status_code, list(answer.json())) == (413, ["detail"])


def test_a_method_that_is_not_offered_is_405(api: Linked) -> None:
    """As JSON, too."""
    answer = api.send("delete", "tickets", None)

    assert (answer.status_code, list(answer.json())) == (405, ["detail"])


def test_our_failure_is_500_with_the_correlation_id(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to look for in the logs, and nothing of the inside."""

    def broken(*_args: object) -> None:
        raise RuntimeError("of the inside")

    monkeypatch.setattr(reading, "refuse_unsupported", broken)
    answer = Client(raise_request_exception=False).get(TICKETS, headers=api.headers)

    assert (answer.status_code, list(answer.json())) == (500, ["detail", "correlation_id"])
    assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert "of the inside" not in answer.content.decode()


def test_a_host_that_is_not_ours_is_400_as_json(database: object) -> None:
    """Django's own refusals are JSON below /api/, and pages elsewhere."""
    answer = Client().get(TICKETS, headers={"Host": "elsewhere.example"})

    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


def test_a_database_that_is_away_is_503_where_nothing_was_begun(
    api: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads may be asked again, and so may a write that was not journalled."""

    def away(*_args: object, **_more: object) -> None:
        raise OperationalError("no such host")

    monkeypatch.setattr(reading, "refuse_unsupported", away)
    monkeypatch.setattr(idempotency, "earlier", away)
    client = Client(raise_request_exception=False)
    read = client.get(TICKETS, headers=api.headers)
    write = api.send("post", "tickets", {"model": {"name": "x"}})

    assert (read.status_code, read.headers["Retry-After"], list(read.json())) == (503, "5", ["detail"])
    assert "no such host" not in read.content.decode()
    assert (write.status_code, write.headers["Retry-After"]) == (503, "5")


def test_a_database_that_is_away_before_a_write_begins_is_503(
    api: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows yet who asks, so nothing was begun."""

    def away(*_args: object, **_more: object) -> None:
        raise OperationalError("no such host")

    monkeypatch.setattr(auth, "caller_of", away)
    write = api.send("post", "tickets", {"model": {"name": "x"}})

    assert (write.status_code, write.headers["Retry-After"]) == (503, "5")


def test_a_master_key_that_is_missing_is_503(
    api: Linked, desk: stub.Desk, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """What needs the credential says what is missing and when to come again; the write is over, records are read."""
    settings.MASTER_KEYS = keys.NEW
    secrets.forget_key(api.person.tenant_id)
    write = api.send("post", "tickets", {"model": {"name": "leak"}})
    call = api.send("post", "passthrough", {"method": "GET", "path": "/tickets"})
    read = api.get("tickets")

    assert [(a.status_code, a.headers.get("Retry-After")) for a in (write, call, read)] == [
        (503, "60"),
        (503, "60"),
        (200, None),
    ]
    (problem,) = write.json()["errors"]
    assert problem["problem_type"] == "RETRY_LATER"
    for sentence in (problem["detail"], call.json()["detail"]):
        assert (
            f"the account's credential cannot be opened, so nothing was sent. Sealed under key {keys.OLD_ID!r}"
            in (sentence)
        )
    told = capsys.readouterr()
    assert api.stored(lambda: Write.objects.get().state) == "not applied"
    assert not api.stored(lambda: Job.objects.filter(kind="write").exists())
    for material in keys.MATERIAL:
        assert found(material, [write.content.decode(), call.content.decode(), *told]) == []
    assert desk.log == []


def test_a_credential_that_was_erased_is_to_be_linked_again(api: Linked, desk: stub.Desk) -> None:
    """Not an error of ours, and nothing that coming again would help."""
    api.stored(lambda: LinkedAccount.objects.update(sealed_credential=b""))
    call = api.send("post", "passthrough", {"method": "GET", "path": "/tickets"})

    assert (call.status_code, desk.log) == (400, [])
    assert "link it again" in call.json()["detail"]
