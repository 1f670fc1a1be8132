"""The official Python client, against a running server."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from merge.client import Merge
from merge.core import http_client
from merge.core.api_error import ApiError
from merge.resources.ticketing.types import (
    DataPassthroughRequest,
    MethodEnum,
    PatchedTicketRequest,
    TicketRequest,
)

from tests import stub
from tests.unified_api.api.conftest import Linked
from unified_api.api import bulkhead
from unified_api.api.errors import Busy
from unified_api.models.ticketing import User
from unified_api.sync import journal
from unified_api.sync.models import Job


def test_pages_through_a_list(api: Linked, merge: Merge, desk: stub.Desk) -> None:
    """Every ticket that was pulled is found once, by following `next` until there is none."""
    wanted = {desk.add(title=f"ticket {n}", state="open") for n in range(12)}
    api.work()
    found, cursor = [], None
    while True:
        page = merge.ticketing.tickets.list(page_size=5, cursor=cursor)
        found += [ticket.remote_id for ticket in page.results or []]
        cursor = page.next
        if not cursor:
            break

    assert sorted(found) == sorted(wanted)


def test_filters_and_expands(api: Linked, merge: Merge) -> None:
    """Filters choose, and expand shows related records typed."""
    api.land("7", model=User, name="Grace", email_address="grace@example.com")
    api.land("1", name="printer", status="OPEN", creator="7", tags=["a", "b"])
    api.land("2", name="door", status="CLOSED", creator="8", tags=["c"])
    page = merge.ticketing.tickets.list(status="OPEN", tags="b,z", expand=["creator"])
    ticket = (page.results or [])[0]

    assert [t.name for t in page.results or []] == ["printer"]
    assert ticket.creator.name == "Grace"
    assert isinstance(ticket.modified_at, dt.datetime)


def test_retrieves(api: Linked, merge: Merge) -> None:
    """One record by its id, and 404 as ApiError for an id that there is not."""
    record = api.land("1", name="printer")

    assert merge.ticketing.tickets.retrieve(str(record)).name == "printer"
    with pytest.raises(ApiError) as caught:
        merge.ticketing.tickets.retrieve(str(api.account.id))
    assert (caught.value.status_code, caught.value.body) == (404, {"detail": "Not found."})


def test_creates_and_patches(api: Linked, merge: Merge, desk: stub.Desk) -> None:
    """A ticket made through the client is at the desk, and so is its change; the stored record comes back."""
    made = merge.ticketing.tickets.create(model=TicketRequest(name="leak", priority="URGENT", status="OPEN"))
    changed = merge.ticketing.tickets.partial_update(
        str(made.model.id), model=PatchedTicketRequest(status="CLOSED", description=None)
    )

    assert desk.tables["tickets"][str(made.model.remote_id)]["priority"] == "p1"
    assert desk.tables["tickets"][str(made.model.remote_id)]["state"] == "done"
    assert (changed.model.name, changed.model.status, changed.errors) == ("leak", "CLOSED", [])


def test_a_refused_write_is_an_api_error(merge: Merge, desk: stub.Desk) -> None:
    """The client raises, with the problem that names the field, and nothing reached the desk."""
    with pytest.raises(ApiError) as caught:
        merge.ticketing.tickets.create(model=TicketRequest(description="without a name"))

    assert caught.value.status_code == 400
    assert caught.value.body["errors"][0]["source"] == {"pointer": "model/name"}
    assert desk.writes() == []


def test_reads_meta(merge: Merge) -> None:
    """Meta names what this account can write, and its words."""
    meta = merge.ticketing.tickets.meta_post_retrieve()
    model = meta.request_schema["properties"]["model"]

    assert model["required"] == ["name"]
    assert model["properties"]["priority"]["enum"] == ["URGENT", "NORMAL", "LOW"]
    assert "remote_updated_at" not in model["properties"]


def test_account_level_calls(api: Linked, merge: Merge) -> None:
    """Accounts, details, statuses, resync and passthrough parse into the client's types."""
    api.work()
    listed = (merge.ticketing.linked_accounts.list().results or [])[0]
    details = merge.ticketing.account_details.retrieve()
    statuses = merge.ticketing.sync_status.list().results or []
    again = merge.ticketing.force_resync.sync_status_resync_create()
    raw = merge.ticketing.passthrough.create(
        request=DataPassthroughRequest(method=MethodEnum("GET"), path="/me")
    )

    assert (str(listed.id), listed.integration.slug) == (str(api.account.id), "stub")
    assert (details.integration, details.status) == ("Stub", "COMPLETE")
    assert {s.model_id for s in statuses} >= {"ticketing.Ticket", "ticketing.TicketingTag"}
    assert {s.status for s in again} == {"SYNCING"}
    assert (raw.status, raw.response) == (200, {"account": "stub-1"})


def test_a_deleted_account_is_gone(api: Linked, merge: Merge) -> None:
    """After delete_account the token opens nothing."""
    merge.ticketing.delete_account.delete()
    with pytest.raises(ApiError) as caught:
        merge.ticketing.tickets.list()

    assert caught.value.status_code == 401


def _lose_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first write is journalled, and the answer of its commit lost."""
    enter_and_claim = journal.enter_and_claim

    def commit_and_lose(intent: journal.Intent, **more: Any) -> None:
        enter_and_claim(intent, **more)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(journal, "enter_and_claim", commit_and_lose)


def _be_busy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request finds no slot for its call."""
    slot, asked = bulkhead.slot, []

    def slot_but_the_first() -> Any:
        asked.append(1)
        if len(asked) == 1:
            raise Busy("Too many requests to providers are under way; nothing was begun.", after=2)
        return slot()

    monkeypatch.setattr(bulkhead, "slot", slot_but_the_first)


@pytest.mark.parametrize(
    ("trouble", "statuses"),
    [("refused", [503, 201]), ("busy", [503, 201]), ("unanswered", [202]), ("journal lost", [202])],
)
def test_a_client_that_repeats_by_itself_writes_once(
    api: Linked,
    merge: Merge,
    desk: stub.Desk,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    statuses: list[int],
) -> None:
    """It repeats what is answered with 408, 409, 429 or 5xx: only where nothing was written is that so."""
    monkeypatch.setattr(http_client, "_retry_timeout", lambda **_told: 0.01)
    answered: list[int] = []
    should_retry = http_client._should_retry

    def noted(response: Any) -> bool:
        answered.append(response.status_code)
        desk.refuse_writes = None
        return should_retry(response)

    monkeypatch.setattr(http_client, "_should_retry", noted)
    desk.refuse_writes = 429 if trouble == "refused" else None
    desk.cut_after_write = int(trouble == "unanswered")
    if trouble == "busy":
        _be_busy_once(monkeypatch)
    if trouble == "journal lost":
        _lose_the_journal(monkeypatch)
    merge.ticketing.tickets.create(model=TicketRequest(name="printer"), request_options={"max_retries": 3})
    api.stored(lambda: Job.objects.update(due_at="2020-01-01T00:00:00Z", leased_until=None))
    api.work()

    assert answered == statuses
    assert [row["title"] for row in desk.tables["tickets"].values()] == ["printer"]
