"""What a request costs beside its rows: messages to the database, and memory that only the garbage collector frees."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from tests.unified_api.api.conftest import Linked
from unified_api.models.base import model_id
from unified_api.models.ticketing import Ticket, User

NOBODY = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def two(api: Linked) -> Linked:
    """An account with two tickets, whose key was used just now."""
    for name in ("1", "2"):
        api.land(name, name=name)
    assert api.get("tickets").status_code == 200
    return api


@pytest.mark.parametrize("path", ["tickets", "tickets?page_size=1", "users"])
def test_a_page_is_two_messages_to_the_database_and_the_next_one_is_one(two: Linked, path: str) -> None:
    """One for who asks, unless that is remembered, one for the records: no transaction is opened around either."""
    for messages in (2, 1):
        with CaptureQueriesContext(connection) as sent:
            assert two.get(path).status_code == 200

        assert len(sent) == messages, [query["sql"] for query in sent.captured_queries]


def test_a_page_shows_the_scopes_of_now(two: Linked) -> None:
    """What was remembered of the account counts no longer once that has changed."""
    shown = [two.get("tickets").json()["results"][0]["name"] for _ in range(3)]
    with two.person.at_work():
        two.account.permissions = {model_id(Ticket): {"read": False}}
        two.account.save(update_fields=["permissions"])

    assert shown == ["1"] * 3
    assert two.get("tickets").json()["results"] == []


def test_what_is_shown_beside_records_is_a_message_for_each_model(two: Linked) -> None:
    """Related records are read in one go, not each with the record that names it."""
    two.land("7", model=User, name="Grace")
    two.land("8", model=User, name="Alan")
    for name, whose in (("1", ["7"]), ("2", ["7", "8"])):
        two.land(name, name=name, assignees=whose)
    with CaptureQueriesContext(connection) as sent:
        page = two.get("tickets?expand=assignees").json()["results"]

    assert sorted(len(one["assignees"]) for one in page) == [1, 2]
    assert len(sent) == 3


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["tickets", f"tickets/{NOBODY}", "account-details", "link-token"])
def test_an_answer_is_gone_when_it_was_sent(two: Linked, method: str, path: str) -> None:
    """Nothing of a request leads back to itself: else answers would heap up until the garbage collector comes by."""
    gc.disable()
    try:
        gone = _asked(two, method, f"/api/ticketing/v1/{path}")
        assert gone() is None
    finally:
        gc.enable()


def _asked(two: Linked, method: str, path: str) -> weakref.ref[Any]:
    """A request as the server has it, and what became of its answer."""
    request = RequestFactory().generic(method, path, headers=two.headers)
    match = request.resolver_match = resolve(path)
    answer = match.func(request, *match.args, **match.kwargs)
    assert answer.status_code in {200, 404, 405}
    answer.close()
    return weakref.ref(answer)
