"""What an account's way to its provider has beside plain calls: hidden rights, lists of one, tables in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.auth import Bearer
from integrations.kit.client import Client
from integrations.kit.decoding import records_of
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Check, Table
from integrations.kit.errors import Forbidden, Gone, Misconfigured, Rejected, RetryLater
from integrations.kit.http import Patience
from integrations.kit.lenses import choice
from integrations.kit.limiter import LocalLimiter
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from integrations.kit.strict import Decoded
from tests.integrations.lines import NOW, connection
from tests.integrations.listener import Seen, Told, listening, told
from unified_api.models.ticketing import Collection, Ticket

ONE = "/tickets/{remote_id}"
TICKETS = Resource(
    mapping=Mapping(
        Ticket, name="title", status=choice("state", {"OPEN": "open", "CLOSED": "shut"}, table="states")
    ),
    list=GET("/tickets", items="rows"),
    get=GET(ONE),
    update=PATCH(ONE, answer=""),
    delete=DELETE(ONE),
)
DESK = Resource(mapping=Mapping(Collection, name="name"), list=GET("/desk", items="", sole=True))
PROVIDER = Provider(
    slug="desk",
    name="Desk",
    category="ticketing",
    settings=(Setting("base_url", "Address", kind="url"), Setting("token", "Token", secret=True)),
    auth=Bearer(),
    check=Check(GET("/desk")),
    tables={"states": Table(GET("/states", items="", paging=ByPage(size=2)))},
    refuse=lambda status, body, _headers: 429 if status == 403 and "slow" in body["message"] else None,
    hides=True,
    resources=(TICKETS, DESK),
)
NOTHING = told({"message": "nothing here"}, 404)


def account(url: str, provider: Provider = PROVIDER, **more: Any) -> Client:
    """An account of that desk."""
    line = connection({"base_url": url}, {"token": "t0ken"}, **more)
    return Client(provider, line, patience=Patience(attempts=1))


def desk(**answers: Told) -> Any:
    """Answers by method and last part of the path; of states two pages."""

    def answer(seen: Seen) -> Told:
        if seen.path == "/states":
            pages = {"1": [("open", 1), ("busy", 2)], "2": [("shut", 3)]}
            return told([{"name": name, "id": key} for name, key in pages[seen.query["page"]]])
        return answers.get(f"{seen.method}_{seen.path.rpartition('/')[2]}", NOTHING)

    return answer


def test_a_record_is_gone_where_the_account_is_still_to_be_seen() -> None:
    """A 404 is looked into by the check: without it, nothing is taken for deleted."""
    with listening(desk(GET_desk=told({"id": 1}))) as server, pytest.raises(Gone):
        account(server.url).read(TICKETS, "7")
    with listening(desk()) as server:
        with pytest.raises(Forbidden, match="does not see the account any more"):
            account(server.url).read(TICKETS, "7")
        with pytest.raises(Gone):
            account(server.url, replace(PROVIDER, hides=False)).read(TICKETS, "7")


def test_a_record_that_is_found_by_a_function_is_no_more_gone_than_others() -> None:
    """Its 404 is looked into as well."""
    found = replace(TICKETS, get=GET(ONE, find=lambda api, remote_id: api.get(f"/below/{remote_id}")))
    with listening(desk()) as server, pytest.raises(Forbidden, match="does not see the account any more"):
        account(server.url).read(found, "7")
    with listening(desk(GET_desk=told({"id": 1}))) as server, pytest.raises(Gone):
        account(server.url).read(found, "7")


def test_who_says_410_is_believed() -> None:
    """It is not said of what one may not see."""
    with listening(desk(GET_7=told({"message": "deleted"}, 410))) as server, pytest.raises(Gone):
        account(server.url).read(TICKETS, "7")
    assert len(server.seen) == 1


def test_what_is_seen_and_not_to_be_changed_is_not_gone() -> None:
    """A 404 to a change, or a delete, of a record that can be read still."""
    shown = desk(GET_desk=told({"id": 1}), GET_7=told({"id": 7, "title": "a", "state": "open"}))
    with listening(shown) as server:
        with pytest.raises(Forbidden, match="may not change this ticket"):
            account(server.url).update(TICKETS, "7", {"name": "b"})
        with pytest.raises(Forbidden, match="may not change this ticket"):
            account(server.url).delete(TICKETS, "7")


def test_a_404_about_something_else_is_no_deletion() -> None:
    """Where nothing is hidden, a record that is still shown has been refused something that it names."""
    shown, calls = desk(GET_7=told({"id": 7, "title": "a", "state": "open"})), []

    def send(api: Api, _remote_id: str, _fields: Any, _current: Any) -> None:
        calls.append(api.get("/queues/9"))

    several = replace(TICKETS, update=PATCH(ONE, send=send))
    with listening(shown) as server:
        client = account(server.url, replace(PROVIDER, hides=False))
        for resource in (TICKETS, several):
            with pytest.raises(Rejected, match="the ticket is there, but something"):
                client.update(resource, "7", {"name": "b"})

    assert calls == []


@pytest.mark.parametrize("hides", [True, False])
def test_a_404_while_words_are_loaded_is_no_deletion(*, hides: bool) -> None:
    """The list of states is not to be seen: that says nothing of the ticket, which is neither gone nor written."""
    states = Table(GET("/states-of-a-desk-that-went", items=""))
    provider = replace(PROVIDER, hides=hides, tables={"states": states})
    shown = desk(GET_desk=told({"id": 1}), GET_7=told({"id": 7, "title": "a", "state": "open"}))
    with listening(shown) as server, pytest.raises(Forbidden, match="does not show its list of states"):
        account(server.url, provider).update(TICKETS, "7", {"status": "CLOSED"})

    assert {seen.method for seen in server.seen} == {"GET"}


def test_a_404_on_the_way_from_a_record_to_what_belongs_to_it_is_no_deletion() -> None:
    """The record was shown just before."""

    def with_queue(api: Api, tickets: list[Any]) -> list[Any]:
        return [{**ticket, "queue": api.get("/queues/9")} for ticket in tickets]

    joining = replace(TICKETS, get=GET(ONE, then=with_queue))
    shown = desk(GET_desk=told({"id": 1}), GET_7=told({"id": 7, "title": "a", "state": "open"}))
    with listening(shown) as server, pytest.raises(Forbidden, match="something that belongs to the record"):
        account(server.url).read(joining, "7")


def test_a_404_beside_the_records_of_a_search_is_not_that_there_are_none() -> None:
    """Or a create whose answer was lost would be taken for one that never was."""

    def with_queue(api: Api, tickets: list[Any]) -> list[Any]:
        return [{**ticket, "queue": api.get("/queues/9")} for ticket in tickets]

    searched = GET("/found", items="rows", then=with_queue)
    made = replace(TICKETS, create=POST("/tickets", answer=""), recent=searched, recognise=("name",))
    shown = desk(GET_found=told({"rows": [{"id": 7, "title": "a", "state": "open"}]}))
    with listening(shown) as server, pytest.raises(Forbidden, match="a record of the list"):
        account(server.url).recent(made, {"name": "a"})


def test_what_went_between_a_look_and_the_delete_is_gone() -> None:
    """As where nothing is hidden."""
    with listening(desk(GET_desk=told({"id": 1}))) as server, pytest.raises(Gone):
        account(server.url).delete(TICKETS, "7")


def test_a_list_of_the_only_record_there_is() -> None:
    """An object in the place of a list is one record, and the list is complete; anything else is none."""
    with listening(desk(GET_desk=told({"id": 1, "name": "Front"}))) as server:
        (page,) = account(server.url).pages(DESK, None)
        assert ([one.values["name"] for one in page.observations], page.complete) == (["Front"], True)
    with listening(desk(GET_desk=told("Front"))) as server, pytest.raises(Misconfigured):
        list(account(server.url).pages(DESK, None))


def test_words_stand_on_several_pages() -> None:
    """A table is read to its end, once."""
    shown = {"id": 7, "title": "a", "state": "open"}
    answers = desk(GET_7=told(shown), PATCH_7=told({**shown, "state": "shut"}))
    with listening(answers) as server:
        client = account(server.url)
        for _ in range(2):
            assert client.update(TICKETS, "7", {"status": "CLOSED"}).values["status"] == "CLOSED"

    assert [seen.query for seen in server.seen if seen.path == "/states"] == [
        {"page": "1", "page_size": "2"},
        {"page": "2", "page_size": "2"},
    ]
    assert b'"3"' in server.seen[-1].body


def test_a_status_that_means_too_many_requests_slows_all_down() -> None:
    """What an adapter takes for 429 has the whole account wait, whatever its number."""
    limiter = LocalLimiter(per_second=1_000, clock=lambda: 0.0, now=lambda: NOW)
    busy = desk(GET_7=told({"message": "slow down"}, 403, Retry_After="30"))
    with listening(busy) as server, pytest.raises(RetryLater) as caught:
        account(server.url, limiter=limiter).read(TICKETS, "7")

    assert caught.value.after == 30
    assert limiter.acquire(1) == pytest.approx(30, abs=0.01)


def test_a_list_that_is_left_out_is_empty_only_where_its_number_says_so() -> None:
    """Any other answer without a list is no list."""
    endpoint = GET("/tickets", items="rows", total="count")

    assert records_of(endpoint, Decoded({"count": 0})) == []
    for odd in ({"count": 1}, {"count": None}, {}, {"count": 0, "rows": None}):
        with pytest.raises(Misconfigured, match="no list"):
            records_of(endpoint, Decoded(odd))
    with pytest.raises(Misconfigured, match="no list"):
        records_of(replace(endpoint, total=""), Decoded({"count": 0}))
