"""Answers that say things elsewhere than most: lists as objects, ids and reasons in headers, one password for all."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from integrations.kit.auth import Basic
from integrations.kit.client import Client
from integrations.kit.endpoints import GET, POST, Check, Since, Table
from integrations.kit.errors import Misconfigured, Rejected, RetryLater, Uncertain
from integrations.kit.lenses import choice
from integrations.kit.mapping import Mapping
from integrations.kit.observation import Page
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tests.integrations.lines import connection
from tests.integrations.listener import Seen, Told, listening, told
from unified_api.models.ticketing import Ticket

ROWS = {"1": {"id": 1, "title": "a"}, "2": {"id": 2, "title": "b"}}
TICKETS = Resource(
    mapping=Mapping(Ticket, name="title", status=choice("state", {"OPEN": "open"}, table="states")),
    list=GET("/rows", items="rows", keyed=True),
    get=GET("/rows/{remote_id}"),
    create=POST("/rows", located=r"(\d+)\D*$"),
    recent=GET("/rows", items="rows", keyed=True),
    recognise=("name",),
)
PROVIDER = Provider(
    slug="odd",
    name="Odd",
    category="ticketing",
    settings=(Setting("base_url", "Address"), Setting("key", "K", secret=True)),
    auth=Basic("key", literal="x"),
    check=Check(GET("/rows")),
    tables={
        "states": Table(
            GET("/states", items="", then=lambda _api, items: [one for one in items if not one["old"]])
        )
    },
    faults=lambda body: {"title": body},
    reason="X-Reason",
    resources=(TICKETS,),
)


def _client(url: str) -> Client:
    return Client(PROVIDER, connection({"base_url": url}, {"key": "the-key"}))


@pytest.mark.parametrize(("rows", "shown"), [(ROWS, ["1", "2"]), ([], []), ([ROWS["2"]], ["2"]), ({}, [])])
def test_a_list_may_be_an_object_by_ids(rows: object, shown: list[str]) -> None:
    """Also where an empty one is shown as a list, as some languages have it."""
    with listening(lambda _seen: told({"rows": rows})) as server, _client(server.url) as client:
        [page] = client.pages(TICKETS, None)

    assert [one.remote_id for one in page.observations] == shown


def test_what_is_neither_is_no_list() -> None:
    """Silence is not taken for emptiness."""
    with (
        listening(lambda _seen: told({"rows": None})) as server,
        _client(server.url) as client,
        pytest.raises(Misconfigured),
    ):
        list(client.pages(TICKETS, None))


@pytest.mark.parametrize("where", ["https://odd.example/rows/2", "/show.php?id=2&new", "https://1.example/2"])
def test_a_new_id_may_stand_in_an_address(where: str) -> None:
    """The pattern finds it in the Location header, and the record is read by it."""

    def answer(seen: Seen) -> Told:
        return Told(201, b"", {"Location": where}) if seen.method == "POST" else told(ROWS["2"])

    with listening(answer) as server, _client(server.url) as client:
        assert client.create(TICKETS, {"name": "b"}).remote_id == "2"


@pytest.mark.parametrize("headers", [{}, {"Location": "/rows"}])
def test_an_address_without_an_id_leaves_the_create_uncertain(headers: dict[str, str]) -> None:
    """It was made, and nobody knows as what."""
    with (
        listening(lambda _seen: Told(201, b"", headers)) as server,
        _client(server.url) as client,
        pytest.raises(Uncertain),
    ):
        client.create(TICKETS, {"name": "b"})


@pytest.mark.parametrize("body", [b"", b"<html>Bad Request</html>"])
def test_a_reason_may_stand_in_a_header(body: bytes) -> None:
    """Where the body tells none it is passed on, and looked into for fields, without the account's secrets."""
    refusal = Told(400, body, {"X-Reason": "title: the-key is too long"})
    with (
        listening(lambda _seen: refusal) as server,
        _client(server.url) as client,
        pytest.raises(Rejected) as refused,
    ):
        client.create(TICKETS, {"name": "b"})

    assert refused.value.detail == "title: [secret] is too long"
    assert refused.value.fields == {"name": "title: [secret] is too long"}


def test_a_reason_in_the_body_counts_more() -> None:
    """The header is for refusals that say nothing else."""
    refusal = Told(400, b'"in the body"', {"X-Reason": "in the header"})
    with (
        listening(lambda _seen: refusal) as server,
        _client(server.url) as client,
        pytest.raises(Rejected) as refused,
    ):
        client.create(TICKETS, {"name": "b"})

    assert refused.value.detail == "in the body"


def test_a_key_may_be_the_user_and_a_table_reshaped() -> None:
    """The password is the same for everybody; of the words that a list shows, a function leaves some out."""

    def answer(seen: Seen) -> Told:
        states = [{"id": 1, "name": "open", "old": False}, {"id": 2, "name": "shut", "old": True}]
        return told(states if seen.path == "/states" else ROWS["1"])

    with listening(answer) as server, _client(server.url) as client:
        assert client.check() is None
        with pytest.raises(Rejected) as refused:
            client.create(TICKETS, {"name": "a", "status": "CLOSED"})

    asked = server.seen[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(asked) == b"the-key:x"
    assert refused.value.fields["status"].endswith("known are OPEN, open")


def _changes(refusal: int) -> list[Page]:
    """A run of what changed, where what the list leaves out is asked for and refused."""
    of_changes = replace(
        TICKETS.list or GET("/rows"),
        since=Since(param="since"),
        behind=lambda api, _since, _place: (list(api.get("/gone")["rows"]), None),
    )

    def answer(seen: Seen) -> Told:
        return told({}, refusal) if seen.path == "/gone" else told({"rows": ROWS})

    with listening(answer) as server, _client(server.url) as client:
        cursor = {"since": "2026-01-31T12:00:00+00:00"}
        return list(client.pages(replace(TICKETS, list=of_changes), cursor))


@pytest.mark.parametrize("refusal", [400, 403, 404])
def test_what_changed_is_read_where_what_the_list_leaves_out_may_not_be_asked(refusal: int) -> None:
    """The run ends, so that the next one goes on from it; the log says what was not asked."""
    with capture_logs() as logs:
        [page] = _changes(refusal)

    assert [one.remote_id for one in page.observations] == ["1", "2"]
    assert page.last
    assert page.cursor.get("since")
    assert [line["model"] for line in logs if line["event"] == "left_out_unread"] == ["Ticket"]


def test_a_run_whose_rest_may_be_had_later_is_not_over() -> None:
    """It is told to come again, as by any page."""
    with pytest.raises(RetryLater):
        _changes(429)
