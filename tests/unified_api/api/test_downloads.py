"""Files over the API: listed like any record, brought from the provider when asked for, made from an address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from merge.client import Merge

from tenants.models import LinkedAccount
from tests import stub
from tests.people import Person
from tests.unified_api.api.account.test_scopes import limit
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.api import bulkhead
from unified_api.serve.shares import Shares


@pytest.fixture
def desk(desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> stub.Desk:
    """The desk, whose adapter knows of its files."""
    known = replace(stub.PROVIDER, resources=(*stub.PROVIDER.resources, stub.FILES))
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, known)
    return desk


def attached(api: Linked, desk: stub.Desk, name: str, blob: bytes, **values: Any) -> str:
    """A file of a ticket at the desk, read; its id here."""
    ticket = desk.add(title="leak", state="open", priority="p2")
    remote_id = desk.attach(ticket, name, blob, **values)
    api.work()
    (found,) = api.get("attachments", {"remote_id": remote_id}).json()["results"]
    return str(found["id"])


def blob_of(answer: Any) -> bytes:
    """What is streamed."""
    blob = b"".join(answer.streaming_content)
    answer.close()
    return blob


def test_files_are_listed_with_their_tickets(api: Linked, desk: stub.Desk) -> None:
    """As any record; what is in them is not."""
    shown = api.get(f"attachments/{attached(api, desk, 'log', b'123')}").json()

    (ticket,) = api.get("tickets").json()["results"]
    assert (shown["file_name"], shown["ticket"], shown["content_type"], shown["size"]) == (
        "log",
        ticket["id"],
        "text/plain",
        3,
    )


def test_a_file_is_answered_as_it_is(api: Linked, desk: stub.Desk) -> None:
    """Every byte, under its name, for a browser to keep and not to show."""
    odd = bytes(range(256))
    file = attached(api, desk, "täglich.html", odd, type="text/html")
    answer = api.get(f"attachments/{file}/download")

    assert (answer.status_code, blob_of(answer)) == (200, odd)
    assert answer["Content-Type"] == "text/html"
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''t%C3%A4glich.html"
    assert answer["Content-Length"] == "256"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_what_may_not_be_read_of_a_file_is_in_no_header(api: Linked, desk: stub.Desk) -> None:
    """The file itself is answered, under its id and as any bytes."""
    file = attached(api, desk, "notice-of-dismissal.html", b"123", type="text/html")
    limit(api, "Attachment", disabled_fields=["file_name", "content_type"])
    answer = api.get(f"attachments/{file}/download")

    assert (answer.status_code, blob_of(answer)) == (200, b"123")
    assert answer["Content-Type"] == "application/octet-stream"
    assert "notice" not in answer["Content-Disposition"]


def test_no_name_or_type_of_a_file_makes_headers(api: Linked, desk: stub.Desk) -> None:
    """Signs that would are replaced, and what is no media type is none."""
    file = attached(api, desk, "../a\r\nSet-Cookie: x", b"", type="text/html\r\nX: y")
    answer = api.get(f"attachments/{file}/download")

    assert answer["Content-Disposition"] == 'attachment; filename=".._a__Set-Cookie: x"'
    assert answer["Content-Type"] == "text/plain"
    answer.close()


def test_the_official_client_downloads_it(api: Linked, desk: stub.Desk, merge: Merge) -> None:
    """In pieces, as it reads raw answers."""
    file = attached(api, desk, "log", b"line by line")

    assert b"".join(merge.ticketing.attachments.download_retrieve(file)) == b"line by line"


@pytest.mark.parametrize("sign", ["\x85", "\u200b", "\u202e", "\u2066", "\ufeff"])
def test_no_sign_of_a_name_hides_what_the_file_is(api: Linked, desk: stub.Desk, sign: str) -> None:
    """Signs that turn the order of others, or that nobody sees, are replaced; letters of any script are not."""
    file = attached(api, desk, f"日本{sign}txt.exe", b"")
    answer = api.get(f"attachments/{file}/download")

    assert unquote(answer["Content-Disposition"]) == "attachment; filename*=utf-8''日本_txt.exe"
    answer.close()


@pytest.mark.parametrize(("status", "answered"), [(404, 404), (403, 403), (401, 409), (400, 400), (503, 503)])
def test_a_file_that_cannot_be_had_is_an_error(
    api: Linked, desk: stub.Desk, status: int, answered: int
) -> None:
    """Never half a file with a success."""
    file = attached(api, desk, "log", b"123")
    desk.refuse_blobs = status

    answer = api.get(f"attachments/{file}/download")
    assert (answer.status_code, answer["Content-Type"]) == (answered, "application/json")


def test_files_on_their_way_to_callers_are_as_many_as_calls_of_providers(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who does not take its file keeps the slot, so that files do not fill the disk; a closed one frees it."""
    monkeypatch.setattr(bulkhead, "_slots", Shares(1))
    monkeypatch.setattr(bulkhead, "PATIENCE", 0.01)
    path = f"attachments/{attached(api, desk, 'log', b'123')}/download"
    slow = api.get(path)
    refused = api.get(path)
    slow.close()
    again = api.get(path)

    assert (slow.status_code, refused.status_code, again.status_code) == (200, 503, 200)
    assert blob_of(again) == b"123"


def test_a_refused_credential_pauses_the_account(api: Linked, desk: stub.Desk) -> None:
    """As any call does that the account's own provider refuses: its owner has to link it again."""
    file = attached(api, desk, "log", b"123")
    desk.refuse_blobs = 401
    answer = api.get(f"attachments/{file}/download")

    assert "linked again" in answer.json()["detail"]
    with api.person.at_work():
        assert LinkedAccount.objects.get().status == "RELINK_NEEDED"


def test_a_file_is_not_converted(api: Linked, desk: stub.Desk) -> None:
    """Who asks for another media type is told which it has."""
    file = attached(api, desk, "log", b"123")

    assert api.get(f"attachments/{file}/download", {"mime_type": "application/pdf"}).status_code == 400
    answer = api.get(f"attachments/{file}/download", {"mime_type": "text/plain"})
    assert answer.status_code == 200
    answer.close()


def test_files_of_others_are_not_there(api: Linked, desk: stub.Desk, charlie: Person, link: Link) -> None:
    """Another tenant's key finds nothing, and nobody is called."""
    file = attached(api, desk, "log", b"123")
    other = link(charlie)
    before = len(desk.log)

    assert other.get(f"attachments/{file}/download").status_code == 404
    assert len(desk.log) == before


def test_a_file_is_made_from_its_address(api: Linked, desk: stub.Desk) -> None:
    """As the wire contract has it: the caller says where it is, and it is brought without any credential."""
    with stub.running() as elsewhere:
        elsewhere.blobs["7"] = b"over there"
        attached(api, desk, "log", b"123")
        (ticket,) = api.get("tickets").json()["results"]
        said = {"file_name": "new", "ticket": ticket["id"], "file_url": f"{elsewhere.url}/blobs/7"}
        answer = api.send("post", "attachments", {"model": said})

    assert answer.status_code == 201, answer.json()
    assert desk.blobs[answer.json()["model"]["remote_id"]] == b"over there"
    assert elsewhere.signatures == [None]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (None, "is required"),
        ("http://10.0.0.1/x", "private network"),
        ("nowhere", "has to begin with https:// or http://"),
        ("ftp://example.com/x", "has to begin with https:// or http://"),
    ],
)
def test_a_file_without_a_good_address_is_refused(
    api: Linked, desk: stub.Desk, address: str | None, sentence: str
) -> None:
    """Nothing is sent, and the problem points at the address."""
    attached(api, desk, "log", b"123")
    (ticket,) = api.get("tickets").json()["results"]
    said = {"file_name": "new", "ticket": ticket["id"], **({"file_url": address} if address else {})}
    before = len(desk.log)
    answer = api.send("post", "attachments", {"model": said})

    (problem,) = answer.json()["errors"]
    assert len(desk.log) == before
    assert sentence in str(problem)
    assert (answer.status_code, problem["source"]["pointer"]) == (400, "model/file_url")
    assert desk.writes() == []


def test_no_address_borrows_the_accounts_credential(api: Linked, desk: stub.Desk) -> None:
    """A caller who names one of the account's own provider gets there what anybody would."""
    desk.blobs["7"] = b"for anybody"
    attached(api, desk, "log", b"123")
    (ticket,) = api.get("tickets").json()["results"]
    said = {"file_name": "new", "ticket": ticket["id"], "file_url": f"{desk.url}/blobs/7"}
    answer = api.send("post", "attachments", {"model": said})
    secret = api.send("post", "attachments", {"model": {**said, "file_url": f"{desk.url}/tickets"}})

    assert answer.status_code == 201, answer.json()
    assert desk.signatures == [None]
    assert (secret.status_code, secret.json()["errors"][0]["source"]["pointer"]) == (400, "model/file_url")
