"""Callers who are recalled: what has changed since is obeyed by the next read, and a failure is not tried twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import apikeys
from tenants.models import ApiKey
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from tests.unified_api.api.pushing import product_of
from unified_api.api import records
from unified_api.sync import feed

TICKETS = "/api/ticketing/v1/tickets"
SCOPES = {"common_models": [{"model_name": "Ticket", "model_permissions": {"READ": {"is_enabled": False}}}]}


def warm(read: Callable[[], Any]) -> Any:
    """The answer to a read whose caller was recalled, which took one message."""
    for _ in range(2):
        read()
    with CaptureQueriesContext(connection) as sent:
        answer = read()
    assert (answer.status_code, len(sent)) == (200, 1)
    return answer


def test_a_read_that_fails_is_not_tried_twice(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that stalls costs a reader its patience once: one message, and 503."""
    api.land("1", name="first")
    warm(lambda: api.get("tickets"))
    monkeypatch.setattr(feed, "PATIENCE", dt.timedelta(seconds=0.1))
    stalled = (feed._IN_FLIGHT, feed._half(api.person.tenant_id))
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", stalled)
        with CaptureQueriesContext(connection) as sent:
            answer = caller().get(TICKETS, headers=api.headers)

    assert (answer.status_code, list(answer.json()), len(sent)) == (503, ["detail"], 1)
    assert api.get("tickets").status_code == 200


def test_a_failure_of_ours_is_told_once(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked twice, and the answer names nothing of the tenant."""
    warm(lambda: api.get("tickets"))
    tried = []

    def broken(*_args: object, **_more: object) -> None:
        tried.append(1)
        raise RuntimeError("of the inside")

    monkeypatch.setattr(records, "ask", broken)
    answer = caller().get(TICKETS, headers=api.headers)

    assert (answer.status_code, list(answer.json()), len(tried)) == (500, ["detail", "correlation_id"], 1)


@pytest.mark.parametrize("path", ["linked-account-scopes", "default-scopes"])
def test_closed_scopes_are_obeyed_by_the_next_read(api: Linked, path: str) -> None:
    """Those of the account, and those of all accounts: nothing of the model is shown."""
    api.land("1", name="first")
    before = warm(lambda: api.get("tickets"))
    where = f"/api/ticketing/v1/{path}" if path.startswith("linked") else f"/api/sync/v1/{path}"
    told = caller().post(where, SCOPES, content_type="application/json", headers=api.headers)

    assert (len(before.json()["results"]), told.status_code) == (1, 200)
    assert api.get("tickets").json()["results"] == []


def test_a_right_that_was_taken_away_is_obeyed_by_the_next_read(alice: Person, link: Link) -> None:
    """A key that may no longer read what is sensitive is told so."""
    product = product_of(alice, link)
    product.push("hris.Employee", "ada", {"first_name": "Ada", "ssn": "078-05-1120"})
    _, key = product.linked.stored(lambda: apikeys.issue("payroll", may_read_sensitive=True))
    able = {"Authorization": f"Bearer {key.reveal()}"}

    def read() -> Any:
        return product.call("get", "hris/v1/employees?include_sensitive_fields=true", **able)

    for _ in range(3):
        shown = read()
    product.linked.stored(lambda: ApiKey.objects.filter(name="payroll").update(may_read_sensitive=False))

    assert [one["ssn"] for one in shown.json()["results"]] == ["078-05-1120"]
    assert read().status_code == 403


def test_a_token_that_was_made_anew_is_obeyed_by_the_next_read(api: Linked) -> None:
    """The former one opens nothing, the new one does."""
    warm(lambda: api.get("tickets"))
    made = api.send("post", "account-token/regenerate", {}).json()["account_token"]

    assert api.get("tickets").status_code == 401
    assert api.get("tickets", **{"X-Account-Token": made}).status_code == 200
