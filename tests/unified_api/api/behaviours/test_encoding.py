"""How requests are encoded."""

from __future__ import annotations

import datetime as dt
import gzip
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unified_api.api.conftest import Linked
from unified_api.models.ticketing import User

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.fixture
def two(api: Linked) -> Linked:
    """An account with a ticket of Grace's, and its parent."""
    api.land("7", model=User, name="Grace")
    api.land("1", name="parent", due_date=NOON)
    api.land("2", name="child", creator="7", assignees=["7"], parent_ticket="1", due_date=NOON)
    return api


@pytest.mark.parametrize(
    "given",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T12:00:00.000000+00:00",
    ],
)
def test_datetimes_are_iso_8601_in_any_zone(two: Linked, given: str) -> None:
    """Node sends milliseconds, Python the local zone."""
    asked = {"due_after": given, "due_before": given}

    assert len(two.get("tickets", asked).json()["results"]) == 2


@pytest.mark.parametrize("told", ["true", "false"])
def test_booleans_are_true_and_false(two: Linked, told: str) -> None:
    """Nothing else is one."""
    found = two.get("tickets", {"include_remote_data": told}).json()["results"]

    assert all(one["remote_data"] is None for one in found) is (told == "false")
    assert two.get("tickets", {"include_remote_data": "yes"}).status_code == 400


@pytest.mark.parametrize(
    "expand",
    [
        "creator,parent_ticket,assignees",
        "assignees,creator,parent_ticket",
        "parent_ticket, assignees , creator",
        ["creator", "assignees", "parent_ticket"],
        ["creator,assignees", "parent_ticket", "creator"],
    ],
)
def test_expand_is_one_joined_value_in_any_order_or_repeated_keys(two: Linked, expand: Any) -> None:
    """As every version of the clients sends it; names that the model does not have do no harm."""
    [child] = two.get("tickets", {"expand": expand, "name": "child"}).json()["results"]
    more = [*([expand] if isinstance(expand, str) else expand), "contacts,nobody"]
    [same] = two.get("tickets", {"expand": more, "name": "child"}).json()["results"]

    assert (child["creator"]["name"], child["parent_ticket"]["name"]) == ("Grace", "parent")
    assert child["assignees"][0]["name"] == "Grace"
    assert same == child


def raw(live: str, api: Linked, method: str, path: str, **headers: str) -> tuple[int, Any, Any]:
    """Status, headers and body of a request that carries nothing beyond what is named here."""
    connection = http.client.HTTPConnection(urlsplit(live).netloc, timeout=120)
    connection.putrequest(method, f"/api/ticketing/v1/{path}", skip_accept_encoding=True)
    for name, value in {**api.headers, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def test_some_posts_have_no_body_and_no_content_type(live: str, two: Linked) -> None:
    """A resync, a new account token's, a delete of the account: as the client sends them."""
    resync = raw(live, two, "POST", "sync-status/resync", **{"Content-Length": "0"})
    bare = raw(live, two, "POST", "sync-status/resync")
    gone = raw(live, two, "POST", "delete-account")

    assert [status for status, _headers, _body in (resync, bare, gone)] == [200, 200, 200]
    assert [one["model_name"] for one in json.loads(bare[2])] == [
        one["model_name"] for one in json.loads(resync[2])
    ]
    assert json.loads(gone[2]) == {}


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/xml;q=0.9", ""])
def test_answers_are_json_whatever_is_accepted(two: Linked, accept: str) -> None:
    """Never an HTML view; also of errors."""
    for path in ("tickets", "tickets/nobody", "sync-status"):
        answer = two.get(path, Accept=accept)
        assert answer.headers["Content-Type"] == "application/json"
        assert isinstance(answer.json(), dict)


def test_answers_are_packed_for_who_takes_gzip(live: str, two: Linked) -> None:
    """And as they are for who does not; an ETag of a packed answer is taken like that of a plain one."""
    ticket = two.get("tickets").json()["results"][0]["id"]
    _, plain, body = raw(live, two, "GET", f"tickets/{ticket}")
    status, headers, packed = raw(
        live, two, "GET", f"tickets/{ticket}", **{"Accept-Encoding": "gzip, deflate, br"}
    )
    again = raw(live, two, "GET", f"tickets/{ticket}", **{"If-None-Match": headers["ETag"]})

    assert (status, headers["Content-Encoding"], "Content-Encoding" in plain) == (200, "gzip", False)
    assert gzip.decompress(packed) == body
    assert headers["ETag"] == f"W/{plain['ETag']}"
    assert again[0] == 304


@pytest.mark.parametrize("taken", ["br", "deflate", "br, deflate;q=0.5"])
def test_who_takes_no_gzip_gets_answers_as_they_are(live: str, two: Linked, taken: str) -> None:
    """Every client that takes br or deflate takes gzip as well."""
    status, headers, body = raw(live, two, "GET", "tickets", **{"Accept-Encoding": taken})

    assert (status, "Content-Encoding" in headers) == (200, False)
    assert len(json.loads(body)["results"]) == 2
